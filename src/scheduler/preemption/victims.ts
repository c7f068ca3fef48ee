// Owns which pods of a node would have to go for another: as few as possible, the least important first, budgets kept where they can be.
import type { Pod } from '../../api/core/v1.ts';
import type { PodDisruptionBudget } from '../../api/policy/v1.ts';
import type { Rejection } from '../framework.ts';
import { type NodeInfo, withoutPod, withPod } from '../node-info.ts';
import { priorityOf } from '../pod-facts.ts';
import { selectorOf } from '../selectors.ts';
import type { Table } from '../table.ts';

/** Pods to be evicted, most important first, and how many of them a budget would have kept. */
export interface Victims {
  readonly pods: readonly Pod[];
  readonly violations: number;
}

/** A node where the pod would fit once the victims are gone. */
export interface Candidate extends Victims {
  readonly node: string;
}

/** What a node says in some other state: `removed` is what was taken away from it as it is. */
export type Test = (info: NodeInfo, removed: readonly Pod[]) => Rejection | undefined;

/** The victims on a node, or why there are none. */
export function victimsOn(info: NodeInfo, preemptor: Pod, budgets: Table<PodDisruptionBudget>, test: Test): Victims | readonly string[] {
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

/** Whether a budget counts a pod, had it not been evicted already. */
export function protects({ metadata, spec }: PodDisruptionBudget, pod: Pod): boolean {
  const { labels = {}, namespace } = pod.metadata;
  if (metadata.namespace !== namespace || Object.keys(labels).length === 0) return false;
  const selector = selectorOf(spec?.selector);
  return !selector.everything && selector.matches(labels);
}

function byBudget(pods: readonly Pod[], budgets: Table<PodDisruptionBudget>): { readonly violating: Pod[]; readonly others: Pod[] } {
  const left = new Map<PodDisruptionBudget, number>();
  const violating: Pod[] = [];
  const others: Pod[] = [];
  for (const pod of pods) {
    let violates = false;
    for (const budget of budgets.of(pod.metadata.namespace ?? '')) {
      const { disruptionsAllowed = 0, disruptedPods } = budget.status ?? {};
      if (!protects(budget, pod) || disruptedPods?.[pod.metadata.name] !== undefined) continue;
      const rest = (left.get(budget) ?? disruptionsAllowed) - 1;
      left.set(budget, rest);
      if (rest < 0) violates = true;
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}
