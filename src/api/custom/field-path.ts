// Owns simple paths into objects: `.spec.replicas`, as scale, printer columns and selectable fields name them.
import { type Fields, fieldOf, isFields } from './schema.ts';

/** The steps of a dotted path with a leading dot. */
export function stepsOf(path: string): readonly string[] {
  return path.replace(/^\./, '').split('.');
}

/** The value at a path; undefined where there is none. */
export function valueAtPath(object: unknown, path: string): unknown {
  let value = object;
  for (const step of stepsOf(path)) value = isFields(value) ? fieldOf(value, step) : undefined;
  return value;
}

/** The object with a value at a path, making what lies between. Throws nothing: what is no object there is replaced. */
export function withValueAt(object: Fields, path: string, value: unknown): Fields {
  const [first = '', ...rest] = stepsOf(path);
  if (rest.length === 0) return { ...object, [first]: value };
  const inner = fieldOf(object, first);
  return { ...object, [first]: withValueAt(isFields(inner) ? inner : {}, rest.join('.'), value) };
}
