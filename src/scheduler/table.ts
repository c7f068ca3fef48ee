// Owns a set of objects of one kind, found by namespace and name, that can tell whether it changed since.
import type { KubeObject } from '../api/object.ts';

/** A set of objects that only grows stale by revision. */
export interface Table<T> {
  /** Grows with every change that matters. */
  readonly revision: number;
  get(namespace: string | undefined, name: string): T | undefined;
  /** The objects of a namespace; the empty string for objects without one. */
  of(namespace: string): Iterable<T>;
  all(): Iterable<T>;
  /** What came, went or changed since a revision, each as it was and as it became; undefined where that is forgotten. */
  changesSince(revision: number): readonly T[] | undefined;
}

/** So many changes are remembered, at least. */
const rememberedChanges = 64;

/** A table that is kept current change by change. Bound: one entry an object, and some changes. */
export class LiveTable<T extends KubeObject> implements Table<T> {
  readonly #byNamespace = new Map<string, Map<string, T>>();
  readonly #same: (a: T, b: T) => boolean;
  #changes: (readonly T[])[] = [];
  #revision = 0;

  /** `same`: whether a newer state of an object makes no difference to anybody. */
  constructor(same: (a: T, b: T) => boolean = () => false) {
    this.#same = same;
  }

  get revision(): number {
    return this.#revision;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#byNamespace.get(namespace ?? '')?.get(name);
  }

  of(namespace: string): Iterable<T> {
    return this.#byNamespace.get(namespace)?.values() ?? [];
  }

  *all(): Iterable<T> {
    for (const objects of this.#byNamespace.values()) yield* objects.values();
  }

  put(object: T): void {
    const { namespace = '', name } = object.metadata;
    const objects = this.#byNamespace.get(namespace) ?? new Map<string, T>();
    const before = objects.get(name);
    this.#byNamespace.set(namespace, objects.set(name, object));
    if (before === undefined) this.#changed([object]);
    else if (!this.#same(before, object)) this.#changed([before, object]);
  }

  remove({ metadata: { namespace = '', name } }: T): void {
    const objects = this.#byNamespace.get(namespace);
    const before = objects?.get(name);
    if (objects === undefined || before === undefined) return;
    objects.delete(name);
    if (objects.size === 0) this.#byNamespace.delete(namespace);
    this.#changed([before]);
  }

  changesSince(revision: number): readonly T[] | undefined {
    const count = this.#revision - revision;
    if (count <= 0) return [];
    return count > this.#changes.length ? undefined : this.#changes.slice(-count).flat();
  }

  #changed(states: readonly T[]): void {
    this.#revision++;
    this.#changes.push(states);
    if (this.#changes.length > 2 * rememberedChanges) this.#changes = this.#changes.slice(-rememberedChanges);
  }
}
