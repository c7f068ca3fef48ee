// Owns remembering what a controller has written until its watch shows it: what it decides next must not be by an older picture.
import type { KubeObject } from '../api/object.ts';

/** The newest known of each object. Bound: one entry an object whose write the watch has not shown; it goes with the next look at it. */
export class OwnWrites<T extends KubeObject> {
  readonly #written = new Map<string, T>();

  /** Notes the answer to a write. */
  note(object: T): void {
    this.#written.set(keyOf(object), object);
  }

  /** What the watch shows, or what was written where that is newer and of the same object. */
  newest(shown: T | undefined): T | undefined {
    if (shown === undefined) return undefined;
    const key = keyOf(shown);
    const mine = this.#written.get(key);
    if (mine === undefined) return shown;
    const newer =
      mine.metadata.uid === shown.metadata.uid && Number(mine.metadata.resourceVersion) > Number(shown.metadata.resourceVersion);
    if (newer) return mine;
    this.#written.delete(key);
    return shown;
  }

  forget(object: T): void {
    this.#written.delete(keyOf(object));
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
