// Owns compiling an expression: read, checked, and found fit to run; what is wrong with it as one text in cel-go's words.
import { type Checked, checkCel, type MessageTypes } from './check.ts';
import { CelSyntaxError, type Expression, formatIssues } from './expression.ts';
import { literalIssues, programFailure } from './literal-checks.ts';
import { parseCel } from './parse.ts';
import type { CelType } from './types.ts';

/** An expression that compiles, or why it does not. */
export type Compilation = { readonly is: 'checked'; readonly checked: Checked } | { readonly is: 'wrong'; readonly text: string };

/** Compiles an expression that may use the given names and messages. */
export function compileCel(source: string, variables: ReadonlyMap<string, CelType>, messages?: MessageTypes): Compilation {
  const wrong = (text: string): Compilation => ({ is: 'wrong', text });
  let expression: Expression;
  try {
    expression = parseCel(source);
  } catch (error) {
    if (error instanceof CelSyntaxError) return wrong(`compilation failed: ${formatIssues(source, error.issues)}`);
    throw error;
  }
  const checked = checkCel(expression, variables, messages);
  const issues = checked.issues.length > 0 ? checked.issues : literalIssues(expression);
  if (issues.length > 0) return wrong(`compilation failed: ${formatIssues(source, issues)}`);
  const failure = programFailure(expression);
  return failure === undefined ? { is: 'checked', checked } : wrong(`program instantiation failed: ${failure}`);
}
