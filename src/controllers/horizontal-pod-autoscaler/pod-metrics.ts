// Owns reading what metrics.k8s.io says of pods: how much of a resource each uses, measured when and over how long. Pure.
import type { AnyObject } from '../../api/object.ts';
import { milliValue } from '../../api/quantity.ts';
import { parseTime } from '../../base/time.ts';

/** What a pod uses, in thousandths; when that was measured and over how long, milliseconds. */
export interface PodMetric {
  readonly value: number;
  readonly atMs: number;
  readonly windowMs: number;
}

export type PodMetrics = ReadonlyMap<string, PodMetric>;

/** metrics.k8s.io/v1beta1 PodMetrics, as far as it is read. */
export interface PodMetricsObject extends AnyObject {
  readonly timestamp?: string;
  readonly window?: string;
  readonly containers?: readonly { readonly name: string; readonly usage?: Readonly<Record<string, string>> }[];
}

const unitsMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration as Go writes it: `1m30s`. */
export function durationMs(text: string | undefined): number {
  const parts = [...(text ?? '').matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  return parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (unitsMs[unit] ?? 0), 0);
}

/** Pods by name. One of whose containers nothing is known is left out. Throws where a named container is not there. */
export function podMetrics(items: readonly PodMetricsObject[], resource: string, container: string | undefined): PodMetrics {
  const metrics = new Map<string, PodMetric>();
  for (const { metadata, timestamp, window, containers = [] } of items) {
    const chosen = container === undefined ? containers : containers.filter(({ name }) => name === container);
    if (container !== undefined && chosen.length === 0) {
      throw new Error(`container ${container} not present in metrics for pod ${metadata.namespace}/${metadata.name}`);
    }
    const usages = chosen.map(({ usage }) => usage?.[resource]);
    if (chosen.length === 0 || usages.includes(undefined)) continue;
    const value = usages.reduce((sum, usage) => sum + milliValue(usage ?? '0'), 0);
    metrics.set(metadata.name, { value, atMs: parseTime(timestamp) ?? 0, windowMs: durationMs(window) });
  }
  return metrics;
}
