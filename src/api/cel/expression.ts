// Owns the tree of a CEL expression: what was written, and where. It refuses to know types.
import type { CelValue } from './values.ts';

/** A macro that goes through a list or map, with one or two variables. */
export type MacroName = 'all' | 'exists' | 'exists_one' | 'map' | 'filter' | 'transformList' | 'transformMap' | 'transformMapEntry';

/** A node. `at` is the offset that complaints about it point at. Operators are calls: `_+_`, `!_`, `_?_:_`, `_[_]` … */
export type Expression = { readonly at: number } & (
  | { readonly is: 'constant'; readonly value: CelValue }
  | { readonly is: 'name'; readonly name: string }
  | { readonly is: 'select'; readonly operand: Expression; readonly field: string; readonly optional: boolean; readonly test: boolean }
  | { readonly is: 'index'; readonly operand: Expression; readonly index: Expression; readonly optional: boolean }
  | { readonly is: 'call'; readonly name: string; readonly target: Expression | undefined; readonly args: readonly Expression[] }
  | { readonly is: 'list'; readonly items: readonly Expression[] }
  | { readonly is: 'map'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | {
      readonly is: 'macro';
      readonly macro: MacroName;
      readonly range: Expression;
      readonly names: readonly string[];
      /** The condition of the macro; of map and transforms the filter, where there is one. */
      readonly test: Expression | undefined;
      readonly result: Expression | undefined;
    }
  /** `optional.optMap(name, result)`; `flat` for optFlatMap. */
  | { readonly is: 'optMap'; readonly target: Expression; readonly name: string; readonly result: Expression; readonly flat: boolean }
);

/** One complaint about an expression, at an offset; below 0 where it is about the whole. */
export interface Issue {
  readonly at: number;
  readonly message: string;
}

/** Complaints as cel-go prints them: place, message, the line, and a mark below it. */
export function formatIssues(source: string, issues: readonly Issue[]): string {
  const lines = source.split('\n');
  return [...issues]
    .sort((a, b) => a.at - b.at)
    .map(({ at, message }) => {
      if (at < 0) return `ERROR: <input>:-1:0: ${message}`;
      const before = source.slice(0, at).split('\n');
      const column = [...(before.at(-1) ?? '')].length;
      const line = lines[before.length - 1] ?? '';
      return `ERROR: <input>:${before.length}:${column + 1}: ${message}\n | ${line.replaceAll('\t', ' ')}\n | ${'.'.repeat(column)}^`;
    })
    .join('\n');
}
