// Owns taking paths out of an object. Structured merge's rules, its nulls where everything went included; pure.
import type { FieldSet } from './field-set.ts';
import { resolved, type Shape, shapeOfItem, shapeOfMember } from './field-shape.ts';
import { elementOrNone } from './path-element.ts';

/** The value without the paths of `gone`. What is left empty by it is null. */
export function removeFields(shape: Shape, value: unknown, gone: FieldSet): unknown {
  if (gone.children.size === 0) return value;
  const actual = resolved(shape, value);
  if (actual.is === 'scalar' || (actual.is === 'untyped' && typeof value !== 'object')) return value;
  if (typeof value !== 'object' || value === null || actual.is === 'untyped' || actual.atomic) return null;
  if (actual.is === 'list') {
    if (!Array.isArray(value)) return null;
    const inner = shapeOfItem(actual);
    const items = value.flatMap((item) => {
      const set = gone.children.get(elementOrNone(actual, item) ?? '');
      if (set?.member) return [];
      return [set === undefined || set.children.size === 0 ? item : removeFields(inner, item, set)];
    });
    return items.length === 0 ? null : items;
  }
  if (Array.isArray(value)) return null;
  const rest: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const set = gone.children.get(`f:${name}`);
    if (set?.member) continue;
    const after =
      set === undefined || set.children.size === 0 ? field : removeFields(shapeOfMember(actual, name) ?? { is: 'untyped' }, field, set);
    Object.defineProperty(rest, name, { value: after, enumerable: true, writable: true, configurable: true });
  }
  return Object.keys(rest).length === 0 ? null : rest;
}
