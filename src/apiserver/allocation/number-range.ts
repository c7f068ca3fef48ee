// Owns numbers handed out from a range: which are taken, and which to give next. A range is split into a lower band, for those who ask for a
// number, and an upper one, from which numbers are given first (upstream's rule, so that static choices seldom collide).
import type { Entropy } from '../../base/entropy.ts';

/** What became of asking for one number. */
export type Taking = 'taken' | 'already' | 'outside';

/** `size` numbers from `first` on, of which the first `lower` are the band for those who ask. */
export interface Span {
  readonly first: number;
  readonly size: number;
  readonly lower: number;
}

/** A set of numbers `first` … `first + size - 1` with owners unknown: each is free or taken. */
export class NumberRange {
  readonly #first: number;
  readonly #size: number;
  readonly #lower: number;
  readonly #taken = new Set<number>();
  readonly #blocked = new Set<number>();
  readonly #entropy: Entropy;
  readonly #isFree: (number: number) => boolean;

  /** `isFree`: who else decides whether a number is free; absent: only what was taken here. */
  constructor(range: Span, entropy: Entropy, isFree: (number: number) => boolean = () => true) {
    this.#first = range.first;
    this.#size = range.size;
    this.#lower = Math.min(range.lower, range.size);
    this.#entropy = entropy;
    this.#isFree = isFree;
  }

  contains(number: number): boolean {
    return number >= this.#first && number < this.#first + this.#size;
  }

  take(number: number): Taking {
    if (!this.contains(number)) return 'outside';
    if (this.#taken.has(number) || this.#blocked.has(number)) return 'already';
    this.#taken.add(number);
    return 'taken';
  }

  /** Takes what `find` finds. */
  takeAny(): number | undefined {
    const number = this.find();
    if (number !== undefined) this.#taken.add(number);
    return number;
  }

  /** A free number: from the upper band beginning at a random place, then from the lower; undefined where all are taken. */
  find(): number | undefined {
    if (this.#taken.size >= this.#size) return undefined;
    return this.#search(this.#first + this.#lower, this.#size - this.#lower) ?? this.#search(this.#first, this.#lower);
  }

  free(number: number): void {
    this.#taken.delete(number);
  }

  /** Keeps a number from being given or not, whether or not it is taken. */
  block(number: number, blocked: boolean): void {
    if (blocked) this.#blocked.add(number);
    else this.#blocked.delete(number);
  }

  clear(): void {
    this.#taken.clear();
  }

  #search(first: number, size: number): number | undefined {
    const start = Math.floor(this.#entropy.fraction() * size);
    for (let step = 0; step < size; step++) {
      const number = first + ((start + step) % size);
      if (!this.#taken.has(number) && !this.#blocked.has(number) && this.#isFree(number)) return number;
    }
    return undefined;
  }
}

/** Node ports from `first` to `last`. */
export function nodePorts(first: number, last: number): Span {
  const size = last - first + 1;
  return { first, size, lower: lowerBand(size, 32, 16, 128) };
}

/** How many of `size` numbers are the lower band: a `part`th, within bounds; none of few. */
export function lowerBand(size: number, part: number, least: number, most: number): number {
  const band = Math.floor(size / part);
  if (size < least * 2) return 0;
  return Math.min(Math.max(band, least), most);
}
