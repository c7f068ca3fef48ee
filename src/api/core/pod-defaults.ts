// Owns the defaults of pods and of the pod specs inside templates; a template gets fewer of them than a pod.
import { addQuantity, compareQuantity, formatQuantity, parseQuantity } from '../quantity.ts';
import { defaultContainer, defaultQuantities, defaultResources } from './container-defaults.ts';
import type { Container, Pod, PodSpec, PodTemplateSpec, ResourceRequirements } from './v1.ts';
import { defaultVolume } from './volume-defaults.ts';

function withHostPorts<T extends Container>(container: T): T {
  if (container.ports === undefined) return container;
  return { ...container, ports: container.ports.map((port) => (port.hostPort ? port : { ...port, hostPort: port.containerPort })) };
}

/** A pod spec as templates have it. */
export function defaultPodSpec(spec: PodSpec): PodSpec {
  const { volumes, initContainers, ephemeralContainers, resources, overhead } = spec;
  const account = spec.serviceAccountName || spec.serviceAccount;
  const security = spec.securityContext ?? {};
  return {
    ...spec,
    ...(volumes === undefined ? {} : { volumes: volumes.map(defaultVolume) }),
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(defaultContainer) }),
    containers: spec.containers === null || spec.containers === undefined ? spec.containers : spec.containers.map(defaultContainer),
    ...(ephemeralContainers === undefined ? {} : { ephemeralContainers: ephemeralContainers.map(defaultContainer) }),
    ...(resources === undefined ? {} : { resources: defaultResources(resources) }),
    ...(overhead === undefined ? {} : { overhead: defaultQuantities(overhead) }),
    restartPolicy: spec.restartPolicy || 'Always',
    // A negative grace becomes one second, as upstream converts it.
    terminationGracePeriodSeconds: (spec.terminationGracePeriodSeconds ?? 30) < 0 ? 1 : (spec.terminationGracePeriodSeconds ?? 30),
    dnsPolicy: spec.dnsPolicy || 'ClusterFirst',
    ...(account ? { serviceAccountName: account, serviceAccount: account } : {}),
    securityContext: security,
    schedulerName: spec.schedulerName || 'default-scheduler',
  };
}

/** A template as the workload kinds hold it. */
export function defaultPodTemplate(template: PodTemplateSpec): PodTemplateSpec {
  return { ...template, spec: defaultPodSpec(template.spec ?? ({} as PodSpec)) };
}

function requestsFromLimits<T extends Container>(container: T): T {
  const limits = container.resources?.limits;
  if (limits === undefined) return container;
  const requests = { ...container.resources?.requests };
  for (const [name, amount] of Object.entries(limits)) requests[name] ??= amount;
  return { ...container, resources: { ...container.resources, requests: sorted(requests) } };
}

