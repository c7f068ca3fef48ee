// Owns dividing the pod range among nodes: which share is free, which is taken. No I/O.

/** The shares of an IPv4 range, given out in turn so that one that was given back rests as long as it can. Bound: a mark a share that is taken. */
export class NodeRanges {
  readonly #first: number;
  readonly #shareSize: number;
  readonly #count: number;
  readonly #maskSize: number;
  readonly #taken = new Set<number>();
  #next = 0;

  /** `range`: such as 10.42.0.0/16. `maskSize`: the prefix length of a share. Throws RangeError where a share is wider than the range. */
  constructor(range: string, maskSize: number) {
    const [address = '', bits = ''] = range.split('/');
    if (maskSize < Number(bits)) throw new RangeError(`a node's share of /${maskSize} does not fit into ${range}`);
    this.#first = numberOf(address);
    this.#maskSize = maskSize;
    this.#shareSize = 2 ** (32 - maskSize);
    this.#count = 2 ** (maskSize - Number(bits));
  }

  /** Marks the shares that a range covers as taken; one outside is nobody's business. */
  occupy(range: string): void {
    for (const share of this.#sharesOf(range)) this.#taken.add(share);
  }

  release(range: string): void {
    for (const share of this.#sharesOf(range)) this.#taken.delete(share);
  }

  /** Takes the next free share; undefined where none is left. */
  take(): string | undefined {
    for (let step = 0; step < this.#count; step++) {
      const share = (this.#next + step) % this.#count;
      if (this.#taken.has(share)) continue;
      this.#taken.add(share);
      this.#next = (share + 1) % this.#count;
      return `${textOf(this.#first + share * this.#shareSize)}/${this.#maskSize}`;
    }
    return undefined;
  }

  #sharesOf(range: string): readonly number[] {
    const [address = '', bits = ''] = range.split('/');
    const from = Math.floor((numberOf(address) - this.#first) / this.#shareSize);
    const to = Math.floor((numberOf(address) + 2 ** (32 - Number(bits)) - 1 - this.#first) / this.#shareSize);
    const shares: number[] = [];
    for (let share = Math.max(0, from); share <= Math.min(to, this.#count - 1); share++) shares.push(share);
    return shares;
  }
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
