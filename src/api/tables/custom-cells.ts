// Owns the rows of custom resources: each column is a JSONPath of its definition, printed as the column's type says.
import type { ColumnDescription } from '../kind.ts';
import { textAt } from './fields.ts';
import { ageOf, since } from './format.ts';
import { firstAt, parseJsonPath } from './json-path.ts';

function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A small fraction as Go's %v has it: 1e-05. */
function printedNumber(value: number): string {
  const small = value !== 0 && Math.abs(value) < 1e-4;
  return small ? value.toExponential().replace(/e-(\d)$/, 'e-0$1') : String(value);
}

/** Text for a cell: lists and objects as Go writes JSON, in the order of their names. */
function printed(value: unknown): string {
  if (value === null) return '<no value>';
  if (typeof value === 'number') return printedNumber(value);
  if (typeof value !== 'object') return String(value);
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, inOrder).replace(/[<>&\u2028\u2029]/g, escaped);
}

function cellOf(column: ColumnDescription, object: unknown, nowMs: number): unknown {
  const path = parseJsonPath(column.path ?? '');
  const first = path === undefined ? undefined : firstAt(path, object);
  if (first === undefined) return null;
  switch (column.type) {
    case 'integer':
      return typeof first === 'number' ? Math.trunc(first) : null;
    case 'number':
      return typeof first === 'number' ? first : null;
    case 'boolean':
      return typeof first === 'boolean' ? first : null;
    case 'date':
      return typeof first === 'string' ? (since(first, nowMs) === '<unknown>' ? '<invalid>' : since(first, nowMs)) : null;
    default:
      return printed(first);
  }
}

/** Name first, then the definition's own columns; the age alone where it has none. */
export function customCells(columns: readonly ColumnDescription[], object: unknown, nowMs: number): readonly unknown[] {
  return columns.map((column, index) => {
    if (column.path !== undefined) return cellOf(column, object, nowMs);
    return index === 0 ? textAt(object, 'metadata', 'name') : ageOf(object, nowMs);
  });
}
