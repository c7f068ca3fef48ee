// Owns remembering what was used of late, up to a bound on its weight: two generations, of which the older one goes as a whole.

/** Remembers values by key. What was asked for of late is kept; the weight of all there is stays below twice `bound`. */
export class Recent<K, V> {
  readonly #bound: number;
  #young = new Map<K, { readonly value: V; readonly weight: number }>();
  #old = new Map<K, { readonly value: V; readonly weight: number }>();
  #weight = 0;

  /** `bound` is in the unit that `set` weighs in. */
  constructor(bound: number) {
    this.#bound = bound;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young.value;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, old.value, old.weight);
    return old.value;
  }

  set(key: K, value: V, weight: number): void {
    if (this.#weight + weight > this.#bound) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#weight = 0;
    }
    this.#young.set(key, { value, weight });
    this.#weight += weight;
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
