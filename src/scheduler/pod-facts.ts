// Owns what the scheduler asks about a pod again and again, worked out once: requests, ports, claims, terms of affinity.
import type { Pod, Volume } from '../api/core/v1.ts';
import { sameValue } from '../api/equal.ts';
import { type HostPort, hostPortsOf } from '../predicates/host-ports.ts';
import { type Amounts, amountOf, requestsOf, scoredRequest } from '../predicates/pod-resources.ts';
import { labelsOnNode } from '../predicates/topology-labels.ts';

/** Facts of a pod that its placement depends on. */
export interface PodFacts {
  readonly requests: Amounts;
  readonly scoredCpu: number;
  readonly scoredMemory: number;
  readonly ports: readonly HostPort[];
  /** Whether it has terms about other pods, required or preferred. */
  readonly minds: boolean;
}

const known = new WeakMap<object, PodFacts>();

/**
 * The facts of a pod; they hang on its (frozen) spec, or on its status where containers are being resized: until that is done, a container
 * counts with the more of what it asks for and what it has.
 */
export function podFactsOf(pod: Pod): PodFacts {
  const resizing = resizingPod(pod);
  const key = resizing === undefined ? pod.spec : (pod.status ?? pod.spec);
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  const facts = factsOf(resizing ?? pod);
  known.set(key, facts);
  return facts;
}

function factsOf(pod: Pod): PodFacts {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  return {
    requests: requestsOf(pod),
    scoredCpu: scoredRequest(pod, 'cpu'),
    scoredMemory: scoredRequest(pod, 'memory'),
    ports: hostPortsOf(pod),
    minds: podAffinity !== undefined || podAntiAffinity !== undefined,
  };
}

/** The pod as it counts while it is resized; undefined where it has what it asks for. */
function resizingPod(pod: Pod): Pod | undefined {
  const sized = (pod.status?.containerStatuses ?? []).filter(({ allocatedResources }) => allocatedResources !== undefined);
  if (sized.length === 0) return undefined;
  const infeasible = pod.status?.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible');
  let differs = false;
  const containers = pod.spec.containers.map((container) => {
    const status = sized.find(({ name }) => name === container.name);
    if (status === undefined) return container;
    const asked = infeasible ? {} : { ...container.resources?.requests };
    const requests: Record<string, string> = { ...asked };
    for (const has of [status.allocatedResources, status.resources?.requests]) {
      for (const [name, quantity] of Object.entries(has ?? {}))
        if (requests[name] === undefined || amountOf(name, quantity) > amountOf(name, requests[name])) requests[name] = quantity;
    }
    const own = container.resources?.requests ?? {};
    if (
      Object.entries(requests).every(
        ([name, quantity]) => own[name] !== undefined && amountOf(name, quantity) === amountOf(name, own[name]),
      )
    )
      return container;
    differs = true;
    return { ...container, resources: { ...container.resources, requests } };
  });
  return differs ? { ...pod, spec: { ...pod.spec, containers } } : undefined;
}

/** Lets a newer state of a pod have the facts of an earlier one where nothing changed that they go by: comparing costs less than working them out. */
export function sharePodFacts(earlier: Pod, pod: Pod): void {
  const facts = known.get(earlier.spec);
  if (facts === undefined || known.has(pod.spec)) return;
  const [one, other] = [earlier.spec, pod.spec];
  const same =
    sameValue(one.containers, other.containers) &&
    sameValue(one.initContainers, other.initContainers) &&
    sameValue(one.overhead, other.overhead) &&
    sameValue(one.resources, other.resources) &&
    sameValue(one.affinity, other.affinity) &&
    one.hostNetwork === other.hostNetwork;
  if (same) known.set(pod.spec, facts);
}

/** The pod as it will be once it is bound to the node, with what it takes over of the node's labels. */
export function placedOn(pod: Pod, nodeName: string, nodeLabels: Readonly<Record<string, string>> = {}): Pod {
  const spec = { ...pod.spec, nodeName };
  known.set(spec, podFactsOf(pod));
  const labels = labelsOnNode(pod.metadata.labels, nodeLabels);
  return labels === undefined || labels === pod.metadata.labels
    ? { ...pod, spec }
    : { ...pod, metadata: { ...pod.metadata, labels }, spec };
}

/** The pod's priority; 0 where it has none. */
export function priorityOf(pod: Pod): number {
  return pod.spec.priority ?? 0;
}

/** A claim that a pod needs: named by it, or made for one of its ephemeral volumes. */
export interface ClaimUse {
  readonly volume: Volume;
  readonly name: string;
  readonly ephemeral: boolean;
}

/** The claims that a pod's volumes need, in the order of the volumes. */
export function claimsOf(pod: Pod): readonly ClaimUse[] {
  return (pod.spec.volumes ?? []).flatMap((volume): readonly ClaimUse[] => {
    if (volume.persistentVolumeClaim !== undefined) return [{ volume, name: volume.persistentVolumeClaim.claimName, ephemeral: false }];
    return volume.ephemeral === undefined ? [] : [{ volume, name: `${pod.metadata.name}-${volume.name}`, ephemeral: true }];
  });
}
