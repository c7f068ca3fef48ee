// Owns an attempt in which extenders have a say: what plugins leave is shown to them, one after the other, before the best is chosen.
import type { Node, Pod } from '../api/core/v1.ts';
import type { Log } from '../base/log.ts';
import type { Attempt } from './attempt.ts';
import { afterRefusals, attempt } from './attempt.ts';
import type { ClusterView } from './cluster-view.ts';
import { askFilter, askScores, askVictims, type ExtenderOptions, type Filtered } from './extender.ts';
import type { Rejection } from './framework.ts';
import { bestOf } from './preemption/preempt.ts';
import type { Profile } from './profile.ts';
import type { RankingMemory } from './schedule.ts';
import { nodesMessage } from './verdict-message.ts';

/** What an attempt with extenders works with. */
export interface Extended {
  readonly cluster: ClusterView;
  readonly profile: Profile;
  readonly memory: RankingMemory;
  readonly extenders: readonly ExtenderOptions[];
  readonly fraction: () => number;
  readonly log: Log;
}

/** Tries. An extender that does not answer makes it an error, unless it may be ignored. */
export async function extendedAttempt(pod: Pod, parts: Extended): Promise<Attempt> {
  const { cluster, profile, memory, fraction } = parts;
  const alone = attempt(pod, cluster, profile, fraction, memory);
  try {
    if (alone.outcome !== 'placed') return alone.outcome === 'unschedulable' ? await withVictims(pod, alone, parts) : alone;
    const ranking = memory.rankingFor(pod, cluster, profile.plugins);
    if ('waitsFor' in ranking) return alone;
    const rejections = cluster.slots.map((_, slot) => ranking.rejectionAt(slot));
    const feasible = cluster.slots.flatMap((info, slot) => (info === undefined || rejections[slot] !== undefined ? [] : [info.node]));
    const { left, failed } = await filtered(pod, feasible, parts);
    if (left.length === 0) {
      const message = nodesMessage(cluster.nodeCount, reasonsOf(cluster, rejections, failed));
      // Whom plugins turned down may still be helped; and of whom the extender may be, nobody who is there is in the way.
      const spared = feasible.filter(({ metadata }) => failed.get(metadata.name)?.resolvable ?? true).length;
      const refused = { message, plugins: new Set<string>(), ranking, spared };
      return await withVictims(pod, afterRefusals(pod, cluster, profile, fraction, refused), parts);
    }
    const totals = new Map(ranking.scores().map(({ node, total }) => [node, total]));
    for (const extender of left.length === 1 ? [] : parts.extenders) {
      if (!extender.prioritizeVerb) continue;
      // What it fails to score counts nothing: nodes are chosen by the rest.
      const scores = await askScores(extender, pod, left).catch((error: unknown) => {
        parts.log.warn('an extender did not score', { url: extender.urlPrefix, error });
        return new Map<string, number>();
      });
      for (const [name, score] of scores) totals.set(name, (totals.get(name) ?? 0) + score);
    }
    const highest = left.reduce((most, { metadata }) => Math.max(most, totals.get(metadata.name) ?? 0), Number.NEGATIVE_INFINITY);
    const best = left.filter(({ metadata }) => (totals.get(metadata.name) ?? 0) === highest);
    return { outcome: 'placed', node: best[Math.floor(fraction() * best.length)]?.metadata.name ?? '' };
  } catch (error) {
    return { outcome: 'error', message: error instanceof Error ? error.message : String(error) };
  }
}

async function filtered(
  pod: Pod,
  nodes: readonly Node[],
  { extenders, log }: Extended,
): Promise<{ left: readonly Node[]; failed: Filtered['failed'] }> {
  let left = nodes;
  const failed = new Map<string, { readonly reason: string; readonly resolvable: boolean }>();
  for (const extender of extenders) {
    if (!extender.filterVerb || left.length === 0) continue;
    try {
      const answer = await askFilter(extender, pod, left);
      for (const [name, why] of answer.failed) failed.set(name, why);
      left = left.filter(({ metadata }) => answer.left.has(metadata.name));
    } catch (error) {
      if (!extender.ignorable) throw error;
      log.warn('an extender is ignored: it did not answer', { url: extender.urlPrefix, error });
    }
  }
  return { left, failed };
}

/** What each node said, or the extender of it. */
function reasonsOf(
  { slots }: ClusterView,
  rejections: readonly (Rejection | undefined)[],
  failed: Filtered['failed'],
): readonly (readonly [readonly string[], number])[] {
  return slots.flatMap((info, slot): readonly (readonly [readonly string[], number])[] => {
    if (info === undefined) return [];
    const why = rejections[slot]?.reasons ?? [failed.get(info.name)?.reason ?? 'node(s) were turned down by an extender'];
    return [[why, 1]];
  });
}

async function withVictims(pod: Pod, alone: Extract<Attempt, { outcome: 'unschedulable' }>, { extenders }: Extended): Promise<Attempt> {
  if (alone.candidate === undefined) return alone;
  // They are shown all there are, as upstream shows them: what they leave, and of whom, is weighed again.
  let candidates = alone.candidates ?? [alone.candidate];
  for (const extender of extenders) {
    if (!extender.preemptVerb || candidates.length === 0) continue;
    try {
      candidates = await askVictims(extender, pod, candidates);
    } catch (error) {
      if (!extender.ignorable) throw error;
    }
  }
  const { candidate: _, candidates: __, ...rest } = alone;
  const kept = bestOf(candidates);
  return kept === undefined ? rest : { ...rest, candidate: kept };
}
