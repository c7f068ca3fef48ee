// Owns the schema of a custom resource as the server works with it: read once from a definition's version, then shared and never changed.
import type { JSONSchemaProps, ValidationRule } from '../apiextensions/v1.ts';
import { isKnownFormat } from './formats.ts';

/** One node of a schema. Absent texts are '', absent values undefined. Nested value validations (`allOf`, `not` …) are nodes as well. */
export interface Schema {
  readonly type: string;
  /** '' for formats that nobody checks. */
  readonly format: string;
  readonly nullable: boolean;
  readonly properties: ReadonlyMap<string, Schema> | undefined;
  /** The schema of all other fields; true and false as the definition says them. */
  readonly additional: Schema | boolean | undefined;
  readonly items: Schema | undefined;
  readonly default: unknown;
  readonly preserve: boolean;
  readonly embedded: boolean;
  readonly intOrString: boolean;
  readonly listType: string | undefined;
  readonly mapKeys: readonly string[];
  readonly mapType: string | undefined;
  readonly rules: readonly ValidationRule[];
  readonly required: readonly string[];
  readonly enum: readonly unknown[];
  readonly pattern: string;
  readonly bounds: Bounds;
  readonly allOf: readonly Schema[];
  readonly anyOf: readonly Schema[];
  readonly oneOf: readonly Schema[];
  readonly not: Schema | undefined;
}

/** Limits of numbers, texts, lists and maps; undefined where there is none. */
export interface Bounds {
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf: number | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly minProperties: number | undefined;
  readonly maxProperties: number | undefined;
}

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a field whatever its name is: `__proto__` is a name like any other. */
export function setField(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else target[key] = value;
}

/** The field of an object; undefined where it has none of its own. */
export function fieldOf(object: Fields, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A read schema: the wire form's absent values made plain. */
export function readSchema(raw: JSONSchemaProps): Schema {
  const additional = raw.additionalProperties;
  const items = Array.isArray(raw.items) ? undefined : (raw.items as JSONSchemaProps | undefined);
  const each = (list: readonly JSONSchemaProps[] | undefined): readonly Schema[] => (list ?? []).map(readSchema);
  return {
    type: raw.type ?? '',
    format: raw.format !== undefined && isKnownFormat(raw.format) ? raw.format : '',
    nullable: raw.nullable === true,
    properties:
      raw.properties === undefined || Object.keys(raw.properties).length === 0
        ? undefined
        : new Map(Object.entries(raw.properties).map(([name, schema]) => [name, readSchema(schema)])),
    additional: additional === undefined || typeof additional === 'boolean' ? additional : readSchema(additional),
    items: items === undefined ? undefined : readSchema(items),
    default: raw.default ?? undefined,
    preserve: raw['x-kubernetes-preserve-unknown-fields'] === true,
    embedded: raw['x-kubernetes-embedded-resource'] === true,
    intOrString: raw['x-kubernetes-int-or-string'] === true,
    listType: raw['x-kubernetes-list-type'],
    mapKeys: raw['x-kubernetes-list-map-keys'] ?? [],
    mapType: raw['x-kubernetes-map-type'],
    rules: raw['x-kubernetes-validations'] ?? [],
    required: raw.required ?? [],
    enum: raw.enum ?? [],
    pattern: raw.pattern ?? '',
    bounds: {
      minimum: raw.minimum,
      maximum: raw.maximum,
      exclusiveMinimum: raw.exclusiveMinimum === true,
      exclusiveMaximum: raw.exclusiveMaximum === true,
      multipleOf: raw.multipleOf,
      minLength: raw.minLength,
      maxLength: raw.maxLength,
      minItems: raw.minItems,
      maxItems: raw.maxItems,
      minProperties: raw.minProperties,
      maxProperties: raw.maxProperties,
    },
    allOf: each(raw.allOf),
    anyOf: each(raw.anyOf),
    oneOf: each(raw.oneOf),
    not: raw.not === undefined ? undefined : readSchema(raw.not),
  };
}

/** The schema below a field: the declared one, else that of all other fields; undefined where nothing is said of it. */
export function schemaOfField(schema: Schema, name: string): Schema | undefined {
  const declared = schema.properties?.get(name);
  if (declared !== undefined) return declared;
  return typeof schema.additional === 'object' ? schema.additional : undefined;
}
