// Owns the rows of custom resources: each column is a JSONPath of its definition, printed as the column's type says.
import type { ColumnDescription } from '../kind.ts';
import { textAt } from './fields.ts';
import { ageOf, since } from './format.ts';

type Step =
  | { readonly is: 'field'; readonly name: string }
  | { readonly is: 'index'; readonly index: number }
  | { readonly is: 'all' }
  | { readonly is: 'nothing' };

const known = new Map<string, readonly Step[]>();

/** Parses `.spec.a`, `.spec.list[*].b`, `.spec['a.b']`, `.list[0]`; what it cannot read finds nothing. */
function stepsOf(path: string): readonly Step[] {
  const before = known.get(path);
  if (before !== undefined) return before;
  const steps: Step[] = [];
  const text = path.replace(/^\$/, '');
  const token = /\.?((?:[A-Za-z0-9_$/-]|\\.)+)|\.?\['((?:[^'\\]|\\.)*)'\]|\[(-?\d+)\]|\.?\[?(\*)\]?/y;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) {
      steps.push({ is: 'nothing' });
      break;
    }
    const [, name, quoted, index, all] = match;
    if (all !== undefined) steps.push({ is: 'all' });
    else if (index !== undefined) steps.push({ is: 'index', index: Number(index) });
    else steps.push({ is: 'field', name: (name ?? quoted ?? '').replace(/\\(.)/g, '$1') });
  }
  if (known.size > 10_000) known.clear();
  known.set(path, steps);
  return steps;
}

function find(values: readonly unknown[], step: Step): readonly unknown[] {
  return values.flatMap((value): readonly unknown[] => {
    if (value === null || typeof value !== 'object' || step.is === 'nothing') return [];
    if (step.is === 'all') return Array.isArray(value) ? value : Object.values(value);
    if (step.is === 'index') return Array.isArray(value) ? value.slice(step.index).slice(0, 1) : [];
    return Object.hasOwn(value, step.name) ? [(value as Readonly<Record<string, unknown>>)[step.name]] : [];
  });
}

function printed(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function cellOf(column: ColumnDescription, object: unknown, nowMs: number): unknown {
  let values: readonly unknown[] = [object];
  for (const step of stepsOf(column.path ?? '')) values = find(values, step);
  const [first] = values;
  if (first === undefined || first === null) return null;
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
