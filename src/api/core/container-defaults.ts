// Owns the defaults of containers, their probes and hooks, wherever a pod or a pod template has them.
import { formatQuantity, parseQuantity, roundUpQuantity } from '../quantity.ts';
import { isLatestImage } from './image-name.ts';
import type { Container, ContainerPort, EnvVar, HTTPGetAction, Lifecycle, LifecycleHandler, Probe, ResourceRequirements } from './v1.ts';

type Quantities = Readonly<Record<string, string>>;

/** Amounts with at most three decimals, rounded up. The same map where nothing needs it. */
export function defaultQuantities<T extends Quantities | undefined>(list: T): T {
  if (list === undefined) return list;
  let changed: Record<string, string> | undefined;
  for (const [name, text] of Object.entries(list)) {
    const quantity = parseQuantity(text);
    const rounded = roundUpQuantity(quantity, -3);
    if (rounded === quantity) continue;
    changed ??= { ...list };
    changed[name] = formatQuantity(rounded);
  }
  return (changed ?? list) as T;
}

/** Requirements with rounded amounts. */
export function defaultResources<T extends Pick<ResourceRequirements, 'limits' | 'requests'>>(resources: T): T {
  const limits = defaultQuantities(resources.limits);
  const requests = defaultQuantities(resources.requests);
  return limits === resources.limits && requests === resources.requests ? resources : { ...resources, limits, requests };
}

function defaultHttpGet(action: HTTPGetAction): HTTPGetAction {
  return { ...action, path: action.path || '/', scheme: action.scheme || 'HTTP' };
}

function defaultProbe(probe: Probe): Probe {
  return {
    ...probe,
    ...(probe.httpGet === undefined ? {} : { httpGet: defaultHttpGet(probe.httpGet) }),
    ...(probe.grpc === undefined ? {} : { grpc: { ...probe.grpc, service: probe.grpc.service ?? '' } }),
    timeoutSeconds: probe.timeoutSeconds || 1,
    periodSeconds: probe.periodSeconds || 10,
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
  };
}

function defaultHandler(handler: LifecycleHandler): LifecycleHandler {
  return handler.httpGet === undefined ? handler : { ...handler, httpGet: defaultHttpGet(handler.httpGet) };
}

function defaultLifecycle(lifecycle: Lifecycle): Lifecycle {
  const { stopSignal: _gated, ...rest } = lifecycle;
  return {
    ...rest,
    ...(lifecycle.postStart === undefined ? {} : { postStart: defaultHandler(lifecycle.postStart) }),
    ...(lifecycle.preStop === undefined ? {} : { preStop: defaultHandler(lifecycle.preStop) }),
  };
}

function defaultEnv(env: EnvVar): EnvVar {
  const source = env.valueFrom;
  if (source?.fieldRef !== undefined && !source.fieldRef.apiVersion)
    return { ...env, valueFrom: { ...source, fieldRef: { ...source.fieldRef, apiVersion: 'v1' } } };
  const file = source?.fileKeyRef;
  return file !== undefined && file.optional === undefined
    ? { ...env, valueFrom: { ...source, fileKeyRef: { ...file, optional: false } } }
    : env;
}

function defaultPort(port: ContainerPort): ContainerPort {
  return port.protocol ? port : { ...port, protocol: 'TCP' };
}

/** A container (of any sort) with upstream's defaults. */
export function defaultContainer<T extends Container>(container: T): T {
  const { env, ports, lifecycle, livenessProbe, readinessProbe, startupProbe, resources } = container;
  // A stop signal needs a feature that is off by default; a hook of nothing else is none.
  const hooks = lifecycle === undefined ? {} : defaultLifecycle(lifecycle);
  const { lifecycle: _lifecycle, ...rest } = container;
  return {
    ...(rest as T),
    ...(Object.keys(hooks).length === 0 && lifecycle?.stopSignal !== undefined ? {} : lifecycle === undefined ? {} : { lifecycle: hooks }),
    ...(ports === undefined ? {} : { ports: ports.map(defaultPort) }),
    ...(env === undefined ? {} : { env: env.map(defaultEnv) }),
    ...(resources === undefined ? {} : { resources: defaultResources(resources) }),
    ...(livenessProbe === undefined ? {} : { livenessProbe: defaultProbe(livenessProbe) }),
    ...(readinessProbe === undefined ? {} : { readinessProbe: defaultProbe(readinessProbe) }),
    ...(startupProbe === undefined ? {} : { startupProbe: defaultProbe(startupProbe) }),
    terminationMessagePath: container.terminationMessagePath || '/dev/termination-log',
    terminationMessagePolicy: container.terminationMessagePolicy || 'File',
    imagePullPolicy: container.imagePullPolicy || (isLatestImage(container.image ?? '') ? 'Always' : 'IfNotPresent'),
  };
}
