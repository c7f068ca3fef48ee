// Owns the line of a zone's nodes that are to lose their pods: one at a time, so many a second.

/** Nodes by name, first in, first out. Bound: the zone's nodes. One may pass at once, then one each 1/rate seconds; rate 0: none. */
export class EvictionLine {
  readonly #waiting = new Set<string>();
  #rate: number;
  #tokens = 1;
  #atMs: number;

  constructor(rate: number, nowMs: number) {
    this.#rate = rate;
    this.#atMs = nowMs;
  }

  add(name: string): void {
    this.#waiting.add(name);
  }

  remove(name: string): void {
    this.#waiting.delete(name);
  }

  /** From now on so many a second; what was saved up under the old rate stays, what was used up too. */
  setRate(rate: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#rate = rate;
  }

  /** The next that may pass now; it leaves the line. */
  next(nowMs: number): string | undefined {
    this.#refill(nowMs);
    const [first] = this.#waiting;
    if (first === undefined || this.#rate <= 0 || this.#tokens < 1) return undefined;
    this.#tokens--;
    this.#waiting.delete(first);
    return first;
  }

  /** Milliseconds until one may pass; undefined where nobody waits or nobody may. */
  waitMs(nowMs: number): number | undefined {
    this.#refill(nowMs);
    if (this.#waiting.size === 0 || this.#rate <= 0) return undefined;
    return Math.max(1, Math.ceil(((1 - this.#tokens) / this.#rate) * 1000));
  }

  #refill(nowMs: number): void {
    this.#tokens = Math.min(1, this.#tokens + ((nowMs - this.#atMs) / 1000) * this.#rate);
    this.#atMs = nowMs;
  }
}
