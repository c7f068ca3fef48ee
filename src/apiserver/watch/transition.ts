// Owns what a stored change means to one watcher: pure, from (did it match before, does it match now) to ADDED, MODIFIED, DELETED or nothing.

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/**
 * The event that a watcher with a selector sees. `before` and `now` tell whether the object existed and matched. An object that leaves the
 * selection is DELETED for the watcher, one that enters it ADDED.
 */
export function transitionOf(before: boolean, now: boolean): ChangeType | undefined {
  if (now) return before ? 'MODIFIED' : 'ADDED';
  return before ? 'DELETED' : undefined;
}
