// Owns in-place resizing: what differs between wanted, allocated and actual resources, whether the node has room, and the words of it. Pure.
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../api/core/v1.ts';
import { compareQuantity, formatQuantity } from '../../api/quantity.ts';
import { amountOf, requestsOf } from '../../predicates/pod-resources.ts';
import { limitOf } from './cgroup-values.ts';
import { qosClassOf } from './qos.ts';

/** The resources of containers by name; those of the pod as a whole, where it has some, by the name that no container can have. */
export type ContainerResources = Readonly<Record<string, ResourceRequirements>>;

/** The name of the pod itself among its containers. */
export const wholePod = '';

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

/** Containers that can be resized while they run: all but those for debugging. */
function resizableContainers({ spec }: Pod): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** The resources that the spec asks for, by container, and those of the pod as a whole. */
export function resourcesOf(pod: Pod): ContainerResources {
  const own = pod.spec.resources;
  return Object.fromEntries([
    ...(own === undefined ? [] : [[wholePod, own] as const]),
    ...resizableContainers(pod).map(({ name, resources = {} }) => [name, resources] as const),
  ]);
}

/** True where both give the same cpu and memory to each container. */
export function sameResources(a: ContainerResources, b: ContainerResources): boolean {
  return Object.keys(a).every((name) => differing(a[name], b[name]).length === 0);
}

/** The pod with these resources in place of its own; the very same pod where nothing differs. */
export function withResources(pod: Pod, resources: ContainerResources): Pod {
  const asked = resourcesOf(pod);
  if (sameResources(asked, { ...asked, ...resources })) return pod;
  const replace = (container: Container): Container => {
    const own = resources[container.name];
    return own === undefined ? container : { ...container, resources: { ...container.resources, ...own } };
  };
  const { initContainers } = pod.spec;
  const own = resources[wholePod];
  const spec: PodSpec = {
    ...pod.spec,
    ...(own === undefined ? {} : { resources: { ...pod.spec.resources, ...own } }),
    containers: pod.spec.containers.map(replace),
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(replace) }),
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
      const known = name === wholePod ? pod.status?.resources : status?.containerID === undefined ? undefined : status.resources;
      if (known === undefined) return [name, wanted];
      const { limits, requests } = known;
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
  const sorted = (amounts: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | undefined => {
    const entries = Object.entries(amounts ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  const sides = (of: ResourceRequirements | undefined): object => {
    const [limits, requests] = [sorted(of?.limits), sorted(of?.requests)];
    return { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) };
  };
  const summary = (containers: readonly Container[] | undefined): readonly unknown[] | undefined => {
    const list = (containers ?? []).map(({ name, resources }) => ({ name, resources: sides(resources) }));
    return list.length === 0 ? undefined : list;
  };
  const initContainers = summary(pod.spec.initContainers);
  const containers = summary(pod.spec.containers);
  const about = {
    ...(pod.spec.resources === undefined ? {} : { resources: sides(pod.spec.resources) }),
    ...(initContainers === undefined ? {} : { initContainers }),
    ...(containers === undefined ? {} : { containers }),
    generation,
    ...(error === undefined || error === '' ? {} : { error }),
  };
  return `Pod resize ${what}: ${JSON.stringify(about)}`;
}

/** In which order pods that wait for room get it: those that ask for no more, then by priority, then guaranteed ones, then as they stand. */
export function byClaim(a: { readonly allocated: Pod; readonly pod: Pod }, b: { readonly allocated: Pod; readonly pod: Pod }): number {
  const rank = ({ allocated, pod }: { readonly allocated: Pod; readonly pod: Pod }): readonly number[] => {
    const [has, wants] = [requestsOf(allocated), requestsOf(pod)];
    const more = resizable.some((name) => (wants.get(name) ?? 0) > (has.get(name) ?? 0));
    return [more ? 1 : 0, -(pod.spec.priority ?? 0), qosClassOf(pod) === 'Guaranteed' ? 0 : 1];
  };
  const [left, right] = [rank(a), rank(b)];
  const index = left.findIndex((value, at) => value !== right[at]);
  return index < 0 ? 0 : (left[index] ?? 0) - (right[index] ?? 0);
}

const milli = 1_000_000n;
const one = 1_000_000_000n;

/** What a pod has as a whole, as its status tells: its own resources, or what its containers have together. Only CPU and memory. */
export function resourcesTogether(pod: Pod): ResourceRequirements {
  const requests = requestsOf(pod);
  const spelled = (name: 'cpu' | 'memory', amount: number): string =>
    formatQuantity(
      name === 'cpu' ? { nano: BigInt(amount) * milli, format: 'DecimalSI' } : { nano: BigInt(amount) * one, format: 'BinarySI' },
    );
  const named = (amount: (name: 'cpu' | 'memory') => number | undefined): Readonly<Record<string, string>> | undefined => {
    const entries = resizable.flatMap((name) => {
      const much = amount(name) ?? 0;
      return much > 0 ? [[name, spelled(name, much)] as const] : [];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  const limits = named((name) => limitOf(pod, name, (quantity) => amountOf(name, quantity)));
  const asked = named((name) => requests.get(name));
  return { ...(limits === undefined ? {} : { limits }), ...(asked === undefined ? {} : { requests: asked }) };
}
