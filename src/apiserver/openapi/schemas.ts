// Owns the schema of one built-in type as OpenAPI 2 and 3 spell it.

import { typeFactsOf } from '../../api/kinds/types.ts';
import { descriptionOf } from './descriptions.ts';

export type Json = Record<string, unknown>;

/** Which of the two spellings: they differ in where schemas live, in unions, and in how a reference says more. */
export type Spelling = 'v2' | 'v3';

const places: Readonly<Record<Spelling, string>> = { v2: '#/definitions/', v3: '#/components/schemas/' };
const plainKeys = new Set(['type', 'format', 'default', 'enum']);

export function referenceTo(type: string, spelling: Spelling): string {
  return places[spelling] + type;
}

/** A reference, wrapped where version 3 wants to say more beside it. */
function reference(type: string, spelling: Spelling, more: Json): Json {
  const $ref = referenceTo(type, spelling);
  if (spelling === 'v2')
    return { ...(more['description'] === undefined ? {} : { description: more['description'] }), ...extensionsOf(more), $ref };
  return Object.keys(more).length === 0 ? { $ref } : { allOf: [{ $ref }], ...more };
}

function extensionsOf(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key.startsWith('x-')));
}

function spelledFacts(facts: unknown, spelling: Spelling, references: Set<string>, description?: string): Json {
  const about = description === undefined ? {} : { description };
  if (typeof facts === 'string') {
    if (!facts.startsWith('#')) return { type: facts, ...about };
    references.add(facts.slice(1));
    return reference(facts.slice(1), spelling, about);
  }
  const result: Json = { ...about };
  const { ref, items, values, ...rest } = facts as Json;
  for (const [key, value] of Object.entries(rest)) {
    if (plainKeys.has(key)) {
      // Version 2 publishes no defaults that only say what Go's zero is.
      if (key !== 'default' || spelling === 'v3') result[key] = value;
    } else result[`x-kubernetes-${key}`] = value;
  }
  if (items !== undefined) result['items'] = spelledFacts(items, spelling, references);
  if (values !== undefined) result['additionalProperties'] = spelledFacts(values, spelling, references);
  if (typeof ref !== 'string') return result;
  references.add(ref);
  return reference(ref, spelling, result);
}

const v2Scalars: Readonly<Record<string, Json>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string' },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: 'string', format: 'int-or-string' },
};

function builtInSchema(name: string, facts: Readonly<Record<string, unknown>>, spelling: Spelling, references: Set<string>): Json {
  const description = descriptionOf(name);
  const schema: Json = description === undefined ? {} : { description };
  const scalar = spelling === 'v2' ? v2Scalars[name] : undefined;
  if (scalar !== undefined) return { ...schema, ...scalar };
  const { fields, required, type, format, oneOf, 'group-version-kind': kinds, ...extensions } = facts;
  if (type !== undefined) schema['type'] = type;
  if (format !== undefined) schema['format'] = format;
  if (oneOf !== undefined) schema['oneOf'] = oneOf;
  if (required !== undefined) schema['required'] = required;
  const properties: Json = {};
  for (const [field, value] of Object.entries(fields as Json))
    properties[field] = spelledFacts(value, spelling, references, descriptionOf(name, field) ?? referredWords(value));
  if (Object.keys(properties).length > 0) schema['properties'] = properties;
  for (const [key, value] of Object.entries(extensions)) schema[`x-kubernetes-${key}`] = value;
  if (Array.isArray(kinds)) schema['x-kubernetes-group-version-kind'] = kinds.map((kind) => groupVersionKind(String(kind)));
  return schema;
}

/** The models say nothing of fields that hold another type: then that type's words stand in. */
function referredWords(value: unknown): string | undefined {
  if (typeof value === 'string') return value.startsWith('#') ? descriptionOf(value.slice(1)) : undefined;
  const { ref } = value as Json;
  return typeof ref === 'string' ? descriptionOf(ref) : undefined;
}

/** `apps/v1 Deployment` (or `/v1 Pod`) as the extension spells it. */
export function groupVersionKind(text: string): Json {
  const [place = '', kind = ''] = text.split(' ');
  const slash = place.indexOf('/');
  return { group: place.slice(0, slash), version: place.slice(slash + 1), kind };
}

/** The schema of a built-in type; the types that it refers to are added to `references`. Undefined where it is none. */
export function schemaOf(name: string, spelling: Spelling, references: Set<string>): Json | undefined {
  const facts = typeFactsOf(name);
  return facts === undefined ? undefined : builtInSchema(name, facts, spelling, references);
}
