// Owns the pods that wait for a node: ready ones by priority, failed ones in back-off or until something changes. It decides nothing about nodes.
import type { Pod } from '../api/core/v1.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { KeyedHeap } from './heap.ts';
import { priorityOf } from './pod-facts.ts';

/** How long pods back off and lie idle, in milliseconds. */
export interface QueueTimes {
  readonly initialBackoffMs: number;
  readonly longestBackoffMs: number;
  /** A pod that nothing woke is tried again after so long. */
  readonly longestWaitMs: number;
}

export const upstreamTimes: QueueTimes = { initialBackoffMs: 1_000, longestBackoffMs: 10_000, longestWaitMs: 5 * 60_000 };

/** So often pods that wait for a change are looked through for those that waited too long. */
const sweepMs = 30_000;
const second = 1_000;

/** A pod in the queue. */
export interface Queued {
  readonly pod: Pod;
  /** When it was put in, or failed last. */
  readonly sinceMs: number;
  /** Attempts that failed. */
  readonly failures: number;
  /** The plugins that turned it down last, or that keep it out. */
  readonly plugins: ReadonlySet<string>;
  /** Kept out of the queue altogether until a plugin lets it in. */
  readonly gated: boolean;
}

const nobody: ReadonlySet<string> = new Set();

/** Whether a change may help a pod: asked for pods that wait for one. */
export type Wakes = (queued: Queued) => boolean;

/**
 * The queue. `admit` says which plugin keeps a pod out (undefined: none); `onReady` is called when a pod may be taken. Bound: the number of
 * pending pods.
 */
