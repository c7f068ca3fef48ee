// Owns a set of small whole numbers that can be walked from any place: adding, removing and asking cost the same whatever its size.

/** Slots of nodes. Their order is that of adding, until one is removed: then the last takes its place. */
export class SlotSet {
  readonly #slots: number[] = [];
  /** By slot: its place, counted from 1; 0 where it is not in. */
  readonly #places: number[] = [];

  get slots(): readonly number[] {
    return this.#slots;
  }

  add(slot: number): void {
    if (this.#places[slot]) return;
    while (this.#places.length <= slot) this.#places.push(0);
    this.#places[slot] = this.#slots.push(slot);
  }

  remove(slot: number): void {
    if (this.#slots.length === 0) return;
    const place = this.#places[slot];
    const last = place ? this.#slots.pop() : undefined;
    if (!place || last === undefined) return;
    this.#places[slot] = 0;
    if (last === slot) return;
    this.#slots[place - 1] = last;
    this.#places[last] = place;
  }
}
