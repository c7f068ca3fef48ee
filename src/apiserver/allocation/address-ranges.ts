// Owns the addresses of one family's ranges as one: the ranges may change, what is taken stays taken.
import type { Cidr } from '../../api/ip-address.ts';
import { firstAddress } from '../../api/ip-address.ts';
import type { Entropy } from '../../base/entropy.ts';
import { lowerBand, NumberRange, type Taking } from './number-range.ts';

/** More addresses of one range than these are not looked through for a free one. */
const mostNumbers = 2 ** 48;

/** Addresses that Services may have: `count` from `first` on, the first `lower` of them for those who ask for one. */
export interface AddressSpan {
  readonly first: bigint;
  readonly count: bigint;
  readonly lower: number;
}

/**
 * The addresses of a range that Services may have: of IPv4 without the network's and the broadcast address, of IPv6 without the first one (of a
 * subnet's routers).
 */
export function serviceAddresses(range: Cidr): AddressSpan {
  const hostBits = (range.address.family === 4 ? 32 : 128) - range.length;
  const all = 1n << BigInt(hostBits);
  const base = firstAddress(range).bits;
  // Ranges of one or two addresses have no room for those.
  if (all <= 2n) return { first: base, count: all, lower: 0 };
  const lower = all <= 16n ? 0 : lowerBand(Number(all), 16, 16, 256);
  return { first: base + 1n, count: all - (range.address.family === 4 ? 2n : 1n), lower };
}

interface Range {
  readonly span: AddressSpan;
  readonly numbers: NumberRange;
}

/** Addresses of any of the ranges. An address is free where nobody took it and nobody blocks it. */
export class AddressRanges {
  readonly #entropy: Entropy;
  readonly #taken = new Set<bigint>();
  readonly #blocked = new Set<bigint>();
  #ranges: readonly Range[] = [];

  constructor(spans: readonly AddressSpan[], entropy: Entropy) {
    this.#entropy = entropy;
    this.cover(spans);
  }

  /** From now on these ranges, asked in this order. */
  cover(spans: readonly AddressSpan[]): void {
    this.#ranges = spans.map((span) => {
      const size = span.count > mostNumbers ? mostNumbers : Number(span.count);
      const isFree = (number: number): boolean => !this.#isSpokenFor(span.first + BigInt(number));
      return { span, numbers: new NumberRange({ first: 0, size, lower: span.lower }, this.#entropy, isFree) };
    });
  }

  take(address: bigint): Taking {
    if (!this.#ranges.some(({ span }) => address >= span.first && address < span.first + span.count)) return 'outside';
    if (this.#isSpokenFor(address)) return 'already';
    this.#taken.add(address);
    return 'taken';
  }

  /** A free address; undefined where every range is full. */
  takeAny(): bigint | undefined {
    for (const { span, numbers } of this.#ranges) {
      const number = numbers.find();
      if (number === undefined) continue;
      const address = span.first + BigInt(number);
      this.#taken.add(address);
      return address;
    }
    return undefined;
  }

  free(address: bigint): void {
    this.#taken.delete(address);
  }

  /** Keeps an address from being given or not, whether or not it is taken. */
  block(address: bigint, blocked: boolean): void {
    if (blocked) this.#blocked.add(address);
    else this.#blocked.delete(address);
  }

  /** Takes what is in use already, inside a range or not. */
  hold(address: bigint): void {
    this.#taken.add(address);
  }

  clear(): void {
    this.#taken.clear();
  }

  #isSpokenFor(address: bigint): boolean {
    return this.#taken.has(address) || this.#blocked.has(address);
  }
}
