// Owns one patch request's decision: from the stored object and the patch's text to the object to be written, with upstream's refusals.

import { quoted } from '../../api/causes.ts';
import { type Decoded, DecodeError, type DecodeOptions, decodeFields, wrongKind } from '../../api/decode.ts';
import { type JsonDocument, JsonSyntaxError, parseJson } from '../../api/decode-json.ts';
import { repeatedFields } from '../../api/decode-state.ts';
import { goPrint } from '../../api/go-values.ts';
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { badRequest, StatusError } from '../../api/status-error.ts';
import { applyJsonPatch, unknownMembers } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicPatch } from './strategic-merge-patch.ts';

/** The sorts of patches besides apply, by their media types' names. */
export type PatchSort = 'json-patch' | 'merge-patch' | 'strategic-merge-patch';

type Fields = Readonly<Record<string, unknown>>;

/** Upstream's refusal of a patch whose result cannot be read: an Invalid of no kind and no name. */
function unreadable(shown: string, why: string): StatusError {
  const message = `Invalid value: ${quoted(shown)}: ${why}`;
  return new StatusError('Invalid', ` "" is invalid: patch: ${message}`, {
    details: { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] },
  });
}

function parsePatch(sort: PatchSort, patch: string | JsonDocument): JsonDocument {
  if (typeof patch !== 'string') return patch;
  try {
    return parseJson(patch);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw badRequest(sort === 'strategic-merge-patch' ? error.message : `error decoding patch: ${error.message}`);
  }
}

function asFields(sort: PatchSort, value: unknown): Fields {
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const why = `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
  throw badRequest(sort === 'strategic-merge-patch' ? why : `error decoding patch: ${why}`);
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortedKeys(item)]),
  );
}

/** Applies a patch of any sort to an object's fields; the result is not checked against the kind. Throws StatusError. */
export function patchFields(sort: PatchSort, kind: KindDescription, current: object, patch: unknown): object {
  switch (sort) {
    case 'json-patch':
      return applyJsonPatch(current, patch);
    case 'merge-patch':
      return applyMergePatch(current as Fields, asFields(sort, patch));
    case 'strategic-merge-patch':
      return applyStrategicPatch(kind.types, kind.type, current as Fields, asFields(sort, patch));
  }
}

/** Without a version upstream reads its internal type, which knows none of the fields but these by their names: an object without a name. */
function withoutVersion(kind: KindDescription, patched: Fields, shown: () => string, { fieldValidation }: DecodeOptions): Decoded {
  const fields = Object.keys(patched).sort();
  const strict = fields.filter((name) => name !== 'kind' && name !== 'apiVersion').map((name) => `unknown field "${name}"`);
  if (fieldValidation === 'Strict' && strict.length > 0) throw unreadable(shown(), `strict decoding error: ${strict.join(', ')}`);
  const object = { kind: kind.kind, metadata: {} } as AnyObject;
  return { object, warnings: fieldValidation === 'Warn' ? strict : [] };
}

/**
 * Applies a patch (its text, or what was read of it) to an object and reads the result as its kind. Throws StatusError: BadRequest for what is no patch, Invalid of no kind
 * where the result is no object of the kind (or has unknown or repeated fields under Strict).
 */
export function applyPatch(
  sort: PatchSort,
  kind: KindDescription,
  current: AnyObject,
  given: string | JsonDocument,
  options: DecodeOptions,
): Decoded {
  const { value: patch, repeats } = parsePatch(sort, given);
  const patched = patchFields(sort, kind, current, patch) as Fields;
  const shown = (): string => (sort === 'strategic-merge-patch' ? goPrint(patch) : JSON.stringify(sortedKeys(patched)));
  if (sort !== 'strategic-merge-patch' && kind.custom === undefined && !patched['apiVersion'])
    return withoutVersion(kind, patched, shown, options);
  const why = sort === 'strategic-merge-patch' ? undefined : wrongKind(kind, patched, options);
  if (why !== undefined) throw unreadable(shown(), why);
  const repeated = repeats.size === 0 || options.fieldValidation === 'Ignore' ? [] : repeatedFields(patch, repeats);
  try {
    const dialect = sort === 'strategic-merge-patch' ? 'converter' : 'json';
    const lenient = decodeFields(kind, patched, { ...options, fieldValidation: 'Warn', dialect, known: current });
    const unknown =
      lenient.warnings.length === 0
        ? []
        : decodeFields(kind, sortedKeys(patched) as object, { ...options, fieldValidation: 'Warn', dialect }).warnings;
    const strict = [...(sort === 'json-patch' ? unknownMembers(patch) : []), ...repeated, ...unknown];
    if (strict.length > 0 && options.fieldValidation === 'Strict') throw new DecodeError(`strict decoding error: ${strict.join(', ')}`);
    return { object: lenient.object, warnings: options.fieldValidation === 'Warn' ? strict : [] };
  } catch (error) {
    if (error instanceof DecodeError) throw unreadable(shown(), error.message);
    throw error;
  }
}
