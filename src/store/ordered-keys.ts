// Owns a sorted set of keys in chunks, so that ranges are cheap to walk and an insertion moves little.

const chunkSize = 512;

/** Strings in ascending order of their UTF-16 code units (byte order for the ASCII that API keys are). */
export class OrderedKeys {
  readonly #chunks: string[][] = [];

  add(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    const index = lowerBound(chunk, key);
    if (chunk[index] === key) return;
    chunk.splice(index, 0, key);
    if (chunk.length > chunkSize) this.#chunks.splice(at + 1, 0, chunk.splice(chunk.length >> 1));
  }

  remove(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const index = lowerBound(chunk, key);
    if (chunk[index] !== key) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** The keys in [start, end), ascending. The set must not change while it is walked. */
  *range(start: string, end: string): Generator<string, void, undefined> {
    for (let at = this.#chunkOf(start); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] ?? [];
      const first = chunk[0] ?? '';
      for (let index = first >= start ? 0 : lowerBound(chunk, start); index < chunk.length; index++) {
        const key = chunk[index] ?? '';
        if (key >= end) return;
        yield key;
      }
    }
  }

  /** How many keys lie in [start, end). */
  count(start: string, end: string): number {
    if (start >= end) return 0;
    let total = 0;
    for (let at = this.#chunkOf(start); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] ?? [];
      if ((chunk[0] ?? '') >= end) break;
      total += lowerBound(chunk, end) - lowerBound(chunk, start);
    }
    return total;
  }

  /** The chunk that holds the key, or would. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#chunks[middle]?.at(-1) ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
