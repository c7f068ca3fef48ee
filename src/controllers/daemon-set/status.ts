// Owns what a DaemonSet's status says of its nodes and pods. Pure.
import type { DaemonSetStatus } from '../../api/apps/v1.ts';
import { availableInMs, isReady } from '../pod-facts.ts';
import { byNode, fitOf, isUpdated } from './placement.ts';
import { byAge, type Observed } from './plan.ts';

/** The status now. `acted`: whether the present wishes were acted upon. */
export function statusOf({ set, nodes, pods, hash }: Observed, acted: boolean, nowMs: number): DaemonSetStatus {
  const onNode = byNode(pods);
  let desired = 0;
  let current = 0;
  let misscheduled = 0;
  let ready = 0;
  let available = 0;
  let updated = 0;
  for (const node of nodes) {
    const [pod] = [...(onNode.get(node.metadata.name) ?? [])].sort(byAge);
    if (!fitOf(set, node).run) {
      misscheduled += pod === undefined ? 0 : 1;
      continue;
    }
    desired++;
    if (pod === undefined) continue;
    current++;
    ready += Number(isReady(pod));
    available += Number(availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) === 0);
    updated += Number(isUpdated(set, pod, hash));
  }
  const { collisionCount, conditions } = set.status ?? {};
  const observedGeneration = acted ? set.metadata.generation : set.status?.observedGeneration;
  const optional = {
    observedGeneration,
    updatedNumberScheduled: updated,
    numberAvailable: available,
    numberUnavailable: desired - available,
  };
  return {
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    desiredNumberScheduled: desired,
    numberReady: ready,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== 0)),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}

/** Milliseconds until the next ready pod becomes available; undefined where time alone changes nothing. */
export function nextAvailableMs({ set, pods }: Observed, nowMs: number): number | undefined {
  const waits = pods.flatMap((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) || []);
  return waits.length === 0 ? undefined : Math.min(...waits);
}
