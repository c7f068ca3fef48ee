// Owns what an autoscaler does with what its metrics ask for: the size, the conditions, the status. Pure.
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
  MetricStatus,
} from '../../api/autoscaling/v2.ts';
import { formatTime } from '../../base/time.ts';
import { type History, normalize, type Said } from './behavior.ts';

/** What one metric asks for; or why that cannot be said: in the condition, and in the event of the whole. */
export type Answer =
  | { readonly is: 'proposal'; readonly name: string; readonly replicas: number; readonly status: MetricStatus }
  | { readonly is: 'failure'; readonly reason: string; readonly message: string; readonly whole: string };

/** What the metrics ask for together; `statuses` of those that said nothing are empty. */
export type Advice =
  | { readonly is: 'replicas'; readonly replicas: number; readonly name: string; readonly statuses: readonly MetricStatus[] }
  | { readonly is: 'failure'; readonly said: Said; readonly message: string; readonly statuses: readonly MetricStatus[] };

/** The highest of the proposals; where some failed, only if it is no fewer than there are. */
export function adviceOf(answers: readonly Answer[], current: number): Advice {
  const failures = answers.filter((answer) => answer.is === 'failure');
  const [first] = failures;
  const statuses = answers.map((answer): MetricStatus => (answer.is === 'proposal' ? answer.status : { type: '' }));
  let best: Extract<Answer, { is: 'proposal' }> | undefined;
  for (const answer of answers) if (answer.is === 'proposal' && (best === undefined || answer.replicas > best.replicas)) best = answer;
  if (first !== undefined && (best === undefined || best.replicas < current)) {
    const message = `invalid metrics (${failures.length} invalid out of ${answers.length}), first error is: ${first.whole}`;
    const words = `the HPA was unable to compute the replica count: ${first.message}`;
    return { is: 'failure', said: { type: 'ScalingActive', status: 'False', reason: first.reason, message: words }, message, statuses };
  }
  return { is: 'replicas', replicas: best?.replicas ?? 0, name: best?.name ?? '', statuses };
}

/** The conditions with some said anew: a condition's time moves with its status. */
export function withSaid(
  conditions: readonly HorizontalPodAutoscalerCondition[] = [],
  said: readonly Said[],
  nowMs: number,
): readonly HorizontalPodAutoscalerCondition[] {
  let all = conditions;
  for (const next of said) {
    const current = all.find(({ type }) => type === next.type);
    const lastTransitionTime = current?.status === next.status ? current.lastTransitionTime : formatTime(nowMs);
    const condition = { ...next, ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }) };
    all = current === undefined ? [...all, condition] : all.map((one) => (one === current ? condition : one));
  }
  return all;
}

/** The size to set (undefined: it stays), why, what to say, and what to remember. */
export interface Resizing {
  readonly to: number | undefined;
  readonly why: string;
  readonly said: readonly Said[];
  readonly history: History;
  readonly statuses: readonly MetricStatus[];
}

/** Whether a size is changed whatever the metrics say; undefined where they are to be asked. */
export function resizingWithoutMetrics({ spec }: HorizontalPodAutoscaler, current: number, history: History): Resizing | undefined {
  const least = spec.minReplicas ?? 1;
  const plain = { said: [], history, statuses: [] };
  if (current === 0 && least !== 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    return { ...plain, to: undefined, why: '', said: [{ type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled', message }] };
  }
  if (current > spec.maxReplicas) return { ...plain, to: spec.maxReplicas, why: 'Current number of replicas above Spec.MaxReplicas' };
  return current < least ? { ...plain, to: least, why: 'Current number of replicas below Spec.MinReplicas' } : undefined;
}

/** What becomes of the metrics' advice. */
export function resizing(
  autoscaler: HorizontalPodAutoscaler,
  { replicas, name, statuses }: Extract<Advice, { is: 'replicas' }>,
  current: number,
  history: History,
  nowMs: number,
): Resizing {
  const normalized = normalize(autoscaler, history, replicas, { current, least: autoscaler.spec.minReplicas ?? 1 }, nowMs);
  const why = replicas > current ? `${name} above target` : replicas < current ? 'All metrics below target' : '';
  const message = `the HPA was able to successfully calculate a replica count from ${name}`;
  return {
    to: normalized.replicas === current ? undefined : normalized.replicas,
    why,
    said: [{ type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message }, ...normalized.said],
    history: normalized.history,
    statuses,
  };
}

/** What the status is to say beside its conditions. */
export interface Sizes {
  readonly current: number;
  readonly desired: number;
  readonly statuses: readonly MetricStatus[];
  readonly scaled: boolean;
}

/** The whole status anew. */
export function statusWith(
  status: HorizontalPodAutoscalerStatus | undefined,
  conditions: readonly HorizontalPodAutoscalerCondition[],
  { current, desired, statuses, scaled }: Sizes,
  nowMs: number,
): HorizontalPodAutoscalerStatus {
  const lastScaleTime = scaled ? formatTime(nowMs) : status?.lastScaleTime;
  return {
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    ...(current === 0 ? {} : { currentReplicas: current }),
    desiredReplicas: desired,
    ...(statuses.length === 0 ? {} : { currentMetrics: statuses }),
    conditions,
  };
}
