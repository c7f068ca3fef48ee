// Owns the scheduling framework's contract: what a plugin sees, and what it may say. Verdicts are values; nothing here is an exception.
import type { Pod } from '../api/core/v1.ts';
import type { Clock } from '../base/clock.ts';
import type { Client } from '../client/client.ts';
import type { ClusterState } from './cluster-state.ts';
import type { ClusterView } from './cluster-view.ts';
import type { NodeInfo } from './node-info.ts';
import type { WakeEvent } from './wake-event.ts';

/** Why a node is turned down. `resolvable`: ending other pods of the node could change that. */
export interface Refusal {
  readonly reasons: readonly string[];
  readonly resolvable: boolean;
}

/** A refusal and who spoke it. */
export interface Rejection extends Refusal {
  readonly plugin: string;
}

/** A pod that came to or left a node. `simulated`: only to see what would be, as preemption does. */
export interface PodMove {
  readonly pod: Pod;
  readonly node: NodeInfo;
  readonly delta: 1 | -1;
  readonly simulated: boolean;
}

/** A test of one node. undefined: the node will do. */
export type NodeTest = (node: NodeInfo) => Refusal | undefined;

/** What a move changed: these facets, everything that goes by this judgement's counts, or so much that it has to be made anew. */
export type Followed = readonly string[] | 'all' | 'anew';

/**
 * What a judgement goes by where it looks beyond the node itself, as texts: nodes of equal facets get the same verdict and the same score.
 * `follow` keeps the counts behind it current and says whose verdict or score may be another now.
 */
export interface Domains {
  facetsOf(node: NodeInfo): readonly string[];
  follow(move: PodMove): Followed;
}

/** Feasible nodes that are scored alike: one of them, and how many they are. */
export interface NodeGroup {
  readonly node: NodeInfo;
  readonly count: number;
}

/** How nodes are scored, 0 to 100, before the plugin's weight. */
export type Scoring =
  /** Each node by itself. */
  | { readonly by: 'node'; score(node: NodeInfo): number }
  /** Each node by itself in any numbers, which `normalize` brings to 0…100; it is given each different number once. */
  | { readonly by: 'comparison'; score(node: NodeInfo): number; normalize(scores: readonly number[]): readonly number[] }
  /** All feasible nodes together, those of equal `likeness` as one group; the answer is in the order of the groups. */
  | { readonly by: 'domain'; likeness(node: NodeInfo): string; score(groups: readonly NodeGroup[]): readonly number[] };

/** What a plugin makes of a pod in a cluster, before it has looked at each node. */
export interface Judgement {
  /** Only these nodes come into question. */
  readonly only?: ReadonlySet<string>;
  readonly test?: NodeTest;
  readonly scoring?: Scoring;
  /** Present where `test` or `scoring` look beyond the node itself. */
  readonly domains?: Domains;
  /** True once something else that the judgement was made from has changed. */
  isStale?(): boolean;
}

/** The pod must wait whatever the nodes. */
export interface Wait {
  readonly waitsFor: string;
}

/** What a reservation is carried out with. Times in milliseconds. */
export interface CarryOut {
  readonly client: Client;
  readonly clock: Clock;
  readonly bindTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** Something set aside for a pod on its node, counted from now on. */
export interface Reservation {
  /** Whether others have to act before it is done: the pod is nominated meanwhile. */
  readonly takesTime: boolean;
  /** Done before the pod is bound; it may wait. Rejects where the pod cannot be bound after all. */
  carryOut(parts: CarryOut): Promise<void>;
  /** Undoes it, where the pod could not be bound. Never throws. */
  takeBack(): void;
}

/**
 * One rule of placement. All methods but `reserve` are pure, all are quick: they run for each pod, most for each pod and node. The order of plugins is data
 * (`plugins/default-plugins.ts`): the first plugin that turns a node down speaks for it.
 */
export interface Plugin {
  readonly name: string;
  /** How much the plugin's score counts; 1 unless told. */
  readonly weight?: number;
  /** Why the pod may not enter the queue yet; undefined: it may. */
  preEnqueue?(pod: Pod, cluster: ClusterView): string | undefined;
  /**
   * All of the pod that `judge` goes by, as text: pods of equal signatures share a judgement. Absent: the judgement goes by nothing of the
   * pod that another pod might have too.
   */
  signature?(pod: Pod, cluster: ClusterView): string;
  /** undefined: nothing to say about this pod. */
  judge?(pod: Pod, cluster: ClusterView): Judgement | Wait | undefined;
  /** Sets aside on the chosen node what the pod needs beside its requests; undefined: nothing. */
  reserve?(pod: Pod, node: NodeInfo, cluster: ClusterState): Reservation | undefined;
  /** Whether a change may make any pod fit: asked once, before `wakes` is asked for each pod. Absent: it may. */
  hears?(event: WakeEvent): boolean;
  /** Whether a change may make a pod fit that this plugin turned down. Absent: every change may. */
  wakes?(pod: Pod, event: WakeEvent): boolean;
}

export const maxNodeScore = 100;

/** Brings scores to 0…100 by the highest of them; all zero stays zero (or becomes 100 where less is better). */
export function normalizeByHighest(scores: readonly number[], lessIsBetter: boolean): readonly number[] {
  const highest = scores.reduce((most, score) => Math.max(most, score), 0);
  if (highest === 0) return lessIsBetter ? scores.map(() => maxNodeScore) : scores;
  return scores.map((score) => {
    const scaled = Math.floor((score * maxNodeScore) / highest);
    return lessIsBetter ? maxNodeScore - scaled : scaled;
  });
}
