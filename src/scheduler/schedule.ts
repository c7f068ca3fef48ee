// Owns the decision where a pod goes: filters, then scores, then the best. Pure; the choice among equals comes in as a number.
import type { Pod } from '../api/core/v1.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Plugin } from './framework.ts';
import { enoughNodes, findEnough } from './limited-search.ts';
import { judgesOf, Ranking } from './ranking.ts';
import { unschedulableMessage, waitMessage } from './verdict-message.ts';

/** What was decided. */
export type Verdict =
  | { readonly outcome: 'placed'; readonly node: string }
  /** No node will do. `ranking` tells of each node why; absent where the pod was turned down before any was looked at. */
  | { readonly outcome: 'unschedulable'; readonly message: string; readonly plugins: ReadonlySet<string>; readonly ranking?: Ranking }
  /** There is nothing to choose from: tried again with back-off. */
  | { readonly outcome: 'error'; readonly message: string };

/** In all rankings together so many slots are kept, but always some rankings: a cluster of 15,000 nodes must not cost gigabytes. */
const mostSlots = 300_000;
const fewestRankings = 8;

/** Rankings that may be used again, by the signature of the pods they are for. Bound: so many, the least recently used goes first. */
export class RankingMemory {
  readonly #rankings = new Map<string, Ranking>();
  readonly #most: number;
  /** Where the next search begins that does not look at all nodes. */
  nextStart = 0;

  constructor(most = 64) {
    this.#most = most;
  }

  /** A ranking that is up to date for the pod: a known one, or a new one. */
  rankingFor(pod: Pod, cluster: ClusterView, plugins: readonly Plugin[]): Ranking | { readonly waitsFor: string; readonly plugin: string } {
    const signature = signatureOf(pod, cluster, plugins);
    const known = signature === undefined ? undefined : this.#rankings.get(signature);
    if (signature !== undefined && known !== undefined) {
      this.#rankings.delete(signature);
      if (known.refresh()) {
        this.#rankings.set(signature, known);
        return known;
      }
    }
    const judges = judgesOf(pod, cluster, plugins);
    if ('waitsFor' in judges) return judges;
    const ranking = new Ranking(pod, cluster, judges);
    if (signature === undefined) return ranking;
    this.#rankings.set(signature, ranking);
    const most = Math.min(this.#most, Math.max(fewestRankings, Math.floor(mostSlots / Math.max(1, cluster.slots.length))));
    for (const oldest of this.#rankings.keys()) {
      if (this.#rankings.size <= most) break;
      this.#rankings.delete(oldest);
    }
    return ranking;
  }
}

/** All of the pod that its placement depends on; undefined where a plugin does not tell. */
export function signatureOf(pod: Pod, cluster: ClusterView, plugins: readonly Plugin[]): string | undefined {
  let signature = `${pod.spec.priority ?? 0}`;
  for (const plugin of plugins) {
    if (plugin.judge === undefined) continue;
    if (plugin.signature === undefined) return undefined;
    signature += `\n${plugin.signature(pod, cluster)}`;
  }
  return signature;
}

/** Decides. `fraction` in [0, 1) picks among nodes of equal score; `memory` makes it quick and changes nothing about the answer. */
export function schedule(
  pod: Pod,
  cluster: ClusterView,
  plugins: readonly Plugin[],
  fraction: number,
  memory: RankingMemory = new RankingMemory(1),
  percentageOfNodesToScore?: number,
): Verdict {
  if (cluster.nodeCount === 0) return { outcome: 'error', message: 'no nodes available to schedule pods' };
  const ranking = memory.rankingFor(pod, cluster, plugins);
  if ('waitsFor' in ranking)
    return { outcome: 'unschedulable', message: waitMessage(cluster.nodeCount, ranking.waitsFor), plugins: new Set([ranking.plugin]) };
  if (ranking.emptied !== undefined)
    return { outcome: 'unschedulable', message: waitMessage(cluster.nodeCount, ranking.emptied), plugins: new Set() };
  const { nominatedNodeName } = pod.status ?? {};
  const nominated = nominatedNodeName ? cluster.slotOf(nominatedNodeName) : undefined;
  if (nominated !== undefined && ranking.rejectionAt(nominated) === undefined)
    return { outcome: 'placed', node: cluster.slots[nominated]?.name ?? '' };
  const enough = enoughNodes(percentageOfNodesToScore, cluster.nodeCount);
  const best = enough === undefined ? ranking.pick(fraction) : pickOfSome(ranking, cluster, fraction, enough, memory);
  if (best === undefined) {
    const rejections = ranking.rejections();
    return {
      outcome: 'unschedulable',
      message: unschedulableMessage(cluster.nodeCount, rejections),
      plugins: new Set([...rejections.keys()].map(({ plugin }) => plugin)),
      ranking,
    };
  }
  return { outcome: 'placed', node: cluster.slots[best]?.name ?? '' };
}

/** One of the best of as many nodes as are enough, looked for from where the last search ended, so that each node has its turn. */
function pickOfSome(ranking: Ranking, { slots }: ClusterView, fraction: number, enough: number, memory: RankingMemory) {
  const found = findEnough(slots.length, memory.nextStart % slots.length, enough, (slot) => ranking.takesAt(slot));
  memory.nextStart = (memory.nextStart + found.visited) % slots.length;
  const scores = ranking.scores(found.slots);
  const highest = scores.reduce((most, { total }) => Math.max(most, total), Number.NEGATIVE_INFINITY);
  const tied = scores.length === 0 ? found.slots : found.slots.filter((_, at) => scores[at]?.total === highest);
  return tied[Math.floor(fraction * tied.length)];
}
