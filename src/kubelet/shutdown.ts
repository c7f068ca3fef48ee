// Owns how a node's pods end when it is shut down: important ones last, each within what is left of the time. Words are upstream's. Pure.
import type { Pod } from '../api/core/v1.ts';
import type { Refusal } from './admit-pod.ts';
import type { Ending } from './pod/model.ts';

/** How long a shutdown may take, and how much of that is kept for critical pods. */
export interface ShutdownGrace {
  readonly totalMs: number;
  readonly criticalMs: number;
}

export const defaultShutdownGrace: ShutdownGrace = { totalMs: 30_000, criticalMs: 10_000 };

/** Pods that end together. */
export interface ShutdownGroup {
  readonly graceMs: number;
  includes(pod: Pod): boolean;
}

const criticalPriority = 2_000_000_000;
const isCritical = ({ spec }: Pod): boolean => (spec.priority ?? 0) >= criticalPriority;

/** The groups in the order in which they end. */
export function shutdownGroups({ totalMs, criticalMs }: ShutdownGrace): readonly ShutdownGroup[] {
  return [
    { graceMs: Math.max(0, totalMs - criticalMs), includes: (pod) => !isCritical(pod) },
    { graceMs: criticalMs, includes: isCritical },
  ];
}

const message = 'Pod was terminated in response to imminent node shutdown.';

/** How a pod ends in a group that has so long. */
export function shutdownEnding({ spec }: Pod, graceMs: number): Ending {
  const graceSeconds = Math.min(spec.terminationGracePeriodSeconds ?? 30, Math.floor(graceMs / 1000));
  return { reason: 'Terminated', message, disruption: message, graceSeconds };
}

/** What new pods are told. */
export const shutdownRefusal: Refusal = { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' };
