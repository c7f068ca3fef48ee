// Owns the addresses of several ranges as one: the ranges may change, what is taken stays taken.
import type { Entropy } from '../../base/entropy.ts';
import { NumberRange, type Span, type Taking } from './number-range.ts';

/** Addresses of any of the ranges. An address is free where nobody took it and nobody blocks it. */
export class AddressRanges {
  readonly #entropy: Entropy;
  readonly #taken = new Set<number>();
  readonly #blocked = new Set<number>();
  #ranges: readonly NumberRange[] = [];

  constructor(spans: readonly Span[], entropy: Entropy) {
    this.#entropy = entropy;
    this.cover(spans);
  }

  /** From now on these ranges, asked in this order. */
  cover(spans: readonly Span[]): void {
    const isFree = (number: number): boolean => !this.#taken.has(number) && !this.#blocked.has(number);
    this.#ranges = spans.map((span) => new NumberRange(span, this.#entropy, isFree));
  }

  take(address: number): Taking {
    if (!this.#ranges.some((range) => range.contains(address))) return 'outside';
    if (this.#taken.has(address) || this.#blocked.has(address)) return 'already';
    this.#taken.add(address);
    return 'taken';
  }

  /** A free address; undefined where every range is full. */
  takeAny(): number | undefined {
    for (const range of this.#ranges) {
      const address = range.find();
      if (address === undefined) continue;
      this.#taken.add(address);
      return address;
    }
    return undefined;
  }

  free(address: number): void {
    this.#taken.delete(address);
  }

  /** Keeps an address from being given or not, whether or not it is taken. */
  block(address: number, blocked: boolean): void {
    if (blocked) this.#blocked.add(address);
    else this.#blocked.delete(address);
  }

  /** Takes what is in use already, inside a range or not. */
  hold(address: number): void {
    this.#taken.add(address);
  }

  clear(): void {
    this.#taken.clear();
  }
}
