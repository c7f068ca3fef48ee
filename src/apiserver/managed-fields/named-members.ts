// Owns completing a set with the structs on the way to its paths, which owners do not name but which come and go with what is in them.
import { type FieldSet, setOf } from './field-set.ts';
import { resolved, type Shape, shapeOfItem, shapeOfMember } from './field-shape.ts';

/** The set, with every declared member that has something below it a member of the set. */
export function withNamedMembers(set: FieldSet, shape: Shape | undefined): FieldSet {
  if (set.children.size === 0) return set;
  const actual = shape === undefined ? undefined : resolved(shape, undefined);
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    let inner: Shape | undefined;
    let named = false;
    if (actual?.is === 'map' && element.startsWith('f:')) {
      const name = element.slice(2);
      inner = shapeOfMember(actual, name);
      named = actual.declared.has(name) && child.children.size > 0;
    } else if (actual?.is === 'list' && element.startsWith('k:')) inner = shapeOfItem(actual);
    const completed = withNamedMembers(child, inner);
    children.set(element, named && !completed.member ? { ...completed, member: true } : completed);
  }
  return setOf(children, set.member);
}
