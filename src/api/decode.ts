// Owns reading a request's object of a kind: parsed JSON in, the canonical wire form out, refusals as upstream words them.

import type { CustomBehaviour } from './custom-behaviour.ts';
import type { FieldOrder } from './decode-json.ts';
import { DecodePlans } from './decode-plan.ts';
import { ValueError } from './decode-scalars.ts';
import { type DecodeState, type Dialect, MismatchError } from './decode-state.ts';
import type { KindDescription, TypeTable } from './kind.ts';
import type { AnyObject } from './object.ts';
import { apiVersionOf } from './object.ts';
import { QuantityError } from './quantity.ts';
import { badRequest, type StatusError } from './status-error.ts';

/** What to do about unknown and repeated fields: drop them silently, drop them with a warning each, or refuse. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** How an object is to be read. */
export interface DecodeOptions {
  readonly fieldValidation: FieldValidation;
  /** Objects with repeated fields, from `parseJson`. */
  readonly repeats?: ReadonlyMap<object, FieldOrder>;
  /** What a strict reader of the text has complained of already. */
  readonly strict?: readonly string[];
  /** Whether a group version and kind is served at all; it decides how another kind is refused. Unless told, none is. */
  readonly isRegistered?: (apiVersion: string, kind: string) => boolean;
  /** Finds a kind that is served: what claims to be one is read as one before it is refused. */
  readonly kindNamed?: (apiVersion: string, kind: string) => KindDescription | undefined;
  /** Whose words a wrong type is refused in; `json` unless told. */
  readonly dialect?: Dialect;
  /** An object that was read already. Parts of it that stand where they stood are taken as they are. */
  readonly known?: object;
}

/** An object in its wire form (fields in wire order, canonical values, zero values as Go drops them) and warnings for the client. */
export interface Decoded {
  readonly object: AnyObject;
  readonly warnings: readonly string[];
}

/** Why an object could not be read; the texts are those of upstream's decoder and name no kind. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

const noRepeats: ReadonlyMap<object, FieldOrder> = new Map();
const plansOf = new WeakMap<TypeTable, DecodePlans>();

function plans(types: TypeTable): DecodePlans {
  let found = plansOf.get(types);
  if (found === undefined) {
    found = new DecodePlans(types);
    plansOf.set(types, found);
  }
  return found;
}

/** Reads an object whose kind is settled. Throws DecodeError with the bare complaint: patches wrap it otherwise than writes do. */
export function decodeFields(kind: KindDescription, raw: object, options: DecodeOptions): Decoded {
  if (kind.custom !== undefined) return decodeCustom(kind.custom, raw, options);
  const state: DecodeState = {
    trail: [],
    repeats: options.repeats ?? noRepeats,
    strict: [...(options.strict ?? [])],
    dialect: options.dialect ?? 'json',
  };
  let object: AnyObject;
  try {
    object = plans(kind.types).struct(kind.type).decode(raw, state, options.known) as AnyObject;
  } catch (error) {
    if (!(error instanceof ValueError || error instanceof QuantityError)) throw error;
    const prefix = options.dialect === 'converter' && !(error instanceof MismatchError) ? 'error decoding from json: ' : '';
    throw new DecodeError(prefix + error.message);
  }
  if (state.strict.length > 0 && options.fieldValidation === 'Strict')
    throw new DecodeError(`strict decoding error: ${state.strict.join(', ')}`);
  const { kind: _kind, apiVersion: _version, ...fields } = object;
  const named = { kind: kind.kind, apiVersion: apiVersionOf(kind.group, kind.version), ...fields };
  return { object: named, warnings: options.fieldValidation === 'Warn' ? state.strict : [] };
}

/** A custom resource keeps the kind and apiVersion that it came with: its rules judge them. */
function decodeCustom(
  custom: CustomBehaviour,
  raw: object,
  { fieldValidation, repeats = noRepeats, strict: told = [] }: DecodeOptions,
): Decoded {
  try {
    const { object, strict: found } = custom.decode(raw, repeats);
    const strict = [...told, ...found];
    if (strict.length > 0 && fieldValidation === 'Strict') throw new DecodeError(`strict decoding error: ${strict.join(', ')}`);
    return { object, warnings: fieldValidation === 'Warn' ? strict : [] };
  } catch (error) {
    if (error instanceof ValueError || error instanceof QuantityError) throw new DecodeError(error.message);
    throw error;
  }
}

