// Owns the scheduling framework's contract: what a plugin sees, and what it may say. Verdicts are values; nothing here is an exception.
import type { Pod } from '../api/core/v1.ts';
import type { NodeInfo, Snapshot } from './snapshot.ts';

/** Why a plugin turns a node down. `resolvable`: ending other pods of the node could change that. */
export interface Rejection {
  readonly plugin: string;
  readonly reasons: readonly string[];
  readonly resolvable: boolean;
}

/** What a plugin says before nodes are looked at: nothing, only these nodes, or that the pod must wait whatever the nodes. */
export type PreFilterVerdict =
  | { readonly says: 'any' }
  | { readonly says: 'only'; readonly nodes: ReadonlySet<string> }
  | { readonly says: 'wait'; readonly reason: string };

/**
 * One rule of placement. All methods are pure and quick: they run for each pod, most for each pod and node. The order of plugins is data
 * (`plugins/default-plugins.ts`): the first plugin that turns a node down speaks for it.
 */
export interface Plugin {
  readonly name: string;
  /** How much the plugin's score counts. */
  readonly weight?: number;
  /** Whether the pod may enter the queue at all; the reason where not. */
  preEnqueue?(pod: Pod): string | undefined;
  preFilter?(pod: Pod, snapshot: Snapshot): PreFilterVerdict;
  /** undefined: the node will do. */
  filter?(pod: Pod, node: NodeInfo): Omit<Rejection, 'plugin'> | undefined;
  /** False where the plugin has nothing to say about this pod, and its scores are left out. */
  scores?(pod: Pod): boolean;
  /** Any number; `normalize` brings all nodes' numbers to 0…100. */
  score?(pod: Pod, node: NodeInfo, snapshot: Snapshot): number;
  normalize?(scores: readonly number[]): readonly number[];
}

export const maxNodeScore = 100;

/** Brings scores to 0…100 by the highest of them; all zero stays zero (or becomes 100 where less is better). */
export function normalizeByHighest(scores: readonly number[], lessIsBetter: boolean): readonly number[] {
  const highest = Math.max(0, ...scores);
  if (highest === 0) return lessIsBetter ? scores.map(() => maxNodeScore) : scores;
  return scores.map((score) => {
    const scaled = Math.floor((score * maxNodeScore) / highest);
    return lessIsBetter ? maxNodeScore - scaled : scaled;
  });
}
