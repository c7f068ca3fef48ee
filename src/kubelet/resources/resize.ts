// Owns in-place resizing: what differs between wanted, allocated and actual resources, whether the node has room, and the words of it. Pure.
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../api/core/v1.ts';
import { compareQuantity } from '../../api/quantity.ts';
import { amountOf, requestsOf } from '../../predicates/pod-resources.ts';

/** The resources of containers by name. */
export type ContainerResources = Readonly<Record<string, ResourceRequirements>>;

/** Whether a resize can be done: now, perhaps later, or never on this node. */
export type ResizeVerdict =
  | { readonly verdict: 'fits' }
  | { readonly verdict: 'pending'; readonly reason: 'Deferred' | 'Infeasible'; readonly message: string };

const resizable = ['cpu', 'memory'] as const;

function sameAmount(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined ? a === b : compareQuantity(a, b) === 0;
}

/** The names among cpu and memory in which two differ. */
export function differing(a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): readonly ('cpu' | 'memory')[] {
  return resizable.filter(
    (name) => !sameAmount(a?.limits?.[name], b?.limits?.[name]) || !sameAmount(a?.requests?.[name], b?.requests?.[name]),
  );
}

/** Containers that can be resized while they run: main ones and sidecars. */
function resizableContainers({ spec }: Pod): readonly Container[] {
  return [...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'), ...spec.containers];
}

/** The resources that the spec asks for, by container. */
export function resourcesOf(pod: Pod): ContainerResources {
  return Object.fromEntries(resizableContainers(pod).map(({ name, resources = {} }) => [name, resources]));
}

/** True where both give the same cpu and memory to each container. */
export function sameResources(a: ContainerResources, b: ContainerResources): boolean {
  return Object.keys(a).every((name) => differing(a[name], b[name]).length === 0);
}

/** The pod with these resources in place of its own; the very same pod where nothing differs. */
export function withResources(pod: Pod, resources: ContainerResources): Pod {
  if (sameResources(resourcesOf(pod), { ...resourcesOf(pod), ...resources })) return pod;
  const replace = (container: Container): Container => {
    const own = resources[container.name];
    return own === undefined ? container : { ...container, resources: { ...container.resources, ...own } };
  };
  const { initContainers } = pod.spec;
  const spec: PodSpec = {
    ...pod.spec,
    containers: pod.spec.containers.map(replace),
    ...(initContainers === undefined
      ? {}
      : { initContainers: initContainers.map((one) => (one.restartPolicy === 'Always' ? replace(one) : one)) }),
  };
  return { ...pod, spec };
}

/**
 * What a kubelet that has just started takes for allocated: what the status says of containers that have run, else what is asked for now.
 */
export function allocatedBefore(pod: Pod): ContainerResources {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return Object.fromEntries(
    Object.entries(resourcesOf(pod)).map(([name, wanted]) => {
      const status = statuses.find((one) => one.name === name);
      if (status?.containerID === undefined || status.resources === undefined) return [name, wanted];
      const { limits, requests } = status.resources;
      const shown = { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) };
      return [name, differing(shown, wanted).length === 0 ? wanted : shown];
    }),
  );
}

/** True where the change of this container's resources may not be made while it runs. */
export function needsRestart(container: Container, actual: ResourceRequirements | undefined): boolean {
  return differing(actual, container.resources).some((name) =>
    container.resizePolicy?.some(({ resourceName, restartPolicy }) => resourceName === name && restartPolicy === 'RestartContainer'),
  );
}

/** Whether a node with this to give has room for the pod as it is wanted, beside the others as they are. */
export function resizeVerdict(wanted: Pod, allocatable: Readonly<Record<string, string>>, others: readonly Pod[]): ResizeVerdict {
  const requests = requestsOf(wanted);
  for (const name of ['memory', 'cpu'] as const) {
    const capacity = amountOf(name, allocatable[name] ?? '0');
    const requested = requests.get(name) ?? 0;
    if (allocatable[name] === undefined || requested <= capacity) continue;
    const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`;
    return { verdict: 'pending', reason: 'Infeasible', message };
  }
  for (const name of resizable) {
    const requested = requests.get(name) ?? 0;
    if (allocatable[name] === undefined || requested === 0) continue;
    const capacity = amountOf(name, allocatable[name]);
    const used = others.reduce((sum, other) => sum + (requestsOf(other).get(name) ?? 0), 0);
    if (used + requested <= capacity) continue;
    const message = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
    return { verdict: 'pending', reason: 'Deferred', message };
  }
  return { verdict: 'fits' };
}

/** What an event says of a resize: `Pod resize started: {"containers":[…],"generation":2}`. */
export function resizeText(what: string, pod: Pod, generation: number, error?: string): string {
  const sides = (amounts: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | undefined => {
    const kept = resizable.flatMap((name) => (amounts?.[name] === undefined ? [] : [[name, amounts[name]] as const]));
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  };
  const summary = (containers: readonly Container[] | undefined): readonly unknown[] | undefined => {
    const list = (containers ?? []).map(({ name, resources }) => {
      const [limits, requests] = [sides(resources?.limits), sides(resources?.requests)];
      return { name, resources: { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) } };
    });
    return list.length === 0 ? undefined : list;
  };
  const initContainers = summary(pod.spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always'));
  const containers = summary(pod.spec.containers);
  const about = {
    ...(initContainers === undefined ? {} : { initContainers }),
    ...(containers === undefined ? {} : { containers }),
    generation,
    ...(error === undefined || error === '' ? {} : { error }),
  };
  return `Pod resize ${what}: ${JSON.stringify(about)}`;
}
