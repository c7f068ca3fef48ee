// Owns asking whether an expression of a webhook or a policy compiles, and to what type.
import { invalidValue, required } from '../causes.ts';
import type { Causes } from '../field-checks.ts';
import type { Variable } from './v1.ts';

/** What an expression may speak of beside the request and its objects. */
export interface ExpressionScope {
  readonly hasParams: boolean;
  readonly hasAuthorizer: boolean;
}

/** An expression that must be of one of the types. `shown` is what a refusal shows. */
export function checkExpression(
  _source: string,
  _types: readonly string[],
  _scope: ExpressionScope,
  _at: string,
  _out: Causes,
  _shown = _source,
): void {}

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/** The variables of a policy, each of which may speak of those before it. Returns what the policy's other expressions may speak of. */
export function checkVariables(variables: readonly Variable[], scope: ExpressionScope, at: string, out: Causes): ExpressionScope {
  for (const [index, { name = '', expression = '' }] of variables.entries()) {
    const here = `${at}[${index}]`;
    if (name.trim() === '') out.push(required(`${here}.name`, 'name is not specified'));
    else if (!identifier.test(name) || reserved.has(name)) out.push(invalidValue(`${here}.name`, name, 'must be a valid CEL identifier'));
    if (expression.trim() === '') out.push(required(`${here}.expression`, 'expression is not specified'));
  }
  return scope;
}
