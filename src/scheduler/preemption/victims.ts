// Owns which pods of a node would have to go for another: as few as possible, the least important first, budgets kept where they can be.
import type { Pod } from '../../api/core/v1.ts';
import type { PodDisruptionBudget } from '../../api/policy/v1.ts';
import type { Rejection } from '../framework.ts';
import { type NodeInfo, withoutPod, withPod } from '../node-info.ts';
import { priorityOf } from '../pod-facts.ts';
import { selectorOf } from '../selectors.ts';

/** Pods to be evicted, most important first, and how many of them a budget would have kept. */
export interface Victims {
  readonly pods: readonly Pod[];
  readonly violations: number;
}

/** What a node says in some other state: `removed` is what was taken away from it as it is. */
export type Test = (info: NodeInfo, removed: readonly Pod[]) => Rejection | undefined;

/** The victims on a node, or why there are none. */
export function victimsOn(
  info: NodeInfo,
  preemptor: Pod,
  budgets: readonly PodDisruptionBudget[],
  test: Test,
): Victims | readonly string[] {
  const priority = priorityOf(preemptor);
  const lower = info.pods.filter((pod) => priorityOf(pod) < priority);
  if (lower.length === 0) return ['No preemption victims found for incoming pod'];
  let now = lower.reduce(withoutPod, info);
  let removed = lower;
  const rejection = test(now, removed);
  if (rejection !== undefined) return rejection.reasons;
  const { violating, others } = byBudget([...lower].sort(moreImportantFirst), budgets);
  const victims: Pod[] = [];
  let violations = 0;
  for (const pod of [...violating, ...others]) {
    const [withIt, without] = [withPod(now, pod), removed.filter((one) => one !== pod)];
    if (test(withIt, without) === undefined) [now, removed] = [withIt, without];
    else {
      victims.push(pod);
      if (violating.includes(pod)) violations++;
    }
  }
  return { pods: victims.sort(moreImportantFirst), violations };
}

/** Higher priority first, then who runs longer. */
export function moreImportantFirst(a: Pod, b: Pod): number {
  const difference = priorityOf(b) - priorityOf(a);
  return difference === 0 ? compare(startOf(a), startOf(b)) : difference;
}

/** When a pod started, as text; pods that have not yet are the youngest. */
export function startOf({ status }: Pod): string {
  return status?.startTime ?? '9999-12-31T23:59:59Z';
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function byBudget(pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]): { readonly violating: Pod[]; readonly others: Pod[] } {
  const left = budgets.map(({ status }) => status?.disruptionsAllowed ?? 0);
  const violating: Pod[] = [];
  const others: Pod[] = [];
  for (const pod of pods) {
    let violates = false;
    for (const [at, { metadata, spec, status }] of budgets.entries()) {
      const { labels = {}, namespace, name } = pod.metadata;
      if (metadata.namespace !== namespace || Object.keys(labels).length === 0) continue;
      const selector = selectorOf(spec?.selector);
      if (selector.everything || !selector.matches(labels) || status?.disruptedPods?.[name] !== undefined) continue;
      const rest = (left[at] ?? 0) - 1;
      left[at] = rest;
      if (rest < 0) violates = true;
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}
