// Owns which pods a Job loses first when it has too many: of an index twice there, beyond completions, then the least far. Pure.
import type { Job } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { parseTime } from '../../base/time.ts';
import { isReady, mostRestarts, readySinceMs } from '../pod-facts.ts';
import { isIndexed, validIndexOf } from './job-facts.ts';

const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** The least far first: no node, pending, not ready, ready for less time, restarted more often, younger. */
export function byWorth(a: Pod, b: Pod): number {
  const phase = (pod: Pod): number => phases[pod.status?.phase ?? ''] ?? 0;
  const hasNode = (pod: Pod): number => Number((pod.spec?.nodeName ?? '') !== '');
  // What says no time counts as the youngest.
  const younger = (one: number | undefined, other: number | undefined): number =>
    one === other ? 0 : one === undefined ? -1 : other === undefined ? 1 : other - one;
  return (
    hasNode(a) - hasNode(b) ||
    phase(a) - phase(b) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    (isReady(a) ? younger(readySinceMs(a), readySinceMs(b)) : 0) ||
    mostRestarts(b) - mostRestarts(a) ||
    younger(parseTime(a.metadata.creationTimestamp), parseTime(b.metadata.creationTimestamp))
  );
}

/** At least `count` of the active pods; more where an index is there twice, or is none of the job's. */
export function removalOf(job: Job, active: readonly Pod[], count: number): readonly Pod[] {
  if (!isIndexed(job)) return [...active].sort(byWorth).slice(0, count);
  const byIndex = Map.groupBy(active, (pod) => validIndexOf(job, pod));
  const gone = [...(byIndex.get(undefined) ?? [])];
  const kept: Pod[] = [];
  for (const [index, pods] of byIndex) {
    if (index === undefined) continue;
    const sorted = [...pods].sort(byWorth);
    gone.push(...sorted.slice(0, -1));
    kept.push(...sorted.slice(-1));
  }
  return [...gone, ...kept.sort(byWorth).slice(0, Math.max(0, count - gone.length))];
}
