// Owns bringing a manager's fields up to date where the schema has changed since: what became atomic is one field now. What became granular stays.
import { type FieldSet, leafSet, setOf } from './field-set.ts';
import { resolved, type Shape, shapeOfItem, shapeOfMember } from './field-shape.ts';

/** The set as the shape of now has it; the same set where nothing changed. */
export function reconciledFields(set: FieldSet, shape: Shape | undefined): FieldSet {
  if (shape === undefined || shape.is === 'deduced' || set.children.size === 0) return set;
  const actual = resolved(shape, undefined);
  if (actual.is !== 'list' && actual.is !== 'map') return set;
  if (actual.atomic) return leafSet;
  const children = new Map<string, FieldSet>();
  let changed = false;
  for (const [element, child] of set.children) {
    const next = reconciledFields(child, actual.is === 'list' ? shapeOfItem(actual) : shapeOfMember(actual, element.slice(2)));
    changed ||= next !== child;
    children.set(element, next);
  }
  return changed ? setOf(children, set.member) : set;
}
