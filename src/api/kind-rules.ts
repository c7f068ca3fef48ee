// Owns the contract of a kind's rules: what a write fills in, keeps, drops and refuses. The rules themselves live in their group's room.
import type { DeleteOptions, StatusCause } from './meta/v1.ts';
import type { AnyObject } from './object.ts';

/** How an object is to be deleted: how long it may still live, and the object to store until then where that is not at once. */
export interface GracefulDeletion {
  readonly graceSeconds: number;
}

/**
 * What writing an object of one kind means. All functions are pure, take canonical wire objects (see decode.ts) and return new ones;
 * causes come in upstream's order.
 */
export interface KindRules {
  /** Fills in what the versioned type defaults. */
  default(object: AnyObject): AnyObject;
  /** Drops what a create may not set (status), sets the first generation. */
  prepareForCreate(object: AnyObject): AnyObject;
  /** Keeps what an update may not change (status) and bumps the generation where the desired state changed. */
  prepareForUpdate(next: AnyObject, old: AnyObject): AnyObject;
  /** Keeps everything but the status (and what little else a status update may change). */
  prepareForStatusUpdate(next: AnyObject, old: AnyObject): AnyObject;
  /** `group` is the API group that the writer uses, where a kind has two: Events are stricter in events.k8s.io. */
  /** What upstream stores of a new object that was accepted, where that is more: its labels may follow from what was prepared. */
  settle?(object: AnyObject): AnyObject;
  validateCreate(object: AnyObject, group?: string): readonly StatusCause[];
  validateUpdate(next: AnyObject, old: AnyObject, group?: string): readonly StatusCause[];
  validateStatusUpdate(next: AnyObject, old: AnyObject): readonly StatusCause[];
  /** Warnings for the client about a new object, accepted or not. */
  earlyWarnings?(object: AnyObject): readonly string[];
  /** Warnings for the client about an accepted object: a new one, or a change of `old`. Both are prepared. */
  warnings(object: AnyObject, old?: AnyObject): readonly string[];
  /** Writes the times that are the server's to tell; absent for kinds without such. `old` is undefined for a create. */
  stamp?(object: AnyObject, old: AnyObject | undefined, nowMs: number): AnyObject;
  /** Whether an object may live on for a while once its deletion was asked for, and how long; absent for kinds that go at once. */
  gracefulDelete?(object: AnyObject, options: DeleteOptions, nowMs: number): GracefulDeletion;
}

/** The part of the rules that a group's room gives; everything it leaves out is as for any kind. */
export interface OwnRules {
  readonly default?: KindRules['default'];
  /** Fields besides metadata and status that do not count for the generation, or `none` where the kind has no generation. */
  readonly generation?: 'none' | ((object: AnyObject) => unknown);
  /** Whether a create may set the status: then it is kept. */
  readonly statusOnCreate?: true;
  /** Further changes after the generic preparation. */
  readonly prepareForCreate?: KindRules['prepareForCreate'];
  readonly prepareForUpdate?: KindRules['prepareForUpdate'];
  readonly prepareForStatusUpdate?: KindRules['prepareForStatusUpdate'];
  /** Complaints about a name; a DNS subdomain unless told. */
  readonly nameErrors?: (name: string, prefix: boolean) => readonly string[];
  /**
   * Which checks of the metadata an update runs for the kind itself, beside the two that run for every kind: those of an update, those of a
   * create, or both (unless told).
   */
  readonly metaOnUpdate?: 'update' | 'create' | 'none';
  /** Complaints beyond metadata, for create and (unless `validateUpdate` is given) for update. */
  readonly validate?: (object: AnyObject, group?: string) => readonly StatusCause[];
  readonly validateUpdate?: KindRules['validateUpdate'];
  readonly validateStatusUpdate?: KindRules['validateStatusUpdate'];
  readonly settle?: KindRules['settle'];
  readonly earlyWarnings?: KindRules['earlyWarnings'];
  readonly warnings?: KindRules['warnings'];
  readonly stamp?: NonNullable<KindRules['stamp']>;
  readonly gracefulDelete?: KindRules['gracefulDelete'];
}

/** A group's own rules by kind name. */
export type GroupRules = Readonly<Record<string, OwnRules>>;

/** Rules written for a kind's own type, as rules of any object. */
export function onType<T>(change: (object: T) => T): (object: AnyObject) => AnyObject {
  return (object) => change(object as unknown as T) as unknown as AnyObject;
}

/** The same for what looks at two versions of an object. */
export function onTypes<T>(change: (next: T, old: T) => T): (next: AnyObject, old: AnyObject) => AnyObject {
  return (next, old) => change(next as unknown as T, old as unknown as T) as unknown as AnyObject;
}

/** For kinds that count no generations. */
export const withoutGeneration: OwnRules = { generation: 'none' };

/** Checks and warnings written for a kind's own type, as checks of any object. */
export function checksOf<T>(checks: {
  readonly validate?: (object: T, group?: string) => readonly StatusCause[];
  readonly validateUpdate?: (next: T, old: T, group?: string) => readonly StatusCause[];
  readonly validateStatusUpdate?: (next: T, old: T) => readonly StatusCause[];
  readonly warnings?: (object: T, old?: T) => readonly string[];
}): OwnRules {
  return checks as unknown as OwnRules;
}

/** For status updates of kinds that let nothing but the status and the managed fields change: metadata stays. */
export function withOldMetadata(next: AnyObject, old: AnyObject): AnyObject {
  const { managedFields } = next.metadata;
  const { managedFields: _old, ...metadata } = old.metadata;
  return { ...next, metadata: managedFields === undefined ? metadata : { ...metadata, managedFields } };
}
