// Owns a heap whose members can be found, replaced and taken out by key.

/** The member that comes first by `before` is at the top. Every operation costs the logarithm of the number of members. */
export class KeyedHeap<T> {
  readonly #members: T[] = [];
  readonly #places = new Map<string, number>();
  readonly #keyOf: (member: T) => string;
  readonly #before: (a: T, b: T) => boolean;

  constructor(keyOf: (member: T) => string, before: (a: T, b: T) => boolean) {
    this.#keyOf = keyOf;
    this.#before = before;
  }

  get size(): number {
    return this.#members.length;
  }

  get first(): T | undefined {
    return this.#members[0];
  }

  get(key: string): T | undefined {
    const at = this.#places.get(key);
    return at === undefined ? undefined : this.#members[at];
  }

  /** The members, in no order. */
  values(): Iterable<T> {
    return this.#members.values();
  }

  /** Puts a member in, in place of the one with its key. */
  put(member: T): void {
    const key = this.#keyOf(member);
    const at = this.#places.get(key) ?? this.#members.length;
    this.#set(at, member);
    this.#sift(at);
  }

  takeFirst(): T | undefined {
    const first = this.#members[0];
    return first === undefined ? undefined : this.remove(this.#keyOf(first));
  }

  remove(key: string): T | undefined {
    const at = this.#places.get(key);
    if (at === undefined) return undefined;
    const removed = this.#members[at];
    const last = this.#members.pop();
    this.#places.delete(key);
    if (last !== undefined && last !== removed) {
      this.#set(at, last);
      this.#sift(at);
    }
    return removed;
  }

  #set(at: number, member: T): void {
    this.#members[at] = member;
    this.#places.set(this.#keyOf(member), at);
  }

  /** Moves the member at a place up or down to where it belongs. */
  #sift(start: number): void {
    let at = start;
    for (let up = (at - 1) >> 1; at > 0 && this.#isBefore(at, up); up = (at - 1) >> 1) {
      this.#swap(at, up);
      at = up;
    }
    for (;;) {
      const left = 2 * at + 1;
      const child = left + 1 < this.#members.length && this.#isBefore(left + 1, left) ? left + 1 : left;
      if (child >= this.#members.length || !this.#isBefore(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#members[a], this.#members[b]];
    return one !== undefined && other !== undefined && this.#before(one, other);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#members[a], this.#members[b]];
    if (one === undefined || other === undefined) return;
    this.#set(a, other);
    this.#set(b, one);
  }
}
