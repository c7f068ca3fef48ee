// Owns the parts that every verb works with. Cluster hands them in; nothing here is global.
import { inFieldOrder } from '../api/field-order.ts';
import type { KindDescription } from '../api/kind.ts';
import type { KindCatalog } from '../api/kinds/catalog.ts';
import { fromStorage, toStorage } from '../api/kinds/conversion.ts';
import type { AnyObject } from '../api/object.ts';
import { rulesOf } from '../api/rules.ts';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import { Recent } from '../base/recent.ts';
import type { NodeConnections } from '../client/node-connection.ts';
import type { Entry, Store } from '../store/store.ts';
import type { Admission, AdmissionContext } from './admission/plugin.ts';
import type { ServiceAllocation } from './allocation/allocation.ts';
import type { TokenAuthenticator } from './auth/authenticator.ts';
import type { Authorizer } from './auth/authorizer.ts';
import type { ObjectSource } from './auth/object-source.ts';
import type { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import type { ComputedKind } from './computed-kind.ts';
import type { LiveWatches } from './custom/live-watches.ts';
import { freezeDeeply, objectOf } from './stored-object.ts';
import type { WatchCrowds } from './watch/watch-crowds.ts';

/** What verbs need. */
export interface Serving {
  readonly store: Store;
  readonly catalog: KindCatalog;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly admission: Admission;
  readonly authorizer: Authorizer;
  readonly allocation: ServiceAllocation | undefined;
  readonly objects: ObjectSource;
  readonly nodeConnections: NodeConnections;
  /** The issuer of service-account tokens; absent where there is none. */
  readonly tokens: ServiceAccountTokens | undefined;
  /** Who can tell whose a token is, for TokenReviews. */
  readonly tokenAuthenticators: readonly TokenAuthenticator[];
  /** Open watches of kinds that may change. Absent: no kind ever does. */
  readonly watches?: LiveWatches;
  /** Watches that each ask for a value of one field. */
  readonly crowds: WatchCrowds;
  /** Kinds that are worked out instead of stored, by `GROUP/RESOURCE`. */
  readonly computed: ReadonlyMap<string, ComputedKind>;
  /** Whether a kind came from a CustomResourceDefinition. */
  isCustom(kind: KindDescription): boolean;
}

/** What admission may use for one request. */
export function admissionContextOf({ objects, clock, entropy, authorizer }: Serving, warnings: string[]): AdmissionContext {
  return { objects, clock, entropy, authorizer, warn: (text) => void warnings.push(text) };
}

/**
 * The description of a kind in the version that its rules are about: the stored one. Custom resources are judged in the version of the request, and
 * turned into the stored one as they are written.
 */
export function storedKindOf(catalog: KindCatalog, kind: KindDescription): KindDescription {
  return kind.custom !== undefined ? kind : (catalog.storageKind(kind) ?? kind);
}

/** An object as it is stored: in the version of storage, with what that version defaults, since it is read back through those. */
export function storageForm(storedKind: KindDescription, kind: KindDescription, object: AnyObject): AnyObject {
  return storedKind === kind ? object : rulesOf(storedKind).default(toStorage(kind, object));
}

/** Whether the stored bytes of a kind are already in the version that the description is of. */
export function storedAsServed(kind: KindDescription): boolean {
  return kind.version === kind.storageVersion && (kind.storageGroup ?? kind.group) === kind.group;
}

/** Whether an entry's bytes are what readers of `kind` see. A custom resource's are only where its definition has not changed since. */
export function bytesAsServed(kind: KindDescription, entry: Entry): boolean {
  return storedAsServed(kind) && (kind.custom === undefined || entry.modRevision > kind.custom.since);
}

const convertedBound = 2000;
const converted = new Recent<Entry, Map<KindDescription, AnyObject>>(convertedBound);

/** An entry's object in the version of `kind`: frozen, shared by all who ask at about the same time. */
export function objectAs(kind: KindDescription, entry: Entry): AnyObject {
  const stored = objectOf(entry);
  if (bytesAsServed(kind, entry)) return stored;
  let known = converted.get(entry);
  if (known === undefined) {
    known = new Map();
    converted.set(entry, known, 1);
  }
  const found = known.get(kind) ?? inFieldOrder(kind, freezeDeeply(fromStorage(kind, stored)));
  known.set(kind, found);
  return found;
}
