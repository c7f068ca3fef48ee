// Owns checking a value against its shape before it is applied: wrong types, fields nobody declared, items twice. Structured merge's words.

import { type ListShape, type MapShape, resolved, type ScalarShape, type Shape, shapeOfItem, shapeOfMember } from './field-shape.ts';
import { goSyntax } from './go-syntax.ts';
import { elementOfItem, formatElement, UnnamedItem } from './path-element.ts';

/** What is wrong, and where. */
interface Complaint {
  readonly path: string;
  readonly why: string;
}

/** Says what is wrong with a value; undefined where it fits. */
export function typeComplaint(shape: Shape, value: unknown, allowRepeats = false): string | undefined {
  const found: Complaint[] = [];
  check(shape, value, '', allowRepeats, found);
  const lines = found.map(({ path, why }) => (path === '' ? why : `${path}: ${why}`));
  return lines.length <= 1 ? lines[0] : ['errors:', ...lines.map((line) => `  ${line}`)].join('\n');
}

function check(shape: Shape, value: unknown, path: string, allowRepeats: boolean, found: Complaint[]): void {
  if (value === null || value === undefined) return;
  const actual = resolved(shape, value);
  if (actual.is === 'untyped') return;
  if (actual.is === 'scalar') checkScalar(actual, value, path, found);
  else if (actual.is === 'list') checkList(actual, value, path, allowRepeats, found);
  else checkMap(actual, value, path, allowRepeats, found);
}

function checkScalar({ of }: ScalarShape, value: unknown, path: string, found: Complaint[]): void {
  const type = typeof value;
  if (of === 'numeric' && type !== 'number') found.push({ path, why: `expected numeric (int or float), got ${goSyntax.type(value)}` });
  if (of === 'string' && type !== 'string')
    found.push({ path, why: `expected string, got &value.valueUnstructured{Value:${goSyntax.literal(value)}}` });
  if (of === 'boolean' && type !== 'boolean') found.push({ path, why: `expected boolean, got &{${goSyntax.plain(value)}}` });
  if (of === 'untyped' && type === 'object') found.push({ path, why: `expected any scalar, got &{${goSyntax.plain(value)}}` });
}

function checkMap(shape: MapShape, value: unknown, path: string, allowRepeats: boolean, found: Complaint[]): void {
  if (typeof value !== 'object' || Array.isArray(value)) {
    found.push({ path, why: `expected map, got &{${goSyntax.plain(value)}}` });
    return;
  }
  for (const [name, field] of Object.entries(value as object)) {
    const inner = shapeOfMember(shape, name);
    if (inner === undefined) {
      found.push({ path: `${path}.${name}`, why: 'field not declared in schema' });
      return;
    }
    check(inner, field, `${path}.${name}`, allowRepeats, found);
  }
}

function checkList(shape: ListShape, value: unknown, path: string, allowRepeats: boolean, found: Complaint[]): void {
  if (!Array.isArray(value)) {
    found.push({ path, why: `expected list, got &{${goSyntax.plain(value)}}` });
    return;
  }
  const inner = shapeOfItem(shape);
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    let element = `i:${index}`;
    if (!shape.atomic) {
      try {
        element = elementOfItem(shape, item);
      } catch (error) {
        if (!(error instanceof UnnamedItem)) throw error;
        found.push({ path, why: `element ${index}: ${error.message}` });
        return;
      }
      if (seen.has(element) && !allowRepeats) found.push({ path, why: `duplicate entries for key ${formatElement(element)}` });
      seen.add(element);
    }
    check(inner, item, path + formatElement(element), allowRepeats, found);
  }
}
