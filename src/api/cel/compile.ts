// Owns compiling an expression: read, then checked; what is wrong with it as one text in cel-go's words.
import { type Checked, checkCel } from './check.ts';
import { type Expression, formatIssues } from './expression.ts';
import { CelSyntaxError, parseCel } from './parse.ts';
import type { CelType } from './types.ts';

/** An expression that compiles, or why it does not. */
export type Compilation = { readonly is: 'checked'; readonly checked: Checked } | { readonly is: 'wrong'; readonly text: string };

/** Compiles an expression that may use the given names. */
export function compileCel(source: string, variables: ReadonlyMap<string, CelType>): Compilation {
  let expression: Expression;
  try {
    expression = parseCel(source);
  } catch (error) {
    if (error instanceof CelSyntaxError) return { is: 'wrong', text: formatIssues(source, error.issues) };
    throw error;
  }
  const checked = checkCel(expression, variables);
  return checked.issues.length > 0 ? { is: 'wrong', text: formatIssues(source, checked.issues) } : { is: 'checked', checked };
}
