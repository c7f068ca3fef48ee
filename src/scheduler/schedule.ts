// Owns the decision where a pod goes: filters, then scores, then the best. Pure; the choice among equals comes in as a number.
import type { Pod } from '../api/core/v1.ts';
import type { Plugin, Rejection } from './framework.ts';
import type { NodeInfo, Snapshot } from './snapshot.ts';
import { unschedulableMessage, waitMessage } from './verdict-message.ts';

/** The score of one node: every plugin's part (weight already in it) and their sum. */
export interface NodeScore {
  readonly node: string;
  readonly parts: Readonly<Record<string, number>>;
  readonly total: number;
}

/** What was decided, with all that it was decided from: node × plugin. */
export type Verdict =
  | {
      readonly outcome: 'placed';
      readonly node: string;
      readonly best: readonly string[];
      readonly scores: readonly NodeScore[];
      readonly rejections: ReadonlyMap<string, Rejection>;
    }
  | { readonly outcome: 'unschedulable'; readonly message: string; readonly rejections: ReadonlyMap<string, Rejection> }
  /** There is nothing to choose from: tried again with back-off. */
  | { readonly outcome: 'error'; readonly message: string };

/** Decides. `fraction` in [0, 1) picks among nodes of equal score. */
export function schedule(pod: Pod, snapshot: Snapshot, plugins: readonly Plugin[], fraction: number): Verdict {
  if (snapshot.nodes.length === 0) return { outcome: 'error', message: 'no nodes available to schedule pods' };
  const rejections = new Map<string, Rejection>();
  let candidates: readonly NodeInfo[] = snapshot.nodes;
  for (const plugin of plugins) {
    const verdict = plugin.preFilter?.(pod, snapshot) ?? { says: 'any' };
    if (verdict.says === 'wait')
      return { outcome: 'unschedulable', message: waitMessage(snapshot.nodes.length, verdict.reason), rejections };
    if (verdict.says !== 'only') continue;
    for (const { name } of candidates) {
      if (!verdict.nodes.has(name))
        rejections.set(name, { plugin: plugin.name, reasons: [`node(s) didn't satisfy plugin(s) [${plugin.name}]`], resolvable: false });
    }
    candidates = candidates.filter(({ name }) => verdict.nodes.has(name));
  }
  const feasible = candidates.filter((node) => {
    const rejection = firstRejection(pod, node, plugins);
    if (rejection !== undefined) rejections.set(node.name, rejection);
    return rejection === undefined;
  });
  if (feasible.length === 0)
    return { outcome: 'unschedulable', message: unschedulableMessage(snapshot.nodes.length, rejections), rejections };
  const scores = feasible.length === 1 ? [] : scoresOf(pod, feasible, snapshot, plugins);
  const highest = Math.max(...scores.map(({ total }) => total));
  const best =
    scores.length === 0 ? feasible.map(({ name }) => name) : scores.filter(({ total }) => total === highest).map(({ node }) => node);
  return { outcome: 'placed', node: best[Math.floor(fraction * best.length)] ?? '', best, scores, rejections };
}

function firstRejection(pod: Pod, node: NodeInfo, plugins: readonly Plugin[]): Rejection | undefined {
  for (const plugin of plugins) {
    const said = plugin.filter?.(pod, node);
    if (said !== undefined) return { plugin: plugin.name, ...said };
  }
  return undefined;
}

function scoresOf(pod: Pod, nodes: readonly NodeInfo[], snapshot: Snapshot, plugins: readonly Plugin[]): readonly NodeScore[] {
  const columns = plugins.flatMap((plugin) => {
    if (plugin.score === undefined || plugin.scores?.(pod) === false) return [];
    const raw = nodes.map((node) => plugin.score?.(pod, node, snapshot) ?? 0);
    return [{ name: plugin.name, values: (plugin.normalize?.(raw) ?? raw).map((score) => score * (plugin.weight ?? 1)) }];
  });
  return nodes.map(({ name }, row) => {
    const parts = Object.fromEntries(columns.map((column) => [column.name, column.values[row] ?? 0]));
    return { node: name, parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
  });
}
