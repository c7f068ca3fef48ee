// Owns a map for what comes and goes: one that leaves nothing behind for the collector. V8 links each table that a Map has outgrown to the next one. Once one of
// them is old, all that follow, and what they held, stay until a major collection: under load that was most of what there was to collect.

const leastDeletions = 512;

/** A map by key whose entries are there for a moment only. In the order in which keys were first set, as Map. */
export class BriefMap<K, V> {
  #map = new Map<K, V>();
  #deletions = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  set(key: K, value: V): void {
    this.#map.set(key, value);
  }

  delete(key: K): void {
    if (!this.#map.delete(key)) return;
    this.#deletions++;
    if (this.#deletions < Math.max(leastDeletions, 2 * this.#map.size)) return;
    this.#map = new Map(this.#map);
    this.#deletions = 0;
  }

  clear(): void {
    this.#map = new Map();
    this.#deletions = 0;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map[Symbol.iterator]();
  }
}
