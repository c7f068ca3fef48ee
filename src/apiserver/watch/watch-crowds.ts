// Owns telling many watchers that each ask for another value of one field (the kubelets, each for its node's pods): a change is told to whom it concerns, however many watch.
import type { Entry, Store, StoreEvent, StoreListener } from '../../store/store.ts';

/** Of the keys in a range, those whose `field` has a value. Watches of a range that name a field alike read it alike. */
export interface FieldShare {
  /** What is read: kind, version, field. */
  readonly field: string;
  readonly value: string;
  of(entry: Entry): string;
}

interface Range {
  readonly start: string;
  readonly end: string;
}

/** All watches of a range that ask for some value of one field. Bound: a text a key of the range, and one a watch. */
class Crowd {
  readonly #members = new Map<string, Set<StoreListener>>();
  readonly #values = new Map<string, string>();
  readonly #of: (entry: Entry) => string;
  readonly #watch: Disposable;

  constructor(store: Store, range: Range, of: (entry: Entry) => string) {
    this.#of = of;
    this.#watch = store.watch(range, store.revision, (events) => this.#tell(events));
  }

  /** Answers how to leave; `onEmpty` is called when nobody is left. */
  join(value: string, listener: StoreListener, onEmpty: () => void): Disposable {
    const members = this.#members.get(value) ?? new Set();
    this.#members.set(value, members.add(listener));
    return {
      [Symbol.dispose]: () => {
        if (!members.delete(listener) || members.size > 0) return;
        this.#members.delete(value);
        if (this.#members.size > 0) return;
        this.#watch[Symbol.dispose]();
        onEmpty();
      },
    };
  }

  /** Nearly always one event: a transaction seldom writes two keys of a kind. */
  #tell(events: readonly StoreEvent[]): void {
    for (const event of events) {
      const { previous } = event;
      const key = event.type === 'put' ? event.entry.key : event.key;
      const before = previous === undefined ? undefined : (this.#values.get(key) ?? this.#of(previous));
      const now = event.type === 'put' ? this.#of(event.entry) : undefined;
      if (now === undefined) this.#values.delete(key);
      else if (now !== before || !this.#values.has(key)) this.#values.set(key, now);
      if (now !== undefined) this.#tellOf(now, event);
      if (before !== undefined && before !== now) this.#tellOf(before, event);
    }
  }

  #tellOf(value: string, event: StoreEvent): void {
    for (const listener of this.#members.get(value) ?? []) listener([event]);
  }
}

/** The crowds of one store. Bound: one a range and field that is being watched. */
export class WatchCrowds {
  readonly #crowds = new Map<string, Crowd>();

  /** As Store.watch, of those changes whose keys have the value, or had it before. */
  watch(store: Store, range: Range, share: FieldShare, afterRevision: number, listener: StoreListener): Disposable {
    // What is past is told at once, and what is told to others just now has been told with it.
    const told = store.revision;
    store.watch(range, afterRevision, listener)[Symbol.dispose]();
    const name = `${range.start}\0${range.end}\0${share.field}`;
    const crowd = this.#crowds.get(name) ?? new Crowd(store, range, share.of);
    this.#crowds.set(name, crowd);
    const later: StoreListener = (events) => {
      if ((events[0]?.revision ?? 0) > told) listener(events);
    };
    return crowd.join(share.value, later, () => this.#crowds.delete(name));
  }
}