function sorted(list: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Amounts = Record<string, string>;

function addAmounts(into: Amounts, more: Readonly<Amounts>): void {
  for (const [name, amount] of Object.entries(more)) {
    const before = into[name];
    into[name] = before === undefined ? amount : formatQuantity(addQuantity(before, amount));
  }
}

function raise(into: Amounts, floor: Readonly<Amounts>): void {
  for (const [name, amount] of Object.entries(floor)) {
    const before = into[name];
    if (before === undefined || compareQuantity(amount, before) > 0) into[name] = amount;
  }
}

/** What all containers together need: the sum of those that run side by side, and no less than any init container with its sidecars. */
export function aggregateContainers(spec: PodSpec, which: 'limits' | 'requests'): Readonly<Record<string, string>> {
  const total: Amounts = {};
  for (const container of spec.containers ?? []) addAmounts(total, container.resources?.[which] ?? {});
  const sidecars: Amounts = {};
  const peak: Amounts = {};
  for (const container of spec.initContainers ?? []) {
    const own = { ...(container.resources?.[which] ?? {}) };
    if (container.restartPolicy === 'Always') {
      addAmounts(total, own);
      addAmounts(sidecars, own);
      raise(peak, sidecars);
    } else {
      addAmounts(own, sidecars);
      raise(peak, own);
    }
  }
  raise(total, peak);
  return total;
}

function defaultPodResources(spec: PodSpec): ResourceRequirements | undefined {
  const resources = spec.resources;
  if (resources === undefined) return undefined;
  const limits: Amounts = { ...resources.limits };
  const requests: Amounts = { ...resources.requests };
  if (Object.keys(limits).length + Object.keys(requests).length > 0)
    for (const [name, amount] of Object.entries(aggregateContainers(spec, 'limits')))
      if (name.startsWith('hugepages-') && requests[name] === undefined) limits[name] ??= amount;
  if (Object.keys(limits).length > 0) {
    for (const [name, amount] of Object.entries(aggregateContainers(spec, 'requests')))
      if (name === 'cpu' || name === 'memory') requests[name] ??= amount;
    for (const [name, amount] of Object.entries(limits))
      if (name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')) requests[name] ??= amount;
  }
  return {
    ...resources,
    ...(Object.keys(limits).length > 0 ? { limits: sorted(limits) } : {}),
    ...(Object.keys(requests).length > 0 ? { requests: sorted(requests) } : {}),
  };
}

/** One address and the list of addresses say the same. */
function defaultStatus(status: Pod['status']): Pod['status'] {
  if (status === undefined) return status;
  const first = status.podIPs?.[0]?.ip;
  if (status.podIP && first === undefined) return { ...status, podIPs: [{ ip: status.podIP }] };
  return first !== undefined && status.podIP !== first && !status.podIP ? { ...status, podIP: first } : status;
}

/** A pod with upstream's defaults, before admission adds its own (tolerations, priority, service account). */
export function defaultPod(pod: Pod): Pod {
  const spec = defaultPodSpec(pod.spec);
  const { initContainers } = spec;
  const own = <T extends Container>(one: T): T => requestsFromLimits(spec.hostNetwork === true ? withHostPorts(one) : one);
  const filled: PodSpec = {
    ...spec,
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(own) }),
    containers: spec.containers === null || spec.containers === undefined ? spec.containers : spec.containers.map(own),
    enableServiceLinks: spec.enableServiceLinks ?? true,
  };
  const resources = defaultPodResources(filled);
  const status = defaultStatus(pod.status);
  return { ...pod, ...(status === undefined ? {} : { status }), spec: resources === undefined ? filled : { ...filled, resources } };
}

/** True where a limit or request of `name` is a positive amount. */
function isPositive(amount: string | undefined): boolean {
  return amount !== undefined && parseQuantity(amount).nano > 0n;
}

/** The quality of service class that a pod's resources give it (`status.qosClass`). */
export function qosClassOf(spec: PodSpec): 'BestEffort' | 'Burstable' | 'Guaranteed' {
  const owners =
    spec.resources === undefined ? [...(spec.containers ?? []), ...(spec.initContainers ?? [])] : [{ resources: spec.resources }];
  let any = false;
  let guaranteed = true;
  const sums = { requests: {} as Amounts, limits: {} as Amounts };
  for (const { resources } of owners) {
    for (const name of ['cpu', 'memory']) {
      const request = resources?.requests?.[name];
      const limit = resources?.limits?.[name];
      if (isPositive(request)) addAmounts(sums.requests, { [name]: request ?? '0' });
      if (isPositive(limit)) addAmounts(sums.limits, { [name]: limit ?? '0' });
      any ||= isPositive(request) || isPositive(limit);
      guaranteed &&= isPositive(limit);
    }
  }
  if (!any) return 'BestEffort';
  const equal = ['cpu', 'memory'].every((name) => {
    const request = sums.requests[name];
    const limit = sums.limits[name];
    return request !== undefined && limit !== undefined && compareQuantity(request, limit) === 0;
  });
  return guaranteed && equal ? 'Guaranteed' : 'Burstable';
}
