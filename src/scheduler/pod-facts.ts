// Owns what the scheduler asks about a pod again and again, worked out once: requests, ports, claims, terms of affinity.
import type { Pod, Volume } from '../api/core/v1.ts';
import { type HostPort, hostPortsOf } from '../predicates/host-ports.ts';
import { type Amounts, requestsOf, scoredRequest } from '../predicates/pod-resources.ts';

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

/** The facts of a pod; they hang on its (frozen) spec. */
export function podFactsOf(pod: Pod): PodFacts {
  const cached = known.get(pod.spec);
  if (cached !== undefined) return cached;
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const facts: PodFacts = {
    requests: requestsOf(pod),
    scoredCpu: scoredRequest(pod, 'cpu'),
    scoredMemory: scoredRequest(pod, 'memory'),
    ports: hostPortsOf(pod),
    minds: podAffinity !== undefined || podAntiAffinity !== undefined,
  };
  known.set(pod.spec, facts);
  return facts;
}

/** The pod as it will be once it is bound to the node. */
export function placedOn(pod: Pod, nodeName: string): Pod {
  const spec = { ...pod.spec, nodeName };
  known.set(spec, podFactsOf(pod));
  return { ...pod, spec };
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
