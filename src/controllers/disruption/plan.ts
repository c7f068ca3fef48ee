// Owns what a PodDisruptionBudget allows, by its pods and the size of what controls them; and when a pod's announced end is stale. Pure.
import type { Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { Condition } from '../../api/meta/v1.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/policy/v1.ts';
import { formatTime, parseTime } from '../../base/time.ts';
import { isReady } from '../pod-facts.ts';

/** A disrupted pod is expected to go within this time. */
const deletionTimeoutMs = 120_000;
const conditionType = 'DisruptionAllowed';

/** What the controllers of the pods want together, and pods that nothing controls. */
export interface ExpectedScale {
  readonly count: number;
  readonly unmanaged: readonly string[];
}

/** The status, pods that were expected to go but did not, and when to look again though nothing changed. */
export interface BudgetPlan {
  readonly status: PodDisruptionBudgetStatus;
  readonly overdue: readonly Pod[];
  readonly againMs: number | undefined;
}

function share(value: number | string, of: number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  return percent === undefined ? 0 : Math.ceil((Number(percent) * of) / 100);
}

/** Whether the size of the pods' controllers must be known: a number of available pods needs none. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';
}

function healthOf(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  scale: ExpectedScale,
): { readonly expected: number; readonly desired: number } {
  const { maxUnavailable, minAvailable } = budget.spec;
  if (maxUnavailable !== undefined) {
    return { expected: scale.count, desired: Math.max(0, scale.count - share(maxUnavailable, scale.count)) };
  }
  if (minAvailable === undefined) return { expected: 0, desired: 0 };
  if (typeof minAvailable === 'number') return { expected: pods.length, desired: minAvailable };
  return { expected: scale.count, desired: share(minAvailable, scale.count) };
}

/** The status of the budget with these pods. */
export function planBudget(budget: PodDisruptionBudget, pods: readonly Pod[], scale: ExpectedScale, nowMs: number): BudgetPlan {
  const disrupted = new Map<string, string>();
  const overdue: Pod[] = [];
  const waits: number[] = [];
  const announced = budget.status?.disruptedPods ?? {};
  const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const pod of alive) {
    const since = announced[pod.metadata.name];
    if (since === undefined) continue;
    const leftMs = (parseTime(since) ?? 0) + deletionTimeoutMs - nowMs;
    if (leftMs < 0) overdue.push(pod);
    else {
      waits.push(leftMs);
      disrupted.set(pod.metadata.name, since);
    }
  }
  const { expected, desired } = healthOf(budget, pods, scale);
  const healthy = alive.filter((pod) => isReady(pod) && !disrupted.has(pod.metadata.name)).length;
  const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
  const { generation } = budget.metadata;
  const told = {
    type: conditionType,
    ...(allowed > 0 ? { status: 'True', reason: 'SufficientPods' } : { status: 'False', reason: 'InsufficientPods' }),
    message: '',
  };
  const status = {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(disrupted.size === 0 ? {} : { disruptedPods: Object.fromEntries(disrupted) }),
    disruptionsAllowed: allowed,
    currentHealthy: healthy,
    desiredHealthy: desired,
    expectedPods: expected,
    conditions: withCondition(budget, told, generation, nowMs),
  };
  return { status, overdue, againMs: waits.length === 0 ? undefined : Math.max(1, Math.min(...waits) + 1) };
}

/** The status where it cannot be said: nothing is allowed, and why. */
export function failedStatus(budget: PodDisruptionBudget, why: string, nowMs: number): PodDisruptionBudgetStatus {
  const told = { type: conditionType, status: 'False', reason: 'SyncFailed', message: why };
  const conditions = withCondition(budget, told, budget.status?.observedGeneration, nowMs);
  return { ...budget.status, disruptionsAllowed: 0, conditions };
}

function withCondition(
  { status }: PodDisruptionBudget,
  told: Omit<Condition, 'lastTransitionTime'>,
  observedGeneration: number | undefined,
  nowMs: number,
): readonly Condition[] {
  const before = status?.conditions ?? [];
  const current = before.find(({ type }) => type === told.type);
  const lastTransitionTime = current?.status === told.status ? current.lastTransitionTime : formatTime(nowMs);
  const next: Condition = { ...told, ...(observedGeneration === undefined ? {} : { observedGeneration }), lastTransitionTime };
  return current === undefined ? [...before, next] : before.map((one) => (one === current ? next : one));
}

/** Whether a status says the same as another. */
export function sameStatus(a: PodDisruptionBudgetStatus | undefined, b: PodDisruptionBudgetStatus): boolean {
  return sameValue(a, b);
}

/** Milliseconds until a pod's announced end is stale, 0 where it is; undefined where none is announced, or it is the kubelet's word. */
export function staleInMs({ metadata, status }: Pod, nowMs: number): number | undefined {
  if (metadata.deletionTimestamp !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
  const target = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  if (target?.status !== 'True' || target.reason === 'TerminationByKubelet') return undefined;
  return Math.max(0, (parseTime(target.lastTransitionTime) ?? 0) + deletionTimeoutMs - nowMs);
}

/** The pod without an announced end. */
export function withoutTarget(pod: Pod, nowMs: number): Pod {
  const next = { type: 'DisruptionTarget', status: 'False', lastTransitionTime: formatTime(nowMs) } as const;
  const conditions = (pod.status?.conditions ?? []).map((one) => (one.type === 'DisruptionTarget' ? next : one));
  return { ...pod, status: { ...pod.status, conditions } };
}
