// Owns how many replicas a metric asks for: pods without a measure and pods that have just begun are guessed so that nothing is overdone. Pure.
import type { Pod } from '../../api/core/v1.ts';
import { milliValue } from '../../api/quantity.ts';
import { parseTime } from '../../base/time.ts';
import type { PodMetric, PodMetrics } from './pod-metrics.ts';

/** While a pod is this young, its CPU counts only when it is ready and was measured wholly since. */
const cpuInitializationMs = 5 * 60_000;
/** A pod that became unready this soon after its start never was ready. */
const initialReadinessMs = 30_000;

/** How far usage may be from its target without anything being done: shares, below and above. */
export interface Tolerances {
  readonly down: number;
  readonly up: number;
}

/** What a metric asks for, and what is used now: thousandths a pod, and percent of what was requested. */
export interface Proposal {
  readonly replicas: number;
  readonly usage: number;
  readonly utilization?: number;
}

interface Groups {
  readonly ready: number;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
  readonly counted: Map<string, PodMetric>;
}

function isUnready({ status }: Pod, metric: PodMetric, nowMs: number): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const startMs = parseTime(status?.startTime);
  if (ready === undefined || startMs === undefined) return true;
  const sinceMs = parseTime(ready.lastTransitionTime) ?? 0;
  if (startMs + cpuInitializationMs > nowMs) return ready.status === 'False' || metric.atMs < sinceMs + metric.windowMs;
  return ready.status === 'False' && startMs + initialReadinessMs > sinceMs;
}

function groupsOf(pods: readonly Pod[], metrics: PodMetrics, resource: string, nowMs: number): Groups {
  const unready: string[] = [];
  const missing: string[] = [];
  const counted = new Map(metrics);
  let ready = 0;
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const metric = metrics.get(name);
    if (deletionTimestamp !== undefined || pod.status?.phase === 'Failed') counted.delete(name);
    else if (pod.status?.phase === 'Pending') unready.push(name);
    else if (metric === undefined) missing.push(name);
    else if (resource === 'cpu' && isUnready(pod, metric, nowMs)) unready.push(name);
    else ready++;
  }
  for (const name of unready) counted.delete(name);
  return { ready, unready, missing, counted };
}

/** What each pod requested of a resource, thousandths. Throws where a container requested none. */
export function requestsOf(pods: readonly Pod[], resource: string, container: string | undefined): ReadonlyMap<string, number> {
  return new Map(
    pods.map(({ metadata, spec }) => {
      const whole = container === undefined ? spec?.resources?.requests?.[resource] : undefined;
      if (whole !== undefined) return [metadata.name, milliValue(whole)];
      const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
      const chosen = [...(spec?.containers ?? []), ...sidecars].filter(({ name }) => container === undefined || name === container);
      const sum = chosen.reduce((total, { name, resources }) => {
        const request = resources?.requests?.[resource];
        if (request === undefined) throw new Error(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`);
        return total + milliValue(request);
      }, 0);
      return [metadata.name, sum];
    }),
  );
}

/** Usage as a share of its target, and what it is. */
interface Measure {
  readonly ratio: number;
  readonly usage: number;
  readonly utilization?: number;
}

function propose(
  pods: readonly Pod[],
  groups: Groups,
  current: number,
  tolerances: Tolerances,
  measure: (metrics: PodMetrics) => Measure,
  missingAt: (pod: string) => number,
): Proposal {
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const { ready, unready, missing, counted } = groups;
  if (counted.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  const { ratio, ...used } = measure(counted);
  const isNear = (share: number): boolean => 1 - tolerances.down <= share && share <= 1 + tolerances.up;
  const upWithUnready = unready.length > 0 && ratio > 1;
  if (!upWithUnready && missing.length === 0) return { replicas: isNear(ratio) ? current : Math.ceil(ratio * ready), ...used };
  const guessed = new Map(counted);
  const guess = (name: string, value: number): void => void guessed.set(name, { value, atMs: 0, windowMs: 0 });
  if (ratio !== 1) for (const name of missing) guess(name, ratio < 1 ? missingAt(name) : 0);
  if (upWithUnready) for (const name of unready) guess(name, 0);
  const again = measure(guessed).ratio;
  if (isNear(again) || (ratio < 1 && again > 1) || (ratio > 1 && again < 1)) return { replicas: current, ...used };
  const replicas = Math.ceil(again * guessed.size);
  const turns = (again < 1 && replicas > current) || (again > 1 && replicas < current);
  return { replicas: turns ? current : replicas, ...used };
}

/** What a metric is of, and what it is compared with. */
export interface Question {
  readonly pods: readonly Pod[];
  readonly metrics: PodMetrics;
  readonly resource: string;
  readonly container?: string;
  readonly current: number;
  readonly tolerances: Tolerances;
}

/** For a target in percent of what was requested. Throws, in upstream's words, where that cannot be said. */
export function replicasForUtilization(
  { pods, metrics, resource, container, current, tolerances }: Question,
  target: number,
  nowMs: number,
): Proposal {
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const groups = groupsOf(pods, metrics, resource, nowMs);
  if (groups.counted.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  const requests = requestsOf(pods, resource, container);
  const measure = (all: PodMetrics): Measure => {
    const known = [...all].filter(([name]) => requests.has(name));
    const used = known.reduce((sum, [, { value }]) => sum + value, 0);
    const requested = known.reduce((sum, [name]) => sum + (requests.get(name) ?? 0), 0);
    if (requested === 0) throw new Error('no metrics returned matched known pods');
    const utilization = Math.trunc((used * 100) / requested);
    return { ratio: utilization / target, usage: Math.trunc(used / known.length), utilization };
  };
  const fallback = Math.max(100, target);
  return propose(pods, groups, current, tolerances, measure, (name) => Math.trunc(((requests.get(name) ?? 0) * fallback) / 100));
}

/** For a target in thousandths a pod. */
export function replicasForUsage({ pods, metrics, resource, current, tolerances }: Question, target: number, nowMs: number): Proposal {
  const measure = (all: PodMetrics): Measure => {
    const usage = Math.trunc([...all.values()].reduce((sum, { value }) => sum + value, 0) / all.size);
    return { ratio: usage / target, usage };
  };
  return propose(pods, groupsOf(pods, metrics, resource, nowMs), current, tolerances, measure, () => target);
}

/** For one value of the whole: its total is to be the target (`each`: for each replica). */
export function replicasForTotal(
  pods: readonly Pod[],
  { total, current, tolerances }: { readonly total: number; readonly current: number; readonly tolerances: Tolerances },
  target: number,
  each: boolean,
): Proposal {
  const isNear = (share: number): boolean => 1 - tolerances.down <= share && share <= 1 + tolerances.up;
  if (each) {
    const near = isNear(total / (target * current));
    return { replicas: near ? current : Math.ceil(total / target), usage: Math.ceil(total / current) };
  }
  const ratio = total / target;
  if (current === 0) return { replicas: Math.ceil(ratio), usage: total };
  if (isNear(ratio)) return { replicas: current, usage: total };
  if (pods.length === 0) throw new Error('unable to calculate ready pods: no pods returned by selector while calculating replica count');
  const ready = pods.filter(
    ({ status }) => status?.phase === 'Running' && status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
  );
  return { replicas: Math.ceil(ratio * ready.length), usage: total };
}
