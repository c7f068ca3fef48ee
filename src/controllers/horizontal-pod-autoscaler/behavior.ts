// Owns how fast a size may change: what was advised lately, what was changed lately, and the rules about both. Pure.
import type { HorizontalPodAutoscaler, HPAScalingRules } from '../../api/autoscaling/v2.ts';

/** Scaling down follows the highest advice of so long, where nothing else is said. */
const stabilizationMs = 300_000;
const most = 2 ** 31 - 1;

interface Timed {
  readonly value: number;
  readonly atMs: number;
}

/** What is remembered of an autoscaler. Bound: nothing older than the longest window that is asked for (an hour at most). */
export interface History {
  readonly advice: readonly Timed[];
  readonly ups: readonly Timed[];
  readonly downs: readonly Timed[];
}

export const noHistory: History = { advice: [], ups: [], downs: [] };
/** The longest window and period that the API allows. */
const longestMs = 3_600_000;

const recent = (list: readonly Timed[], nowMs: number): readonly Timed[] => list.filter(({ atMs }) => nowMs - atMs <= longestMs);

/** The history with the size that an autoscaler was found with; only where nothing is known yet. */
export function begun(history: History, replicas: number, nowMs: number): History {
  return history.advice.length > 0 ? history : { ...history, advice: [{ value: replicas, atMs: nowMs }] };
}

/** The history after a change of size. */
export function changed(history: History, from: number, to: number, nowMs: number): History {
  const change = { value: Math.abs(to - from), atMs: nowMs };
  return to > from
    ? { ...history, ups: [...recent(history.ups, nowMs), change] }
    : { ...history, downs: [...recent(history.downs, nowMs), change] };
}

/** A condition to show, without its time. */
export interface Said {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** The size to take, what to say of it, and what to remember. */
export interface Normalized {
  readonly replicas: number;
  readonly said: readonly Said[];
  readonly history: History;
}

interface Bounds {
  readonly current: number;
  readonly least: number;
  readonly most: number;
}

const within = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const limits = {
  fast: { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' },
  many: { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' },
  few: { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' },
  slow: { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' },
} as const;

/** Brings an advised size within what is allowed now. */
export function normalize(
  { spec }: HorizontalPodAutoscaler,
  history: History,
  advised: number,
  { current, least }: Omit<Bounds, 'most'>,
  nowMs: number,
): Normalized {
  const bounds = { current, least, most: spec.maxReplicas };
  const { scaleUp, scaleDown } = spec.behavior ?? {};
  const ruled = spec.behavior !== undefined;
  const stable = ruled
    ? stabilizeBoth(history, advised, current, scaleUp, scaleDown, nowMs)
    : { replicas: highest(history, advised, stabilizationMs, nowMs), reason: 'ScaleDownStabilized', message: higherWords };
  const able =
    stable.replicas === advised
      ? { reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
      : { reason: stable.reason, message: stable.message };
  const limited = ruled ? limitByRules(stable.replicas, bounds, history, scaleUp, scaleDown, nowMs) : limitPlainly(stable.replicas, bounds);
  return {
    replicas: limited.replicas,
    said: [
      { type: 'AbleToScale', status: 'True', ...able },
      {
        type: 'ScalingLimited',
        status: limited.replicas === stable.replicas ? 'False' : 'True',
        reason: limited.reason,
        message: limited.message,
      },
    ],
    history: { ...history, advice: [...recent(history.advice, nowMs), { value: advised, atMs: nowMs }] },
  };
}

interface Limited {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

const higherWords = 'recent recommendations were higher than current one, applying the highest recent recommendation';
const lowerWords = 'recent recommendations were lower than current one, applying the lowest recent recommendation';

function highest({ advice }: History, advised: number, windowMs: number, nowMs: number): number {
  return Math.max(advised, ...advice.filter(({ atMs }) => nowMs - atMs < windowMs).map(({ value }) => value));
}

function stabilizeBoth(
  history: History,
  advised: number,
  current: number,
  up: HPAScalingRules | undefined,
  down: HPAScalingRules | undefined,
  nowMs: number,
): Limited {
  const upMs = (up?.stabilizationWindowSeconds ?? 0) * 1000;
  const downMs = down?.stabilizationWindowSeconds === undefined ? stabilizationMs : down.stabilizationWindowSeconds * 1000;
  const lowest = Math.min(advised, ...history.advice.filter(({ atMs }) => nowMs - atMs < upMs).map(({ value }) => value));
  const replicas = Math.min(Math.max(current, lowest), highest(history, advised, downMs, nowMs));
  return advised >= current
    ? { replicas, reason: 'ScaleUpStabilized', message: lowerWords }
    : { replicas, reason: 'ScaleDownStabilized', message: higherWords };
}

/** Without rules: at most twice as many, or four. */
function limitPlainly(wanted: number, { current, least, most: top }: Bounds): Limited {
  const fastest = Math.trunc(Math.max(2 * current, 4));
  if (wanted < least) return { replicas: least, ...limits.few };
  const ceiling = Math.min(top, fastest);
  if (wanted > ceiling) return { replicas: ceiling, ...(top > fastest ? limits.fast : limits.many) };
  return { replicas: wanted, ...within };
}

function limitByRules(
  wanted: number,
  { current, least, most: top }: Bounds,
  history: History,
  up: HPAScalingRules | undefined,
  down: HPAScalingRules | undefined,
  nowMs: number,
): Limited {
  if (wanted > current) {
    const fastest = Math.max(current, upLimit(current, history, up, nowMs));
    const ceiling = Math.min(top, fastest);
    if (wanted > ceiling) return { replicas: ceiling, ...(top > fastest ? limits.fast : limits.many) };
  } else if (wanted < current) {
    const fastest = Math.min(current, downLimit(current, history, down, nowMs));
    const floor = Math.max(least, fastest);
    if (wanted < floor) return { replicas: floor, ...(least < fastest ? limits.slow : limits.few) };
  }
  return { replicas: wanted, ...within };
}

/** The size at the beginning of a period that ends now. */
function before(current: number, { ups, downs }: History, periodSeconds: number, nowMs: number): number {
  const sum = (list: readonly Timed[]): number =>
    list.reduce((total, { value, atMs }) => total + (nowMs - atMs < periodSeconds * 1000 ? value : 0), 0);
  return current - sum(ups) + sum(downs);
}

function upLimit(current: number, history: History, rules: HPAScalingRules = {}, nowMs: number): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const limitsOf = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start = before(current, history, periodSeconds, nowMs);
    return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
  });
  return rules.selectPolicy === 'Min' ? Math.min(most, ...limitsOf) : Math.max(-most, ...limitsOf);
}

function downLimit(current: number, history: History, rules: HPAScalingRules = {}, nowMs: number): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const limitsOf = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start = before(current, history, periodSeconds, nowMs);
    return type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100));
  });
  return rules.selectPolicy === 'Min' ? Math.max(-most, ...limitsOf) : Math.min(most, ...limitsOf);
}
