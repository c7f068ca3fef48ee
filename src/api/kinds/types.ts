// Owns reading the committed table of types (types.json) as TypeDescriptions, one at a time when asked for.
import type { FieldDescription, FieldType, TypeDescription, TypeTable } from '../kind.ts';
import table from './types.json' with { type: 'json' };

/** Facts of a field as the table spells them: `string`, `#type.name`, or an object of OpenAPI facts. */
interface FieldFacts {
  readonly type?: string;
  readonly format?: string;
  readonly ref?: string;
  readonly enum?: readonly string[];
  readonly items?: Facts;
  readonly values?: Facts;
  readonly default?: unknown;
  readonly 'list-type'?: 'atomic' | 'set' | 'map';
  readonly 'list-map-keys'?: readonly string[];
  readonly 'map-type'?: 'atomic' | 'granular';
  readonly 'patch-strategy'?: string;
  readonly 'patch-merge-key'?: string;
}
type Facts = string | FieldFacts;
interface TypeFacts {
  readonly fields: Readonly<Record<string, Facts>>;
  readonly required?: readonly string[];
  readonly 'map-type'?: 'atomic' | 'granular';
}

const facts = table as unknown as Readonly<Record<string, TypeFacts>>;

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const schemas = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.';
const scalars: Readonly<Record<string, FieldType>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { is: 'quantity' },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { is: 'intOrString' },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': { is: 'raw' },
  [`${meta}Time`]: { is: 'time' },
  [`${meta}MicroTime`]: { is: 'microTime' },
  [`${meta}FieldsV1`]: { is: 'raw' },
  [`${meta}Patch`]: { is: 'raw' },
  [`${schemas}JSON`]: { is: 'any' },
  [`${schemas}JSONSchemaPropsOrArray`]: { is: 'any' },
  [`${schemas}JSONSchemaPropsOrBool`]: { is: 'any' },
  [`${schemas}JSONSchemaPropsOrStringArray`]: { is: 'any' },
};

function referenced(name: string): FieldType {
  return scalars[name] ?? { is: 'ref', ref: name };
}

function fieldType(value: Facts): FieldType {
  if (typeof value === 'string') return value.startsWith('#') ? referenced(value.slice(1)) : plain(value, {});
  if (value.ref !== undefined) return referenced(value.ref);
  if (value.type === 'array') {
    const items = value.items ?? 'object';
    const itemDefault = typeof items === 'string' ? undefined : items.default;
    return { is: 'list', items: fieldType(items), ...(itemDefault === undefined ? {} : { itemDefault }) };
  }
  if (value.type === 'object' && value.values !== undefined) return { is: 'map', values: fieldType(value.values) };
  return plain(value.type ?? 'object', value);
}

function plain(type: string, { format, enum: values }: FieldFacts): FieldType {
  const is = type === 'string' || type === 'boolean' || type === 'integer' || type === 'number' ? type : 'any';
  return { is, ...(format === undefined ? {} : { format }), ...(values === undefined ? {} : { enum: values }) };
}

function describe(name: string, { fields, required = [], 'map-type': mapType }: TypeFacts): TypeDescription {
  const described = new Map<string, FieldDescription>();
  for (const [field, value] of Object.entries(fields)) {
    const more: FieldFacts = typeof value === 'string' ? {} : value;
    const strategy = more['patch-strategy']?.split(',') as FieldDescription['patchStrategy'];
    described.set(field, {
      type: fieldType(value),
      ...(required.includes(field) ? { required: true } : {}),
      ...('default' in more ? { default: more.default } : {}),
      ...(more['list-type'] === undefined ? {} : { listType: more['list-type'] }),
      ...(more['list-map-keys'] === undefined ? {} : { listMapKeys: more['list-map-keys'] }),
      ...(more['map-type'] === undefined ? {} : { mapType: more['map-type'] }),
      ...(strategy === undefined ? {} : { patchStrategy: strategy }),
      ...(more['patch-merge-key'] === undefined ? {} : { patchMergeKey: more['patch-merge-key'] }),
    });
  }
  return { name, fields: described, ...(mapType === undefined ? {} : { mapType }) };
}

const described = new Map<string, TypeDescription>();

/** Every struct of the built-in kinds, by its OpenAPI name. Described when first asked for, then shared. */
export const builtInTypes: TypeTable = {
  get(name) {
    const known = described.get(name);
    if (known !== undefined) return known;
    const typeFacts = facts[name];
    if (typeFacts === undefined) return undefined;
    const made = describe(name, typeFacts);
    described.set(name, made);
    return made;
  },
};

/** The OpenAPI facts of a built-in type as the table holds them, for publishing; undefined where there is none. */
export function typeFactsOf(name: string): Readonly<Record<string, unknown>> | undefined {
  return facts[name] as Readonly<Record<string, unknown>> | undefined;
}

/** The names of all types in the table, sorted. */
export function builtInTypeNames(): readonly string[] {
  return Object.keys(facts);
}
