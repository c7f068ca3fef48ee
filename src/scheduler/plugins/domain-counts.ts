// Owns how many pods each domain has, and the smallest such number, kept current count by count.

/** Counts by domain. A domain is there from its first count on, a count of none included. */
export class DomainCounts {
  readonly #counts = new Map<string, number>();
  /** How many domains have so many pods. */
  readonly #domainsWith = new Map<number, number>();
  #least: number | undefined;

  get size(): number {
    return this.#counts.size;
  }

  of(domain: string): number {
    return this.#counts.get(domain) ?? 0;
  }

  /** The smallest count of any domain; without domains there is nothing that could be exceeded. */
  get least(): number {
    this.#least ??= [...this.#domainsWith.keys()].reduce((least, count) => Math.min(least, count), Number.MAX_SAFE_INTEGER);
    return this.#least;
  }

  add(domain: string, by: number): void {
    const before = this.#counts.get(domain);
    const after = (before ?? 0) + by;
    this.#counts.set(domain, after);
    if (before !== undefined) {
      const others = (this.#domainsWith.get(before) ?? 0) - 1;
      if (others > 0) this.#domainsWith.set(before, others);
      else this.#domainsWith.delete(before);
    }
    this.#domainsWith.set(after, (this.#domainsWith.get(after) ?? 0) + 1);
    this.#least = undefined;
  }
}
