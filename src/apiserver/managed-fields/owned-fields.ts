// Owns which paths an applied configuration speaks of: the set that its manager comes to own. Structured merge's rules; pure.
import { itemsOf } from './compare-fields.ts';
import { emptySet, type FieldSet, isEmptySet, leafSet, setOf } from './field-set.ts';
import { resolved, type Shape, shapeOfItem, shapeOfMember } from './field-shape.ts';

/** The paths of a value: leaves, list items and map keys, and members that are null or empty. Of items with one name only the name. */
export function ownedFields(shape: Shape, value: unknown): FieldSet {
  if (value === undefined) return emptySet;
  const actual = resolved(shape, value);
  if (actual.is === 'scalar' || actual.is === 'untyped' || actual.atomic) return leafSet;
  if (value === null || typeof value !== 'object') return emptySet;
  const children = new Map<string, FieldSet>();
  if (actual.is === 'list') {
    if (!Array.isArray(value)) return emptySet;
    const inner = shapeOfItem(actual);
    for (const [element, items] of itemsOf(actual, value))
      children.set(element, items.length > 1 ? leafSet : setOf(ownedFields(inner, items[0]).children, true));
    return setOf(children);
  }
  for (const [name, field] of Object.entries(value)) {
    const inner = shapeOfMember(actual, name);
    if (field === undefined || inner === undefined) continue;
    const below = ownedFields(inner, field);
    const set = !actual.declared.has(name) || isBare(field) ? setOf(below.children, true) : below;
    if (!isEmptySet(set)) children.set(`f:${name}`, set);
  }
  return setOf(children);
}

function isBare(value: unknown): boolean {
  return value === null || (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0);
}
