// Owns the pods that wait for a node: ready ones by priority, failed ones in back-off or until something changes. It decides nothing about nodes.
import type { Pod } from '../api/core/v1.ts';
import type { Clock, Timer } from '../base/clock.ts';

const initialBackoffMs = 1_000;
const longestBackoffMs = 10_000;
/** A pod that nothing woke is tried again after this long. */
const longestWaitMs = 5 * 60_000;

interface Waiting {
  readonly pod: Pod;
  readonly queuedAtMs: number;
  readonly attempts: number;
  /** Not before this instant, unless nothing else is ready. */
  readonly notBeforeMs: number;
  /** True: waits for a change of the cluster. */
  readonly parked: boolean;
  /** How many wake-ups had been when the attempt began: one in between must not be lost. */
  readonly wakeups: number;
}

/** The queue. `onReady` is called when a pod may be taken. Bound: the number of pending pods. */
export class PodQueue {
  readonly #clock: Clock;
  readonly #onReady: () => void;
  readonly #waiting = new Map<string, Waiting>();
  readonly #attempts = new Map<string, number>();
  #wakeups = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, onReady: () => void) {
    this.#clock = clock;
    this.#onReady = onReady;
  }

  /** Puts a new or changed pod in: it is ready at once. */
  add(pod: Pod): void {
    const key = keyOf(pod);
    const before = this.#waiting.get(key);
    this.#waiting.set(key, {
      pod,
      queuedAtMs: before?.queuedAtMs ?? this.#clock.now(),
      attempts: before?.attempts ?? 0,
      notBeforeMs: 0,
      parked: false,
      wakeups: this.#wakeups,
    });
    this.#onReady();
  }

  remove(pod: Pod): void {
    this.#waiting.delete(keyOf(pod));
    this.#attempts.delete(keyOf(pod));
  }

  /** Takes the next pod: highest priority, then longest in the queue. With none ready, the one whose back-off ends first. */
  take(): { readonly pod: Pod; readonly wakeups: number } | undefined {
    const now = this.#clock.now();
    let best: Waiting | undefined;
    for (const one of this.#waiting.values()) if (!one.parked && (best === undefined || before(one, best, now))) best = one;
    if (best === undefined) return undefined;
    this.#waiting.delete(keyOf(best.pod));
    this.#attempts.set(keyOf(best.pod), best.attempts + 1);
    return { pod: best.pod, wakeups: this.#wakeups };
  }

  /** Puts a pod back that found no node. `wakeups` is what `take` gave: if the cluster changed since, it only backs off. */
  park(pod: Pod, wakeups: number, reason: 'unschedulable' | 'error'): void {
    const key = keyOf(pod);
    const attempts = this.#attempts.get(key) ?? 1;
    const now = this.#clock.now();
    const backoffMs = Math.min(longestBackoffMs, initialBackoffMs * 2 ** (attempts - 1));
    const parked = reason === 'unschedulable' && wakeups === this.#wakeups;
    this.#waiting.set(key, { pod, queuedAtMs: now, attempts, notBeforeMs: now + backoffMs, parked, wakeups });
    this.#arm();
    if (!parked && reason === 'unschedulable') this.#onReady();
  }

  /** Something changed that may make room: every parked pod may be tried again when its back-off is over. */
  wake(): void {
    this.#wakeups++;
    let any = false;
    for (const [key, one] of this.#waiting) {
      if (!one.parked) continue;
      this.#waiting.set(key, { ...one, parked: false });
      any = true;
    }
    if (any) this.#onReady();
  }

  close(): void {
    this.#timer?.[Symbol.dispose]();
    this.#waiting.clear();
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    const now = this.#clock.now();
    const due = [...this.#waiting.values()].map((one) => (one.parked ? one.queuedAtMs + longestWaitMs : one.notBeforeMs));
    if (due.length === 0) return;
    this.#timer = this.#clock.after(Math.max(1, Math.min(...due) - now), () => {
      const at = this.#clock.now();
      for (const [key, one] of this.#waiting)
        if (one.parked && one.queuedAtMs + longestWaitMs <= at) this.#waiting.set(key, { ...one, parked: false });
      this.#onReady();
      this.#arm();
    });
  }

  /** Whether a pod may be taken now without cutting its back-off short. */
  get ready(): boolean {
    const now = this.#clock.now();
    return [...this.#waiting.values()].some((one) => !one.parked && one.notBeforeMs <= now);
  }
}

function before(a: Waiting, b: Waiting, now: number): boolean {
  const [aLate, bLate] = [Math.max(0, a.notBeforeMs - now), Math.max(0, b.notBeforeMs - now)];
  if ((aLate === 0) !== (bLate === 0)) return aLate === 0;
  if (aLate !== bLate) return aLate < bLate;
  const [aPriority, bPriority] = [a.pod.spec.priority ?? 0, b.pod.spec.priority ?? 0];
  return aPriority === bPriority ? a.queuedAtMs < b.queuedAtMs : aPriority > bPriority;
}

/** A pod's place in the queue. */
export function keyOf({ metadata }: Pod): string {
  return metadata.uid;
}
