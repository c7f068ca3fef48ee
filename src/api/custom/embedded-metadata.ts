// Owns the metadata of custom resources and of resources embedded in them: reading it as the built-in type, dropping what it does not know.
import { invalidValue, required } from '../causes.ts';
import { DecodeError, decodeFields } from '../decode.ts';
import { ValueError } from '../decode-scalars.ts';
import type { KindDescription } from '../kind.ts';
import { builtInTypes } from '../kinds/types.ts';
import { objectMetaCauses } from '../meta/object-meta-validation.ts';
import type { ObjectMeta, StatusCause } from '../meta/v1.ts';
import { pathSegmentErrors } from '../names.ts';
import { type Fields, isFields, type Schema, schemaOfField, setField } from './schema.ts';

const metaKind: KindDescription = {
  group: '',
  version: 'v1',
  kind: 'ObjectMeta',
  listKind: '',
  resource: '',
  singular: '',
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: [],
  subresources: [],
  type: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  types: builtInTypes,
  storageVersion: 'v1',
  columns: [],
  selectableFields: [],
  stored: false,
};

/** Metadata as the built-in type writes it, and the names of fields that it does not know. */
export interface ReadMetadata {
  readonly metadata: ObjectMeta;
  readonly unknown: readonly string[];
}

/** Reads metadata. Throws ValueError in Go's words for values of the wrong type. */
export function readMetadata(raw: unknown): ReadMetadata {
  try {
    const { object, warnings } = decodeFields(metaKind, (raw ?? {}) as object, { fieldValidation: 'Warn' });
    const { kind: _kind, apiVersion: _version, creationTimestamp, ...metadata } = object as unknown as Fields;
    const created = creationTimestamp === null || creationTimestamp === undefined ? {} : { creationTimestamp };
    const unknown = warnings.map((text) => /^unknown field "(.*)"$/s.exec(text)?.[1] ?? text);
    return { metadata: { ...metadata, ...created } as unknown as ObjectMeta, unknown };
  } catch (error) {
    if (error instanceof DecodeError) throw new ValueError(error.message);
    throw error;
  }
}

/** Reads the metadata of every embedded resource below a value; `unknown` gathers the paths of fields that went. Throws ValueError. */
export function coerceEmbedded(value: unknown, schema: Schema, unknown: string[], path = ''): unknown {
  if (!hasEmbedded(schema)) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item, index) => coerceEmbedded(item, items, unknown, `${path}[${index}]`));
  }
  if (!isFields(value)) return value;
  const read: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`;
    if (schema.embedded && (name === 'apiVersion' || name === 'kind') && typeof field !== 'string')
      throw new ValueError(`${at}: ${invalidValue('', field, 'must be a string').message}`);
    if (schema.embedded && name === 'metadata') {
      setField(read, name, embeddedMetadata(field, unknown, at));
      continue;
    }
    const inner = schemaOfField(schema, name);
    setField(read, name, inner === undefined ? field : coerceEmbedded(field, inner, unknown, at));
  }
  return read;
}

function embeddedMetadata(raw: unknown, unknown: string[], path: string): unknown {
  try {
    const { metadata, unknown: names } = readMetadata(raw);
    unknown.push(...names.map((name) => `${path}.${name}`));
    return metadata;
  } catch (error) {
    if (error instanceof ValueError) throw new ValueError(`${path}: ${invalidValue('', raw, error.message).message}`);
    throw error;
  }
}

const known = new WeakMap<Schema, boolean>();

/** Whether a schema holds embedded resources. */
export function hasEmbedded(schema: Schema): boolean {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const inner = [...(schema.properties?.values() ?? []), ...(typeof schema.additional === 'object' ? [schema.additional] : [])];
  const found = schema.embedded || inner.some(hasEmbedded) || (schema.items !== undefined && hasEmbedded(schema.items));
  known.set(schema, found);
  return found;
}

/** Complaints about the type and metadata of embedded resources. */
export function embeddedCauses(value: unknown, schema: Schema, field = ''): readonly StatusCause[] {
  if (!hasEmbedded(schema)) return [];
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, index) => embeddedCauses(item, items, `${field}[${index}]`));
  }
  if (!isFields(value)) return [];
  const own = schema.embedded ? resourceCauses(value, field) : [];
  const below = Object.entries(value).flatMap(([name, item]) => {
    const declared = schema.properties?.get(name);
    const at = declared !== undefined ? (field === '' ? name : `${field}.${name}`) : `${field}[${name}]`;
    const inner = schemaOfField(schema, name);
    return inner === undefined ? [] : embeddedCauses(item, inner, at);
  });
  return [...own, ...below];
}

function resourceCauses(resource: Fields, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const at = (name: string): string => (field === '' ? name : `${field}.${name}`);
  for (const name of ['apiVersion', 'kind'] as const) {
    const value = resource[name];
    if (value === undefined || value === '') causes.push(required(at(name)));
  }
  const { apiVersion, kind, metadata } = resource;
  if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2)
    causes.push(invalidValue(at('apiVersion'), apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  if (typeof kind === 'string' && kind !== '' && !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(kind.toLowerCase()))
    causes.push(
      invalidValue(
        at('kind'),
        kind,
        "may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ),
    );
  if (isFields(metadata)) {
    const meta = { ...metadata, name: metadata['name'] || 'name' } as Partial<ObjectMeta>;
    const namespaced = typeof meta.namespace === 'string' && meta.namespace !== '';
    causes.push(...genericMetaCauses(objectMetaCauses(meta, namespaced, pathSegmentErrors, at('metadata'))));
  }
  return causes;
}

/** Metadata's causes without those that only built-in kinds have: custom resources may have finalizers of any name. */
export function genericMetaCauses(causes: readonly StatusCause[]): readonly StatusCause[] {
  return causes.filter(({ message }) => message?.endsWith('name is neither a standard finalizer name nor is it fully qualified') !== true);
}
