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
  /** `optional` tells of each item whether it is written `?item`: an optional that may be left out. */
  | { readonly is: 'list'; readonly items: readonly Expression[]; readonly optional: readonly boolean[] }
  /** Keys, values, and whether an entry is written `?key: value`. */
  | { readonly is: 'map'; readonly entries: readonly (readonly [Expression, Expression, boolean])[] }
  | { readonly is: 'message'; readonly name: string; readonly fields: readonly MessageField[] }
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

/** One field of a message that is written out; `at` is its colon. */
export interface MessageField {
  readonly at: number;
  readonly name: string;
  readonly value: Expression;
  readonly optional: boolean;
}

/** One complaint about an expression, at an offset; below 0 where it is about the whole. */
export interface Issue {
  readonly at: number;
  readonly message: string;
}

/** `a.b.c` as text, where an expression is no more than names and fields. */
export function qualifiedName(expression: Expression): string | undefined {
  if (expression.is === 'name') return expression.name;
  if (expression.is !== 'select' || expression.test || expression.optional) return undefined;
  const before = qualifiedName(expression.operand);
  return before === undefined ? undefined : `${before}.${expression.field}`;
}

/** Thrown for texts that are no expressions. */
export class CelSyntaxError extends Error {
  override readonly name = 'CelSyntaxError';
  readonly issues: readonly Issue[];
  constructor(...issues: readonly Issue[]) {
    super(issues[0]?.message);
    this.issues = issues;
  }
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
