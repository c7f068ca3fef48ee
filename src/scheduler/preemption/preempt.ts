// Owns the decision whether ending other pods would place a pod, where, and which. Pure.
import type { Pod } from '../../api/core/v1.ts';
import type { ClusterView } from '../cluster-view.ts';
import type { NodeInfo } from '../node-info.ts';
import { priorityOf } from '../pod-facts.ts';
import type { Ranking } from '../ranking.ts';
import { nodesMessage } from '../verdict-message.ts';
import { DryRuns } from './dry-runs.ts';
import { type Candidate, moreImportantFirst, startOf, victimsOn } from './victims.ts';

/** What preemption can do: a candidate, or nothing, and why. `keeps`: a nomination from before still stands. */
export type PreemptionVerdict =
  | { readonly candidate: Candidate; readonly candidates: readonly Candidate[] }
  | { readonly message: string; readonly keeps: boolean };

/** DefaultPreemptionArgs. */
export interface PreemptionOptions {
  readonly minCandidateNodesPercentage?: number;
  readonly minCandidateNodesAbsolute?: number;
}

const notHelpful = ['Preemption is not helpful for scheduling'];
const noVictims = ['No preemption victims found for incoming pod'];

/**
 * Decides for a pod that fits nowhere. `fraction` in [0, 1) says where the search begins; `spared` is how many nodes turned it down for what no
 * plugin says: nobody on them is in its way.
 */
export function preempt(
  pod: Pod,
  cluster: ClusterView,
  ranking: Ranking,
  fraction: number,
  { minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 }: PreemptionOptions = {},
  spared = 0,
): PreemptionVerdict {
  const waits = waitsForEarlier(pod, cluster, ranking);
  if (waits !== undefined) return { message: waits, keeps: true };
  const reachable = ranking.reachable();
  const tell = (reasons: Iterable<readonly [readonly string[], number]>): PreemptionVerdict => ({
    message: nodesMessage(
      cluster.nodeCount,
      [...reasons, [noVictims, spared], [notHelpful, cluster.nodeCount - reachable.length - spared]].filter(([, count]) => count !== 0) as [
        readonly string[],
        number,
      ][],
    ),
    keeps: false,
  });
  const priority = priorityOf(pod);
  if (![...cluster.priorities.keys()].some((other) => other < priority)) return tell([[noVictims, reachable.length]]);
  const wanted = Math.min(
    reachable.length,
    Math.max(minCandidateNodesAbsolute, Math.floor((reachable.length * minCandidateNodesPercentage) / 100)),
  );
  const runs = ranking.dryRuns ?? freshRuns(reachable);
  const { promising } = runs;
  const offset = Math.floor(fraction * promising.length);
  const candidates: Candidate[] = [];
  const failed: (readonly [number, readonly string[]])[] = [];
  let harmless = 0;
  for (let step = 0; step < promising.length; step++) {
    const slot = promising[(offset + step) % promising.length] ?? -1;
    const info = cluster.slots[slot];
    if (info === undefined) continue;
    const found = dryRun(slot, info, pod, cluster, ranking, runs);
    if ('pods' in found) {
      candidates.push(found);
      if (found.violations === 0) harmless++;
      if (harmless > 0 && candidates.length >= wanted) break;
    } else failed.push([slot, found]);
  }
  for (const [slot, reasons] of failed) runs.giveUp(slot, reasons);
  const best = bestOf(candidates);
  return best === undefined ? tell(runs.hopeless) : { candidate: best, candidates };
}

/** Where what is beyond nodes counts, nothing of earlier pods holds. */
function freshRuns(slots: readonly number[]): DryRuns {
  const runs = new DryRuns();
  for (const slot of slots) runs.changed(slot, true);
  return runs;
}

function dryRun(
  slot: number,
  info: NodeInfo,
  pod: Pod,
  cluster: ClusterView,
  ranking: Ranking,
  runs: DryRuns,
): Candidate | readonly string[] {
  const { budgets } = cluster.objects;
  const known = runs.recall(slot, info, budgets);
  if (known !== undefined) return known;
  const found = victimsOn(info, pod, budgets, (changed, removed) => ranking.rejectionOf(changed, removed));
  if (!('pods' in found)) return found;
  const candidate = { node: info.name, ...found };
  runs.remember(slot, info, budgets, candidate);
  return candidate;
}

function waitsForEarlier(pod: Pod, cluster: ClusterView, ranking: Ranking): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const { nominatedNodeName } = pod.status ?? {};
  const slot = nominatedNodeName ? cluster.slotOf(nominatedNodeName) : undefined;
  if (slot === undefined || ranking.rejectionAt(slot)?.resolvable === false) return undefined;
  const leaving = cluster.slots[slot]?.pods.some((one) => priorityOf(one) < priorityOf(pod) && isBeingPreempted(one));
  return leaving ? 'not eligible due to a terminating pod on the nominated node.' : undefined;
}

function isBeingPreempted({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp === undefined) return false;
  const condition = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return condition?.status === 'True' && condition.reason === 'PreemptionByScheduler';
}

/**
 * The candidate that hurts least: fewest broken budgets, then the lowest of the highest priorities, the lowest sum of priorities, the fewest
 * victims, the latest start among the most important victims; then the first.
 */
export function bestOf(candidates: readonly Candidate[]): Candidate | undefined {
  let best: { readonly candidate: Candidate; readonly hurt: ReturnType<typeof hurtOf> } | undefined;
  for (const candidate of candidates) {
    const hurt = hurtOf(candidate);
    if (best === undefined || hurtsLess(hurt, best.hurt)) best = { candidate, hurt };
  }
  return best?.candidate;
}

/** What was worked out of victims before: a node that does not change has the same ones. */
const knownHurt = new WeakMap<readonly Pod[], readonly (number | string)[]>();

function hurtOf({ violations, pods }: Candidate): readonly (number | string)[] {
  const known = knownHurt.get(pods);
  if (known !== undefined) return known;
  const highest = pods.reduce((most, pod) => Math.max(most, priorityOf(pod)), Number.MIN_SAFE_INTEGER);
  // Shifted so that none is negative: otherwise more victims of negative priority would weigh less.
  const sum = pods.reduce((total, pod) => total + priorityOf(pod) + 2 ** 31, 0);
  const [first = ''] = pods
    .filter((pod) => priorityOf(pod) === highest)
    .map(startOf)
    .sort();
  const hurt = [violations, highest, sum, pods.length, first];
  knownHurt.set(pods, hurt);
  return hurt;
}

function hurtsLess(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  for (let at = 0; at < 4; at++) if (a[at] !== b[at]) return (a[at] ?? 0) < (b[at] ?? 0);
  return (a[4] ?? '') > (b[4] ?? '');
}

/** Nominated pods that lose their claim to a node because a more important one evicts for itself there. */
export function displacedBy(pod: Pod, node: NodeInfo): readonly Pod[] {
  return node.nominated
    .filter((one) => one.metadata.uid !== pod.metadata.uid && priorityOf(one) < priorityOf(pod))
    .sort(moreImportantFirst);
}
