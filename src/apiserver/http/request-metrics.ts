// Owns counting requests, for /metrics in Prometheus' text form. Small and honest: what is counted is counted, nothing is made up.
import type { ExtensionRoute } from './documents.ts';

const seriesBound = 2000;
const buckets = [0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

interface Durations {
  readonly counts: number[];
  sum: number;
  total: number;
}

/** Counters of requests by verb, resource and code. Series beyond a bound are counted together as `other`. */
export class RequestMetrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, Durations>();
  #inFlight = 0;
  #watches = 0;

  /** Counts a finished request; the duration is in milliseconds. */
  record(verb: string, resource: string, code: number, durationMs: number): void {
    const key = `${JSON.stringify(verb)}|${JSON.stringify(resource)}|"${code}"`;
    const known = this.#requests.has(key) || this.#requests.size < seriesBound ? key : '"other"|"other"|"0"';
    this.#requests.set(known, (this.#requests.get(known) ?? 0) + 1);
    const durations = this.#durations.get(verb) ?? { counts: buckets.map(() => 0), sum: 0, total: 0 };
    if (this.#durations.size < seriesBound) this.#durations.set(verb, durations);
    const seconds = durationMs / 1000;
    durations.sum += seconds;
    durations.total++;
    buckets.forEach((bound, index) => {
      if (seconds <= bound) durations.counts[index] = (durations.counts[index] ?? 0) + 1;
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  begin(): void {
    this.#inFlight++;
  }

  end(): void {
    this.#inFlight--;
  }

  watchBegan(): void {
    this.#watches++;
  }

  watchEnded(): void {
    this.#watches--;
  }

  /** Prometheus' text form. */
  text(): string {
    const lines = ['# TYPE apiserver_request_total counter'];
    for (const [key, count] of this.#requests) {
      const [verb, resource, code] = key.split('|');
      lines.push(`apiserver_request_total{verb=${verb},resource=${resource},code=${code}} ${count}`);
    }
    lines.push('# TYPE apiserver_request_duration_seconds histogram');
    for (const [verb, { counts, sum, total }] of this.#durations) {
      const label = `verb=${JSON.stringify(verb)}`;
      buckets.forEach(
        (bound, index) => void lines.push(`apiserver_request_duration_seconds_bucket{${label},le="${bound}"} ${counts[index]}`),
      );
      lines.push(`apiserver_request_duration_seconds_bucket{${label},le="+Inf"} ${total}`);
      lines.push(`apiserver_request_duration_seconds_sum{${label}} ${sum}`, `apiserver_request_duration_seconds_count{${label}} ${total}`);
    }
    lines.push('# TYPE apiserver_current_inflight_requests gauge', `apiserver_current_inflight_requests ${this.#inFlight}`);
    lines.push('# TYPE apiserver_longrunning_requests gauge', `apiserver_longrunning_requests{verb="WATCH"} ${this.#watches}`);
    return `${lines.join('\n')}\n`;
  }
}

/** GET /metrics: these counters and whatever else is given. */
export function metricsRoute(sources: readonly (() => string)[]): ExtensionRoute {
  return {
    path: '/metrics',
    answer: () => ({
      code: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: sources.map((source) => source()).join(''),
    }),
  };
}
