// Owns which service accounts a namespace must have. Pure.
import type { Namespace } from '../../api/core/v1.ts';

/** The accounts that are missing: `default` in every namespace that is not going away. */
export function missingAccounts(namespace: Namespace | undefined, present: readonly string[]): readonly string[] {
  if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return [];
  return ['default'].filter((name) => !present.includes(name));
}
