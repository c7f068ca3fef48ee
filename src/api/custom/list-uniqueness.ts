// Owns that lists which are sets or maps hold nothing twice.
import { duplicate, invalidValue } from '../causes.ts';
import type { StatusCause } from '../meta/v1.ts';
import { canonicalText } from './deep-equal.ts';
import { type Fields, isFields, type Schema } from './schema.ts';

/** Complaints about repeated items, at any depth below `field`. */
export function repeatedItems(value: unknown, schema: Schema, field = ''): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  visit(value, schema, field, causes);
  return causes;
}

function visit(value: unknown, schema: Schema, field: string, causes: StatusCause[]): void {
  if (Array.isArray(value)) {
    if (schema.listType === 'set') causes.push(...repeated(value, field, (item) => item));
    else if (schema.listType === 'map') causes.push(...repeatedKeys(value, schema.mapKeys, field));
    const { items } = schema;
    if (items !== undefined) for (const [index, item] of value.entries()) visit(item, items, `${field}[${index}]`, causes);
    return;
  }
  if (!isFields(value)) return;
  for (const [name, item] of Object.entries(value)) {
    if (typeof schema.additional === 'object') visit(item, schema.additional, `${field}[${name}]`, causes);
    const inner = schema.properties?.get(name);
    if (inner !== undefined) visit(item, inner, field === '' ? name : `${field}.${name}`, causes);
  }
}

/** Each item that came before is told once, at its second appearance. */
function repeated(list: readonly unknown[], field: string, keyOf: (item: unknown) => unknown): readonly StatusCause[] {
  const times = new Map<string, number>();
  return list.flatMap((item, index) => {
    const key = keyOf(item);
    const text = canonicalText(key);
    const seen = (times.get(text) ?? 0) + 1;
    times.set(text, seen);
    return seen === 2 ? [duplicate(`${field}[${index}]`, key)] : [];
  });
}

function repeatedKeys(list: readonly unknown[], keys: readonly string[], field: string): readonly StatusCause[] {
  const wrong = list.findIndex((item) => item !== null && !isFields(item));
  if (wrong >= 0) return [invalidValue(`${field}[${wrong}]`, list[wrong], 'must be an object for an array of list-type map')];
  const named = [...keys].sort();
  return repeated(list, field, (item) => {
    const fields = (item ?? {}) as Fields;
    return Object.fromEntries(named.flatMap((key) => (Object.hasOwn(fields, key) ? [[key, fields[key]]] : [])));
  });
}
