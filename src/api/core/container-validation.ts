// Owns the validation of containers of every sort.
import { duplicate, forbiddenValue, invalidValue, notFoundValue, notSupported, required, tooMany } from '../causes.ts';
import { type Causes, checkDnsLabel, checkName, checkOneOf, checkPort } from '../field-checks.ts';
import { portNameErrors } from '../names.ts';
import { checkEnv, checkEnvFrom } from './env-validation.ts';
import { checkProbes, forbidProbes } from './probe-validation.ts';
import { checkContainerResources } from './resources-validation.ts';
import { checkContainerSecurity } from './security-context-validation.ts';
import type { Container, ContainerPort, PodSpec } from './v1.ts';
import { checkDevices, checkMounts, type Volumes } from './volume-mount-validation.ts';

function checkPorts(ports: readonly ContainerPort[] | undefined, at: string, out: Causes): void {
  const names = new Set<string>();
  for (const [index, { name, containerPort, hostPort, protocol }] of (ports ?? []).entries()) {
    const here = `${at}[${index}]`;
    if (name) {
      const errors = portNameErrors(name);
      checkName(errors, name, `${here}.name`, out);
      if (errors.length === 0 && names.has(name)) out.push(duplicate(`${here}.name`, name));
      names.add(name);
    }
    if (containerPort === 0) out.push(required(`${here}.containerPort`));
    else checkPort(containerPort, `${here}.containerPort`, out);
    if (hostPort) checkPort(hostPort, `${here}.hostPort`, out);
    if (!protocol) out.push(required(`${here}.protocol`));
    else checkOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${here}.protocol`, out);
  }
}

function checkResizePolicy(container: Container, restartPolicy: string | undefined, at: string, out: Causes): void {
  const names = new Set<string>();
  for (const [index, { resourceName, restartPolicy: policy }] of (container.resizePolicy ?? []).entries()) {
    if (names.has(resourceName)) out.push(duplicate(`${at}[${index}]`, resourceName));
    names.add(resourceName);
    if (resourceName === '') out.push(required(at));
    else checkOneOf(resourceName, ['cpu', 'memory'], at, out);
    if (policy === '') out.push(required(at));
    else checkOneOf(policy, ['NotRequired', 'RestartContainer'], at, out);
    if (restartPolicy === 'Never' && policy !== 'NotRequired')
      out.push(invalidValue(at, policy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
  }
}

function checkRestartRules(container: Container, at: string, out: Causes): void {
  const { restartPolicy: policy, restartPolicyRules: rules = [] } = container;
  if (policy === undefined) {
    if (rules.length === 0) return;
    out.push(required(`${at}.restartPolicy`, 'must specify restartPolicy when restart rules are used'));
  } else checkOneOf(policy, ['Always', 'Never', 'OnFailure'], `${at}.restartPolicy`, out);
  if (rules.length > 20) out.push(tooMany(`${at}.restartPolicyRules`, rules.length, 20));
  for (const [index, { action, exitCodes }] of rules.entries()) {
    const here = `${at}.restartPolicyRules[${index}]`;
    checkOneOf(action, ['Restart', 'RestartAllContainers'], `${here}.action`, out);
    if (exitCodes === undefined) out.push(required(`${here}.exitCodes`, 'must be specified'));
    else {
      checkOneOf(exitCodes.operator, ['In', 'NotIn'], `${here}.exitCodes.operator`, out);
      const count = exitCodes.values?.length ?? 0;
      if (count > 255) out.push(tooMany(`${here}.exitCodes.values`, count, 255));
    }
  }
}

/** What a container's checks need to know of its pod. */
export interface ContainerSurroundings {
  readonly spec: PodSpec;
  readonly volumes: Volumes;
  readonly claims: readonly string[];
}

function checkCommon(container: Container, pod: ContainerSurroundings, at: string, out: Causes): void {
  if (container.name === '') out.push(required(`${at}.name`));
  else checkDnsLabel(container.name, `${at}.name`, out);
  if (!container.image) out.push(required(`${at}.image`));
  const policy = container.terminationMessagePolicy ?? '';
  if (policy === '') out.push(required(`${at}.terminationMessagePolicy`));
  else if (policy !== 'File' && policy !== 'FallbackToLogsOnError')
    out.push(notSupported(`${at}.terminationMessagePolicy`, policy, ['File', 'FallbackToLogsOnError']));
  checkPorts(container.ports, `${at}.ports`, out);
  checkEnv(container.env, `${at}.env`, out);
  checkEnvFrom(container.envFrom, `${at}.envFrom`, out);
  checkMounts(container, pod.volumes, `${at}.volumeMounts`, out);
  checkDevices(container, pod.volumes, `${at}.volumeDevices`, out);
  if (!container.imagePullPolicy) out.push(required(`${at}.imagePullPolicy`));
  else checkOneOf(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], `${at}.imagePullPolicy`, out);
  checkContainerResources(container.resources, pod.claims, `${at}.resources`, out);
  checkResizePolicy(container, pod.spec.restartPolicy, `${at}.resizePolicy`, out);
  checkContainerSecurity(container.securityContext, pod.spec.hostUsers ?? true, `${at}.securityContext`, out);
}

function checkHostPorts(containers: readonly Container[], at: (index: number) => string, out: Causes): void {
  const taken = new Set<string>();
  for (const [index, container] of containers.entries())
    for (const [port, { hostPort, protocol = '', hostIP = '' }] of (container.ports ?? []).entries()) {
      if (!hostPort) continue;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) out.push(duplicate(`${at(index)}.ports[${port}].hostPort`, key));
      taken.add(key);
    }
}

/** The containers that a pod is about. */
export function checkContainers(pod: ContainerSurroundings, at: string, out: Causes): void {
  const containers = pod.spec.containers ?? [];
  if (containers.length === 0) return void out.push(required(at));
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const here = `${at}[${index}]`;
    checkCommon(container, pod, here, out);
    if (names.has(container.name)) out.push(duplicate(`${here}.name`, container.name));
    names.add(container.name);
    checkProbes(container, pod.spec.terminationGracePeriodSeconds, here, out);
    checkRestartRules(container, here, out);
  }
  checkHostPorts(containers, (index) => `${at}[${index}]`, out);
}

/** Init containers, sidecars among them. */
export function checkInitContainers(pod: ContainerSurroundings, at: string, out: Causes): void {
  const names = new Set((pod.spec.containers ?? []).map(({ name }) => name));
  for (const [index, container] of (pod.spec.initContainers ?? []).entries()) {
    const here = `${at}[${index}]`;
    checkCommon(container, pod, here, out);
    checkRestartRules(container, here, out);
    if (names.has(container.name)) out.push(duplicate(`${here}.name`, container.name));
    else if (container.name !== '') names.add(container.name);
    checkHostPorts([container], () => `${at}[0]`, out);
    const sidecar = container.restartPolicy === 'Always';
    if (sidecar) checkProbes(container, pod.spec.terminationGracePeriodSeconds, here, out);
    else forbidProbes(container, 'may not be set for init containers without restartPolicy=Always', here, out);
    for (const [policy, { restartPolicy }] of (container.resizePolicy ?? []).entries())
      if (!sidecar && restartPolicy === 'RestartContainer')
        out.push(
          invalidValue(
            `${here}.resizePolicy[${policy}].restartPolicy`,
            restartPolicy,
            "must not be set to 'RestartContainer' for non-sidecar initContainers",
          ),
        );
  }
}

const forbiddenForEphemeral = [
  'ports',
  'resources',
  'lifecycle',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
] as const;

/** Containers added for debugging. */
export function checkEphemeralContainers(pod: ContainerSurroundings, at: string, out: Causes): void {
  const others = new Set([...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  const why = 'cannot be set for an Ephemeral Container';
  for (const [index, container] of (pod.spec.ephemeralContainers ?? []).entries()) {
    const here = `${at}[${index}]`;
    checkCommon(container, pod, here, out);
    if (container.image && container.image.trim() !== container.image)
      out.push(invalidValue(`${here}.image`, container.image, 'must not have leading or trailing whitespace'));
    if (names.has(container.name)) out.push(duplicate(`${here}.name`, container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) out.push(notFoundValue(`${here}.targetContainerName`, target));
    for (const field of forbiddenForEphemeral) {
      const value = container[field];
      const empty = value === undefined || (field === 'resources' && Object.keys(value as object).length === 0);
      if (!empty) out.push(forbiddenValue(`${here}.${field}`, why));
    }
    for (const [mount, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
      if (subPath) out.push(forbiddenValue(`${here}.volumeMounts[${mount}].subPath`, why));
      if (subPathExpr) out.push(forbiddenValue(`${here}.volumeMounts[${mount}].subPathExpr`, why));
    }
  }
}
