// Owns counting requests, for /metrics in Prometheus' text form, under upstream's names where the meaning is the same. What is counted is
// counted, nothing is made up.
import type { ExtensionRoute } from './documents.ts';

const seriesBound = 2000;
const durationBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const sizeBuckets = [1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
const mutating = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** A request as it is counted. `verb` is Kubernetes' (list, create …), `scope` what it was about. */
export interface CountedRequest {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: 'cluster' | 'namespace' | 'resource' | '';
  readonly dryRun: boolean;
}

interface Histogram {
  readonly counts: number[];
  sum: number;
  total: number;
}

interface Series {
  readonly request: CountedRequest;
  readonly codes: Map<number, number>;
  readonly duration: Histogram;
  readonly size: Histogram;
  running: number;
}

/** Upstream counts by what HTTP did, but tells lists, watches and applies apart. */
const metricVerbs: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' };

function histogram(bounds: readonly number[]): Histogram {
  return { counts: bounds.map(() => 0), sum: 0, total: 0 };
}

function observe(histogram: Histogram, bounds: readonly number[], value: number): void {
  histogram.sum += value;
  histogram.total++;
  const first = bounds.findIndex((bound) => value <= bound);
  if (first >= 0) histogram.counts[first] = (histogram.counts[first] ?? 0) + 1;
}

function labels({ verb, group, version, resource, subresource, scope, dryRun }: CountedRequest): string {
  const pairs = {
    component: 'apiserver',
    verb: metricVerbs[verb] ?? verb.toUpperCase(),
    group,
    version,
    resource,
    subresource,
    scope,
    dry_run: dryRun ? 'All' : '',
  };
  return Object.entries(pairs)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',');
}

const other: CountedRequest = { verb: 'other', group: '', version: '', resource: '', subresource: '', scope: '', dryRun: false };

/** Counters of requests by verb, resource and code. Series beyond a bound are not told apart from each other. */
export class RequestMetrics {
  readonly #series = new Map<string, Series>();
  readonly #inFlight = { mutating: 0, readOnly: 0 };
  #refused = 0;

  /** Counts a finished request: its duration in milliseconds, its answer's bytes where they are known. */
  record(request: CountedRequest, code: number, durationMs: number, bytes?: number): void {
    const { codes, duration, size } = this.#seriesOf(request);
    codes.set(code, (codes.get(code) ?? 0) + 1);
    observe(duration, durationBuckets, durationMs / 1000);
    if (bytes !== undefined) observe(size, sizeBuckets, bytes);
    if (code === 429) this.#refused++;
  }

  /** How many requests are being served, watches and streams apart. */
  get inFlight(): number {
    return this.#inFlight.mutating + this.#inFlight.readOnly;
  }

  begin(method: string): void {
    this.#inFlight[mutating.has(method) ? 'mutating' : 'readOnly']++;
  }

  end(method: string): void {
    this.#inFlight[mutating.has(method) ? 'mutating' : 'readOnly']--;
  }

  /** Counts what lasts, until the answer is disposed. */
  running(request: CountedRequest): Disposable {
    const series = this.#seriesOf(request);
    series.running++;
    return { [Symbol.dispose]: () => void series.running-- };
  }

  #seriesOf(request: CountedRequest): Series {
    const { verb, group, version, resource, subresource, scope, dryRun } = request;
    const key = `${verb} ${group} ${version} ${resource} ${subresource} ${scope} ${dryRun}`;
    const known = this.#series.get(key) ?? (this.#series.size < seriesBound ? undefined : this.#series.get(''));
    if (known !== undefined) return known;
    const full = this.#series.size >= seriesBound;
    const made = {
      request: full ? other : request,
      codes: new Map<number, number>(),
      duration: histogram(durationBuckets),
      size: histogram(sizeBuckets),
      running: 0,
    };
    this.#series.set(full ? '' : key, made);
    return made;
  }

  /** Prometheus' text form. */
  text(): string {
    const lines: string[] = [];
    const all = [...this.#series.values()].map((series) => ({ ...series, key: labels(series.request) }));
    const family = (name: string, type: string, help: string): void => void lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    family('apiserver_current_inflight_requests', 'gauge', 'Requests being served, by whether they write.');
    for (const kind of ['mutating', 'readOnly'] as const)
      lines.push(`apiserver_current_inflight_requests{request_kind="${kind}"} ${this.#inFlight[kind]}`);
    family('apiserver_longrunning_requests', 'gauge', 'Watches and streams that are open.');
    for (const { key, running, request } of all)
      if (running > 0 || request.verb === 'watch') lines.push(`apiserver_longrunning_requests{${key}} ${running}`);
    family('apiserver_request_total', 'counter', 'Requests that were answered.');
    for (const { key, codes } of all)
      for (const [code, count] of codes) lines.push(`apiserver_request_total{code="${code}",${key}} ${count}`);
    family('apiserver_flowcontrol_rejected_requests_total', 'counter', 'Requests that were told to come again.');
    lines.push(`apiserver_flowcontrol_rejected_requests_total{reason="concurrency-limit"} ${this.#refused}`);
    family('apiserver_request_duration_seconds', 'histogram', 'From the first byte of a request to the last of its answer.');
    for (const { key, duration } of all) writeHistogram(lines, 'apiserver_request_duration_seconds', key, duration, durationBuckets);
    family('apiserver_response_sizes', 'histogram', 'Bytes of answers.');
    for (const { key, size } of all) if (size.total > 0) writeHistogram(lines, 'apiserver_response_sizes', key, size, sizeBuckets);
    return `${lines.join('\n')}\n`;
  }
}

function writeHistogram(lines: string[], name: string, key: string, { counts, sum, total }: Histogram, bounds: readonly number[]): void {
  let below = 0;
  bounds.forEach((bound, index) => {
    below += counts[index] ?? 0;
    lines.push(`${name}_bucket{${key},le="${bound}"} ${below}`);
  });
  lines.push(`${name}_bucket{${key},le="+Inf"} ${total}`, `${name}_sum{${key}} ${sum}`, `${name}_count{${key}} ${total}`);
}

/** GET /metrics, or a path below it: whatever the sources say. */
export function metricsRoute(sources: readonly (() => string)[], path = '/metrics'): ExtensionRoute {
  return {
    path,
    methods: 'any',
    answer: () => ({
      code: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: sources.map((source) => source()).join(''),
    }),
  };
}
