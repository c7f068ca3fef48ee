// Owns the rhythm of a container's probes: one loop a probe, started with the container and stopped with it. Verdicts are told as they change.
import type { Container, Probe } from '../../api/core/v1.ts';
import type { Clock } from '../../base/clock.ts';
import type { TaskGroup } from '../../base/service.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { EventText, ProbeVerdicts } from '../pod/model.ts';
import type { ProbeDialer } from './probe-dialer.ts';
import { type ProbeTarget, tryProbe } from './try-probe.ts';
import { fresh, judge, nextTryAtMs, type ProbeKind, type ProbeResult, triesEarly } from './verdict.ts';

export interface ProberOptions {
  readonly runtime: Runtime;
  readonly dialer: ProbeDialer;
  readonly clock: Clock;
  readonly tasks: TaskGroup;
  readonly target: ProbeTarget;
  readonly startedAtMs: number;
  readonly fieldPath: string;
  /** What was known of this instance before, by an earlier kubelet. */
  readonly known: { readonly started: boolean; readonly ready: boolean };
  /** A verdict changed. */
  readonly onVerdict: (verdicts: ProbeVerdicts) => void;
  readonly onEvent: (event: EventText) => void;
  /** A probe was made, for whoever counts. */
  readonly onResult: (kind: ProbeKind, result: ProbeResult, output: string) => void;
}

const words: Record<ProbeKind, string> = { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' };

/** The probes of one running instance. */
export class Prober implements Disposable {
  readonly #options: ProberOptions;
  readonly #abort = new AbortController();
  /** Of the probes that may kill. */
  readonly #killers = new AbortController();
  readonly #startupPassed = Promise.withResolvers<void>();
  #verdicts: ProbeVerdicts = {};

  constructor(options: ProberOptions) {
    this.#options = options;
    const { startupProbe, readinessProbe, livenessProbe } = options.target.container;
    if (startupProbe === undefined) this.#startupPassed.resolve();
    this.#start('startup', startupProbe);
    this.#start('readiness', readinessProbe);
    this.#start('liveness', livenessProbe);
  }

  /** True where a container has anything to probe. */
  static needed({ startupProbe, readinessProbe, livenessProbe }: Container): boolean {
    return startupProbe !== undefined || readinessProbe !== undefined || livenessProbe !== undefined;
  }

  get verdicts(): ProbeVerdicts {
    return this.#verdicts;
  }

  /** The pod ends: nothing is killed for its health any more, but whether it still serves is asked until its container has ended. */
  podEnds(): void {
    this.#killers.abort(new DOMException('the pod ends', 'AbortError'));
  }

  [Symbol.dispose](): void {
    this.#abort.abort(new DOMException('stopped', 'AbortError'));
    this.#startupPassed.resolve();
  }

  #start(kind: ProbeKind, probe: Probe | undefined): void {
    if (probe === undefined) return;
    const { started, ready } = this.#options.known;
    const passed = (kind === 'startup' && started) || (kind === 'readiness' && ready);
    this.#verdicts = { ...this.#verdicts, [kind]: passed ? 'passed' : 'pending' };
    if (kind === 'startup' && passed) return this.#startupPassed.resolve();
    this.#options.tasks.run(`${kind} probe of ${this.#options.target.container.name}`, async (stopped) => {
      const signal = AbortSignal.any([stopped, this.#abort.signal, ...(kind === 'readiness' ? [] : [this.#killers.signal])]);
      if (kind !== 'startup') await this.#startupPassed.promise;
      try {
        await this.#loop(kind, probe, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    });
  }

  async #loop(kind: ProbeKind, probe: Probe, signal: AbortSignal): Promise<void> {
    const { clock, runtime, dialer, target, startedAtMs } = this.#options;
    let standing = { ...fresh, verdict: this.#verdicts[kind] ?? fresh.verdict };
    let lastTryAtMs: number | undefined;
    if (triesEarly(kind, probe) && (probe.successThreshold ?? 1) === 1) {
      const { result } = await tryProbe(probe, target, runtime, dialer);
      if (signal.aborted) return;
      if (result === 'success') {
        this.#verdicts = { ...this.#verdicts, [kind]: 'passed' };
        this.#options.onVerdict(this.#verdicts);
        return this.#startupPassed.resolve();
      }
    }
    while (!signal.aborted) {
      const waitMs = nextTryAtMs(kind, probe, startedAtMs, lastTryAtMs) - clock.now();
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      lastTryAtMs = clock.now();
      const outcome = await tryProbe(probe, target, runtime, dialer);
      if (signal.aborted) return;
      this.#options.onResult(kind, outcome.result, outcome.output);
      this.#tell(kind, outcome.result, outcome.output, outcome.warning === true);
      const before = standing.verdict;
      standing = judge(standing, outcome.result, probe);
      if (standing.verdict !== before) {
        this.#verdicts = { ...this.#verdicts, [kind]: standing.verdict };
        this.#options.onVerdict(this.#verdicts);
      }
      if (kind === 'startup' && standing.verdict === 'passed') return this.#startupPassed.resolve();
      // A container that is going to be killed is not asked again.
      if (kind !== 'readiness' && standing.verdict === 'failed') return;
    }
  }

  #tell(kind: ProbeKind, result: 'success' | 'failure' | 'unknown', output: string, warning: boolean): void {
    const { fieldPath, onEvent } = this.#options;
    if (result === 'success' && !warning) return;
    // What is about to end may be gone while it is asked.
    if (result === 'unknown' && this.#killers.signal.aborted) return;
    if (warning) return onEvent({ type: 'Warning', reason: 'ProbeWarning', message: `${words[kind]} probe warning: ${output}`, fieldPath });
    const what = result === 'unknown' ? 'errored and resulted in unknown state' : 'failed';
    onEvent({ type: 'Warning', reason: 'Unhealthy', message: `${words[kind]} probe ${what}: ${output}`, fieldPath });
  }
}
