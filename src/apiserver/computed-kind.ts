// Owns the contract of kinds that are worked out when somebody asks, by whoever the cluster handed in. It refuses to store anything.
import type { KindDescription } from '../api/kind.ts';
import type { AnyObject } from '../api/object.ts';

/** A kind that is served from somewhere else than the store: read-only, without versions, without watches. */
export interface ComputedKind {
  readonly kind: KindDescription;
  /** All objects, or those of one namespace. Rejects with StatusErrors. */
  list(namespace: string): Promise<readonly AnyObject[]>;
  /** Undefined where there is none. */
  get(namespace: string, name: string): Promise<AnyObject | undefined>;
}
