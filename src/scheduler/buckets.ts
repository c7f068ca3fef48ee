// Owns members (numbers that name something) sorted into buckets by a whole number, so that the highest bucket is at hand however many there are.

/** Members by score. Adding, moving and removing one costs the same whatever their number, but for finding the next highest score. */
export class Buckets {
  readonly #buckets = new Map<number, number[]>();
  #highest: number | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The highest score; undefined where there is no member. */
  get highest(): number | undefined {
    if (this.#highest === undefined) for (const score of this.#buckets.keys()) this.#highest = Math.max(this.#highest ?? score, score);
    return this.#highest;
  }

  /** The members with a score. */
  at(score: number): readonly number[] {
    return this.#buckets.get(score) ?? [];
  }

  /** Any member. */
  get any(): number | undefined {
    return this.#buckets.values().next().value?.[0];
  }

  /** Puts a member in; answers its place in the bucket, which `remove` wants back. */
  add(member: number, score: number): number {
    const bucket = this.#buckets.get(score);
    this.#size++;
    if (this.#highest !== undefined || this.#size === 1) this.#highest = Math.max(this.#highest ?? score, score);
    if (bucket === undefined) {
      this.#buckets.set(score, [member]);
      return 0;
    }
    return bucket.push(member) - 1;
  }

  /** Takes a member out; answers the member that took its place, if any. */
  remove(place: number, score: number): number | undefined {
    const bucket = this.#buckets.get(score);
    const last = bucket?.pop();
    if (bucket === undefined || last === undefined) return undefined;
    this.#size--;
    if (bucket.length === 0) {
      this.#buckets.delete(score);
      if (this.#highest === score) this.#highest = undefined;
    }
    if (place === bucket.length) return undefined;
    bucket[place] = last;
    return last;
  }
}
