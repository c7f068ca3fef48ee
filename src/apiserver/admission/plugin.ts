// Owns what admission is: what a plug-in is asked, what it may use, and the order mutate, then validate.
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { forbidden, type StatusError } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Entropy } from '../../base/entropy.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { ObjectSource } from '../auth/object-source.ts';
import type { User } from '../auth/user.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** A write that is about to happen. Objects must not be changed: a plug-in answers with another object. */
export interface AdmissionAttributes {
  readonly operation: Operation;
  /** The resource that the request is about; for a subresource its parent. */
  readonly kind: KindDescription;
  /** `''` for the resource itself; `status`, `binding`, `eviction`, `token`, `exec` … */
  readonly subresource: string;
  /** `''` at cluster scope. */
  readonly namespace: string;
  /** May be `''` on a create with generateName. */
  readonly name: string;
  readonly user: User;
  /** What is to be stored, or a subresource's body; absent for DELETE and for CONNECT. */
  readonly object?: AnyObject;
  /** What is stored now; absent for CREATE. */
  readonly oldObject?: AnyObject;
  /** The body of DeleteOptions and the like. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
}

/** What plug-ins may use. */
export interface AdmissionContext {
  readonly objects: ObjectSource;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly authorizer: Authorizer;
  /** Adds a Warning header to the answer. */
  warn(text: string): void;
}

/** One gate. Refuses by throwing StatusError, mostly Forbidden in the form of `refusal`. */
export interface AdmissionPlugin {
  readonly name: string;
  /**
   * The object to go on with (the same one where nothing is to change). Called only where `attributes.object` is there, or for DELETE and CONNECT. Most
   * answer at once: twenty promises a write would cost more than what the plug-ins look at.
   */
  admit?(attributes: AdmissionAttributes, context: AdmissionContext): Promise<AnyObject | undefined> | AnyObject | undefined;
  validate?(attributes: AdmissionAttributes, context: AdmissionContext): Promise<void> | undefined;
}

/**
 * Admission as the request pipeline calls it: `mutate` before defaults' check and validation, `validate` after them. Both answer at once where every
 * plug-in does; a refusal is then thrown, else it rejects.
 */
export interface Admission {
  /** The object to go on with; undefined where there was none. */
  mutate(attributes: AdmissionAttributes, context: AdmissionContext): Promise<AnyObject | undefined> | AnyObject | undefined;
  validate(attributes: AdmissionAttributes, context: AdmissionContext): Promise<void> | undefined;
}

/** Runs the plug-ins in their order: every `admit`, each seeing the object of the one before, and later every `validate`. */
export function createAdmission(plugins: readonly AdmissionPlugin[]): Admission {
  const admitting = plugins.filter(({ admit }) => admit !== undefined);
  const validating = plugins.filter(({ validate }) => validate !== undefined);
  return {
    mutate: (attributes, context) => admitted(admitting, 0, attributes, context),
    validate: (attributes, context) => validated(validating, 0, attributes, context),
  };
}

function admitted(
  plugins: readonly AdmissionPlugin[],
  from: number,
  attributes: AdmissionAttributes,
  context: AdmissionContext,
): Promise<AnyObject | undefined> | AnyObject | undefined {
  let current = attributes;
  for (let index = from; index < plugins.length; index++) {
    const answer = plugins[index]?.admit?.(current, context);
    if (answer instanceof Promise) {
      const before = current;
      return answer.then((object) => admitted(plugins, index + 1, withObject(before, object), context));
    }
    current = withObject(current, answer);
  }
  return current.object;
}

function withObject(attributes: AdmissionAttributes, object: AnyObject | undefined): AdmissionAttributes {
  return object === undefined || object === attributes.object ? attributes : { ...attributes, object };
}

function validated(
  plugins: readonly AdmissionPlugin[],
  from: number,
  attributes: AdmissionAttributes,
  context: AdmissionContext,
): Promise<void> | undefined {
  for (let index = from; index < plugins.length; index++) {
    const answer = plugins[index]?.validate?.(attributes, context);
    if (answer !== undefined) return answer.then(() => validated(plugins, index + 1, attributes, context));
  }
  return undefined;
}

/** A 403 about the object of the request: `pods "x" is forbidden: …`. An object that has no name yet goes by what its name will begin with. */
export function refusal({ kind, name, object }: AdmissionAttributes, why: string): StatusError {
  return forbidden(kind, name || object?.metadata.name || object?.metadata.generateName || 'Unknown', why);
}

/** True for a request about this resource itself (no subresource). */
export function isAbout(attributes: AdmissionAttributes, group: string, resource: string): boolean {
  return attributes.kind.group === group && attributes.kind.resource === resource && attributes.subresource === '';
}
