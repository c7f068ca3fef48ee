// Owns dividing the pod ranges among nodes: which share is free, which is taken. No I/O.
import { firstAddress, formatAddress, parseCidr } from '../../api/ip-address.ts';

/** The shares of one range, given out in turn so that one that was given back rests as long as it can. Bound: a mark a share that is taken. */
class Shares {
  readonly family: 4 | 6;
  readonly #first: bigint;
  readonly #size: bigint;
  readonly #count: number;
  readonly #maskSize: number;
  readonly #taken = new Set<number>();
  #next = 0;

  constructor(range: string, maskSize: number) {
    const cidr = parseCidr(range);
    if (cidr === undefined || maskSize < cidr.length) throw new RangeError(`a node's share of /${maskSize} does not fit into ${range}`);
    this.family = cidr.address.family;
    if (maskSize > this.#width || maskSize - cidr.length > 16)
      throw new RangeError(`${range} has too many shares of /${maskSize}: at most 16 bits may lie between them`);
    this.#first = firstAddress(cidr).bits;
    this.#maskSize = maskSize;
    this.#size = 1n << BigInt(this.#width - maskSize);
    this.#count = 2 ** (maskSize - cidr.length);
  }

  get #width(): 32 | 128 {
    return this.family === 4 ? 32 : 128;
  }

  mark(range: string, taken: boolean): void {
    const cidr = parseCidr(range);
    if (cidr === undefined || cidr.address.family !== this.family) return;
    const first = firstAddress(cidr).bits;
    const last = first + (1n << BigInt(this.#width - cidr.length)) - 1n;
    const end = this.#first + this.#size * BigInt(this.#count) - 1n;
    if (last < this.#first || first > end) return;
    const from = first < this.#first ? 0 : Number((first - this.#first) / this.#size);
    const to = last > end ? this.#count - 1 : Number((last - this.#first) / this.#size);
    for (let share = from; share <= to; share++) {
      if (taken) this.#taken.add(share);
      else this.#taken.delete(share);
    }
  }

  take(): string | undefined {
    for (let step = 0; step < this.#count; step++) {
      const share = (this.#next + step) % this.#count;
      if (this.#taken.has(share)) continue;
      this.#taken.add(share);
      this.#next = (share + 1) % this.#count;
      const bits = this.#first + this.#size * BigInt(share);
      return `${formatAddress({ family: this.family, bits, mapped: false, padded: false })}/${this.#maskSize}`;
    }
    return undefined;
  }
}

/** The shares of one pod range or of one of each family. A node has one of each. */
export class NodeRanges {
  readonly #ranges: readonly Shares[];

  /**
   * `ranges`: such as 10.42.0.0/16 or 10.42.0.0/16,fd42::/48. `maskSizes`: the prefix length of a share of each family. Throws RangeError where a
   * share is wider than its range or there are more than 65,536 of them.
   */
  constructor(ranges: string, maskSizes: { readonly 4: number; readonly 6: number }) {
    this.#ranges = ranges.split(',').map((range) => new Shares(range.trim(), maskSizes[parseCidr(range.trim())?.address.family ?? 4]));
  }

  /** Marks the shares that a range covers as taken; one outside is nobody's business. */
  occupy(range: string): void {
    for (const shares of this.#ranges) shares.mark(range, true);
  }

  release(range: string): void {
    for (const shares of this.#ranges) shares.mark(range, false);
  }

  /** Takes the next free share of each range, in the ranges' order; undefined where one of them has none left. */
  take(): readonly string[] | undefined {
    const taken: string[] = [];
    for (const shares of this.#ranges) {
      const share = shares.take();
      if (share === undefined) {
        for (const one of taken) this.release(one);
        return undefined;
      }
      taken.push(share);
    }
    return taken;
  }
}
