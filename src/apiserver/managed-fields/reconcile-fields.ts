// Owns bringing a manager's fields up to date where the schema has changed since: what became atomic is one field now. What became granular stays.
import { type FieldSet, leafSet, setOf } from './field-set.ts';
import { resolved, type Shape, shapeOfItem, shapeOfMember } from './field-shape.ts';

// What was in order once stays so, and the pods of a set share theirs.
const inOrder = new WeakMap<FieldSet, Shape>();

/** The set as the shape of now has it; the same set where nothing changed. */
export function reconciledFields(set: FieldSet, shape: Shape | undefined): FieldSet {
  if (shape === undefined || set.children.size === 0 || inOrder.get(set) === shape) return set;
  const now = reconciledLevel(set, shape);
  if (now === set) inOrder.set(set, shape);
  return now;
}

/** As `reconciledFields`, for a part of a set: only whole sets are remembered. */
function reconciledLevel(set: FieldSet, shape: Shape | undefined): FieldSet {
  if (shape === undefined || shape.is === 'deduced' || set.children.size === 0) return set;
  const actual = resolved(shape, undefined);
  if (actual.is !== 'list' && actual.is !== 'map') return set;
  if (actual.atomic) return leafSet;
  let children: Map<string, FieldSet> | undefined;
  for (const [element, child] of set.children) {
    if (child.children.size === 0) continue;
    const next = reconciledLevel(child, actual.is === 'list' ? shapeOfItem(actual) : shapeOfMember(actual, element.slice(2)));
    if (next === child) continue;
    children ??= new Map(set.children);
    children.set(element, next);
  }
  return children === undefined ? set : setOf(children, set.member);
}
