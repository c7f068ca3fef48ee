// Owns which kinds are served now: built-in ones and those that definitions add while running. It refuses to know how any of them is stored.
import type { KindDescription } from '../kind.ts';

const resourceKey = (group: string, version: string, resource: string): string => `${group}/${version}/${resource}`;

/**
 * All served kinds, found by resource or by kind. Kinds without a resource of their own (Eviction, Scale, TokenRequest, DeleteOptions …)
 * are found by kind only. Order is that of discovery: groups and their versions as they came in, built-in ones first.
 */
export class KindCatalog {
  readonly #byResource = new Map<string, KindDescription>();
  readonly #byKind = new Map<string, KindDescription>();
  #all: readonly KindDescription[] | undefined;
  #generation = 0;

  constructor(kinds: Iterable<KindDescription> = []) {
    for (const kind of kinds) this.#put(kind);
  }

  /** Grows with every change of the catalog: documents made from it are good as long as it stays. */
  get generation(): number {
    return this.#generation;
  }

  /** The kind behind `/apis/GROUP/VERSION/…/RESOURCE`; the core group is ''. */
  byResource(group: string, version: string, resource: string): KindDescription | undefined {
    return this.#byResource.get(resourceKey(group, version, resource));
  }

  /** The kind that a body names, those without a resource included. */
  byKind(group: string, version: string, kind: string): KindDescription | undefined {
    return this.#byKind.get(resourceKey(group, version, kind));
  }

  /** Every kind that has a resource, virtual ones included, in the order of discovery. */
  all(): readonly KindDescription[] {
    this.#all ??= [...this.#byResource.values()];
    return this.#all;
  }

  /** The kind whose version is stored for this one: itself in most cases. Undefined where that version isn't served. */
  storageKind(kind: KindDescription): KindDescription | undefined {
    const group = kind.storageGroup ?? kind.group;
    if (group === kind.group && kind.storageVersion === kind.version) return kind;
    return this.byResource(group, kind.storageVersion, kind.resource);
  }

  /** Adds a kind, or takes the place of the one with the same resource. */
  add(kind: KindDescription): void {
    this.remove(kind.group, kind.version, kind.resource);
    this.#put(kind);
    this.#changed();
  }

  /** Takes a kind out; nothing happens where it isn't there. */
  remove(group: string, version: string, resource: string): void {
    const key = resourceKey(group, version, resource);
    const known = this.#byResource.get(key);
    if (known === undefined) return;
    this.#byResource.delete(key);
    this.#byKind.delete(resourceKey(group, version, known.kind));
    this.#changed();
  }

  #put(kind: KindDescription): void {
    if (kind.resource !== '') this.#byResource.set(resourceKey(kind.group, kind.version, kind.resource), kind);
    this.#byKind.set(resourceKey(kind.group, kind.version, kind.kind), kind);
  }

  #changed(): void {
    this.#all = undefined;
    this.#generation++;
  }
}