function refused(raw: Readonly<Record<string, unknown>>, kind: KindDescription, why: string): StatusError {
  const ownKind = typeof raw['kind'] === 'string' && raw['kind'] !== '' ? raw['kind'] : kind.kind;
  const apiVersion = typeof raw['apiVersion'] === 'string' && raw['apiVersion'] !== '' ? raw['apiVersion'] : kind.version;
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  return badRequest(`${ownKind} in version "${version}" cannot be handled as a ${kind.kind}: ${why}`);
}

/** The name that Go gives a group's internal package: `core`, `apps`, `rbac`. */
function internalPackage(group: string): string {
  return group === '' ? 'core' : (group.split('.')[0] ?? group);
}

/** Says why an object of another kind or version cannot be read as `kind`; undefined where it can. */
export function wrongKind(
  kind: KindDescription,
  raw: Readonly<Record<string, unknown>>,
  { isRegistered, kindNamed }: Pick<DecodeOptions, 'isRegistered' | 'kindNamed'>,
): string | undefined {
  if (kind.custom !== undefined) return undefined;
  const apiVersion = raw['apiVersion'];
  const name = raw['kind'];
  const expected = apiVersionOf(kind.group, kind.version);
  const foundVersion = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : expected;
  const foundKind = typeof name === 'string' && name !== '' ? name : kind.kind;
  if (foundVersion === expected && foundKind === kind.kind) return undefined;
  const listed =
    (foundKind === 'List' && foundVersion === 'v1') || (foundKind.endsWith('List') && isRegistered?.(foundVersion, foundKind.slice(0, -4)));
  if (!isRegistered?.(foundVersion, foundKind) && !listed)
    return `no kind "${foundKind}" is registered for version "${foundVersion}" in scheme "pkg/runtime/scheme.go:111"`;
  const other = kindNamed?.(foundVersion, foundKind);
  if (other !== undefined && other.custom === undefined) {
    try {
      decodeFields(other, raw, { fieldValidation: 'Ignore' });
    } catch (error) {
      if (error instanceof DecodeError) return error.message;
      throw error;
    }
  }
  const version = foundVersion.slice(foundVersion.indexOf('/') + 1);
  return `converting (${version}.${foundKind}) to (${internalPackage(kind.group)}.${kind.kind}): unknown conversion`;
}

/** Bodies of custom resources must say what they are. Throws BadRequest. */
function checkCustomType(kind: KindDescription, raw: Readonly<Record<string, unknown>>): void {
  if (kind.custom === undefined) return;
  const { kind: name } = raw;
  if (name === undefined || name === '' || name === null) {
    const text = JSON.stringify(raw);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): Object 'Kind' is missing in '${text}' (${excerpt(text)})`,
    );
  }
}

/** Custom resources are read before it is seen that they are of another version: what was to be told of their fields is told. Throws BadRequest. */
export function checkCustomVersion(kind: KindDescription, { apiVersion = '' }: AnyObject): void {
  const expected = apiVersionOf(kind.group, kind.version);
  if (kind.custom !== undefined && apiVersion !== expected)
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected})`);
}

function excerpt(text: string): string {
  return text.length > 30 ? `${text.slice(0, 30)} ...` : text;
}

/** Reads the object of a create or an update. Throws StatusError (400) as upstream; a missing kind or apiVersion is filled in. */
export function decodeObject(kind: KindDescription, raw: unknown, options: DecodeOptions): Decoded {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw badRequest(`couldn't get version/kind; json parse error: ${notAnObject(raw)}`);
  const fields = raw as Readonly<Record<string, unknown>>;
  checkCustomType(kind, fields);
  const why = wrongKind(kind, fields, options);
  if (why !== undefined) throw refused(fields, kind, why);
  try {
    return decodeFields(kind, raw, options);
  } catch (error) {
    if (error instanceof DecodeError) throw refused(fields, kind, error.message);
    throw error;
  }
}

/** What the wire form of a kind holds in a field that nobody set: an empty struct, null, or undefined where nothing is written. */
export function unsetField(kind: KindDescription, name: string): unknown {
  return plans(kind.types)
    .struct(kind.type)
    .fields.find((field) => field.name === name)
    ?.zero();
}

/** What Go says of a body that is no object where the kind is looked for. */
export function notAnObject(raw: unknown): string {
  const type = Array.isArray(raw) ? 'array' : typeof raw === 'boolean' ? 'bool' : typeof raw;
  const target = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  return `json: cannot unmarshal ${type} into Go value of type ${target}`;
}