export class PodQueue {
  readonly #clock: Clock;
  readonly #times: QueueTimes;
  readonly #admit: (pod: Pod) => string | undefined;
  readonly #onReady: () => void;
  readonly #active = new KeyedHeap<Queued>(keyOfQueued, activeBefore);
  readonly #backoff: KeyedHeap<Queued>;
  /** After an error rather than a rejection: not taken before its time. */
  readonly #failed: KeyedHeap<Queued>;
  readonly #waiting = new Map<string, Queued>();
  /** How many waiting pods each plugin turned down; `''`: those that nobody in particular did. */
  readonly #turnedDownBy = new Map<string, number>();
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, admit: (pod: Pod) => string | undefined, onReady: () => void, times: QueueTimes = upstreamTimes) {
    this.#clock = clock;
    this.#times = times;
    this.#admit = admit;
    this.#onReady = onReady;
    const sooner = (a: Queued, b: Queued): boolean => {
      const [one, other] = [this.#backoffEndMs(a), this.#backoffEndMs(b)];
      return one === other ? activeBefore(a, b) : one < other;
    };
    this.#backoff = new KeyedHeap(keyOfQueued, sooner);
    this.#failed = new KeyedHeap(keyOfQueued, sooner);
  }

  /** Puts a new pod in, or a newer state of one that is in where it is. */
  put(pod: Pod): void {
    const key = keyOf(pod);
    for (const heap of [this.#active, this.#backoff, this.#failed]) {
      const known = heap.get(key);
      if (known !== undefined) return heap.put({ ...known, pod });
    }
    const known = this.#waiting.get(key);
    if (known !== undefined) this.#waiting.set(key, { ...known, pod });
    else this.#enter({ pod, sinceMs: this.#clock.now(), failures: 0, plugins: nobody, gated: false });
  }

  /** Whether the pod is in the queue. */
  has(pod: Pod): boolean {
    const key = keyOf(pod);
    return this.#waiting.has(key) || [this.#active, this.#backoff, this.#failed].some((heap) => heap.get(key) !== undefined);
  }

  remove(pod: Pod): void {
    const key = keyOf(pod);
    for (const heap of [this.#active, this.#backoff, this.#failed]) heap.remove(key);
    this.#waitNoMore(key);
  }

  /** Takes the next pod: highest priority, then longest in the queue. With none ready, the one whose back-off ends first. */
  take(): Queued | undefined {
    return this.#active.takeFirst() ?? this.#backoff.takeFirst();
  }

  /** Whether there is a pod to take. */
  get ready(): boolean {
    return this.#active.size + this.#backoff.size > 0;
  }

  /** Whether any pod waits for a change. */
  get waits(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether any pod waits for a change that one of these plugins hears of, or for any change. */
  waitsFor(plugins: Iterable<string>): boolean {
    if (this.#turnedDownBy.has('')) return true;
    for (const plugin of plugins) if (this.#turnedDownBy.has(plugin)) return true;
    return false;
  }

  /** Puts a pod back that found no node: it waits for a change that its plugins care about. */
  park({ failures }: Queued, pod: Pod, plugins: ReadonlySet<string>): void {
    this.#wait({ pod, sinceMs: this.#clock.now(), failures: failures + 1, plugins, gated: false });
    this.#arm(this.#clock.now() + sweepMs);
  }

  /** Puts a pod back whose attempt ended in an error: it is tried again by itself. */
  retry({ failures }: Queued, pod: Pod): void {
    const queued: Queued = { pod, sinceMs: this.#clock.now(), failures: failures + 1, plugins: nobody, gated: false };
    this.#failed.put(queued);
    this.#arm(this.#backoffEndMs(queued) + second);
  }

  /** Something changed: the waiting pods that it may help are tried again once their back-off is over. */
  wake(wakes: Wakes): void {
    for (const queued of [...this.#waiting.values()]) if (wakes(queued)) this.#release(queued);
  }

  /** What made attempts fail is over: those that failed are tried again at once. */
  retryNow(): void {
    for (let queued = this.#failed.takeFirst(); queued !== undefined; queued = this.#failed.takeFirst()) this.#active.put(queued);
    if (this.#active.size > 0) this.#onReady();
  }

  /** Tries a pod again that waits, whatever happened; nothing where it does not wait. */
  activate(pod: Pod): void {
    const queued = this.#waiting.get(keyOf(pod));
    if (queued !== undefined) this.#release(queued);
  }

  close(): void {
    this.#timer?.[Symbol.dispose]();
    this.#waiting.clear();
    this.#turnedDownBy.clear();
  }

  #wait(queued: Queued): void {
    const key = keyOf(queued.pod);
    this.#waitNoMore(key);
    this.#waiting.set(key, queued);
    this.#countPlugins(queued, 1);
  }

  #waitNoMore(key: string): void {
    const known = this.#waiting.get(key);
    if (known === undefined) return;
    this.#waiting.delete(key);
    this.#countPlugins(known, -1);
  }

  #countPlugins({ plugins }: Queued, by: 1 | -1): void {
    for (const plugin of plugins.size === 0 ? [''] : plugins) {
      const count = (this.#turnedDownBy.get(plugin) ?? 0) + by;
      if (count === 0) this.#turnedDownBy.delete(plugin);
      else this.#turnedDownBy.set(plugin, count);
    }
  }

  #release(queued: Queued): void {
    this.#waitNoMore(keyOf(queued.pod));
    this.#enter(queued);
  }

  #enter(queued: Queued): void {
    const plugin = this.#admit(queued.pod);
    if (plugin !== undefined) {
      this.#wait({ ...queued, plugins: new Set([...queued.plugins, plugin]), gated: true });
      return;
    }
    const endMs = this.#backoffEndMs(queued);
    if (queued.failures > 0 && endMs + second > this.#clock.now()) {
      this.#backoff.put({ ...queued, gated: false });
      this.#arm(endMs + second);
    } else this.#active.put({ ...queued, gated: false });
    this.#onReady();
  }

  /** Cut down to a whole second; the back-off is over on the next one. */
  #backoffEndMs({ sinceMs, failures }: Queued): number {
    const { initialBackoffMs, longestBackoffMs } = this.#times;
    const backoffMs = failures === 0 ? 0 : Math.min(longestBackoffMs, initialBackoffMs * 2 ** (failures - 1));
    return Math.floor((sinceMs + backoffMs) / second) * second;
  }

  #arm(atMs: number): void {
    if (atMs >= this.#timerAtMs) return;
    this.#timer?.[Symbol.dispose]();
    this.#timerAtMs = atMs;
    this.#timer = this.#clock.after(Math.max(1, atMs - this.#clock.now()), () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#sweep();
    });
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const heap of [this.#backoff, this.#failed]) {
      while (heap.first !== undefined && this.#backoffEndMs(heap.first) + second <= now) {
        const queued = heap.takeFirst();
        if (queued !== undefined) this.#enter(queued);
      }
      if (heap.first !== undefined) this.#arm(this.#backoffEndMs(heap.first) + second);
    }
    for (const queued of [...this.#waiting.values()])
      if (!queued.gated && queued.sinceMs + this.#times.longestWaitMs < now) this.#release(queued);
    if (this.#waiting.size > 0) this.#arm(now + sweepMs);
  }
}

function activeBefore(a: Queued, b: Queued): boolean {
  const difference = priorityOf(b.pod) - priorityOf(a.pod);
  return difference === 0 ? a.sinceMs < b.sinceMs : difference < 0;
}

const keyOfQueued = ({ pod }: Queued): string => keyOf(pod);

/** A pod's place in the queue. */
export function keyOf({ metadata }: Pod): string {
  return metadata.uid;
}
