// Owns which paths an applied configuration speaks of: the set that its manager comes to own. Structured merge's rules; pure.
import { itemsOf } from './compare-fields.ts';
import { emptySet, type FieldSet, isEmptySet, leafSet, setOf } from './field-set.ts';
import { type Shape, shapeOfMember, shapeOfValue } from './field-shape.ts';

/** The paths of a value: leaves, list items and map keys, and structs that are empty. */
export function ownedFields(shape: Shape, value: unknown): FieldSet {
  if (value === undefined) return emptySet;
  if (shape.is === 'leaf') return leafSet;
  if (value === null || typeof value !== 'object') return emptySet;
  const children = new Map<string, FieldSet>();
  if (shape.is === 'list') {
    const inner = shapeOfValue(shape.items, shape.types);
    for (const [element, item] of itemsOf(shape, value)) children.set(element, setOf(ownedFields(inner, item).children, true));
    return setOf(children);
  }
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    const inner = shape.is === 'struct' ? shapeOfMember(shape, name, field) : shapeOfValue(shape.values, shape.types, field);
    const declared = shape.is === 'struct' && shape.type.fields.has(name);
    const below = ownedFields(inner, field);
    const set = !declared || isHollow(field) ? setOf(below.children, true) : below;
    if (!isEmptySet(set)) children.set(`f:${name}`, set);
  }
  return setOf(children);
}

function isHollow(value: unknown): boolean {
  return value === null || (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0);
}
