// Owns the object of a kind with nothing in it, as the wire shows it: what a create is compared with and what bookmarks look like.
import { decodeFields } from '../api/decode.ts';
import type { KindDescription } from '../api/kind.ts';
import type { AnyObject } from '../api/object.ts';

const known = new WeakMap<KindDescription, AnyObject>();

/** Kind, apiVersion and the zero values that upstream writes. Made once a kind. */
export function hollowOf(kind: KindDescription): AnyObject {
  const found = known.get(kind) ?? decodeFields(kind, {}, { fieldValidation: 'Ignore' }).object;
  known.set(kind, found);
  return found;
}
