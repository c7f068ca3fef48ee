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
    if (this.#taken.has(number)) return 'already';
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

  clear(): void {
    this.#taken.clear();
  }

  #search(first: number, size: number): number | undefined {
    const start = Math.floor(this.#entropy.fraction() * size);
    for (let step = 0; step < size; step++) {
      const number = first + ((start + step) % size);
      if (!this.#taken.has(number) && this.#isFree(number)) return number;
    }
    return undefined;
  }
}

/** A dotted IPv4 address as a number; undefined where it is none or is written with leading zeros. */
export function parseIPv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatIPv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/**
 * The addresses of an IPv4 CIDR that Services may have: without the network's and the broadcast address. Throws Error for other texts and for lengths
 * outside `lengths`.
 */
export function serviceAddresses(cidr: string, lengths: { readonly least: number; readonly most: number } = { least: 8, most: 30 }): Span {
  const [address = '', length = ''] = cidr.split('/');
  const base = parseIPv4(address);
  const bits = Number(length);
  if (base === undefined || !/^\d+$/.test(length) || bits < lengths.least || bits > lengths.most)
    throw new Error(`not an IPv4 service range (/${lengths.least} to /${lengths.most}): ${cidr}`);
  const all = 2 ** (32 - bits);
  const first = base - (base % all);
  // Ranges of one or two addresses have no room for a network and a broadcast address.
  if (all <= 2) return { first, size: all, lower: 0 };
  return { first: first + 1, size: all - 2, lower: lowerBand(all, 16, 16, 256) };
}

/** Node ports from `first` to `last`. */
export function nodePorts(first: number, last: number): Span {
  const size = last - first + 1;
  return { first, size, lower: lowerBand(size, 32, 16, 128) };
}

function lowerBand(size: number, part: number, least: number, most: number): number {
  const band = Math.floor(size / part);
  if (size < least * 2) return 0;
  return Math.min(Math.max(band, least), most);
}
