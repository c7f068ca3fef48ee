// Owns asking whether an expression of a webhook or a policy compiles, and to what type.
import { invalidValue, required } from '../causes.ts';
import { compileCel } from '../cel/compile.ts';
import { type CelType, celType, printType } from '../cel/types.ts';
import type { Causes } from '../field-checks.ts';
import { type ExpressionScope, namesIn } from './expression-variables.ts';
import type { Variable } from './v1.ts';

/** An expression that must be of one of the types, by their printed names. `shown` is what a refusal shows. */
export function checkExpression(
  source: string,
  types: readonly string[],
  scope: ExpressionScope,
  at: string,
  out: Causes,
  shown = source,
): void {
  const compiled = compileCel(source, namesIn(scope));
  if (compiled.is === 'wrong') return void out.push(invalidValue(at, shown, `compilation failed: ${compiled.text}`));
  // Complaints of the compiler call the type of null otherwise than those about the whole expression.
  const type = printType(compiled.checked.type).replace(/\bnull\b/g, 'null_type');
  if (types.includes(type)) return;
  const wanted = types.length === 1 ? types[0] : `one of [${types.join(' ')}]`;
  out.push(invalidValue(at, shown, `must evaluate to ${wanted} but got ${type}`));
}

/** Objects that a mutation makes are written as `Object{…}`, which our reading of expressions does not know: those pass. */
const makesObjects = /\b(Object[\w.]*|JSONPatch)\s*\{/;

/** An expression of a mutation. */
export function checkMutationExpression(source: string, type: string, scope: ExpressionScope, at: string, out: Causes): void {
  if (!makesObjects.test(source)) checkExpression(source, [type], scope, at, out);
}

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/** The variables of a policy, each of which may speak of those before it. Returns what the policy's other expressions may speak of. */
export function checkVariables(declared: readonly Variable[], scope: ExpressionScope, at: string, out: Causes): ExpressionScope {
  if (declared.length === 0) return scope;
  const variables = new Map<string, CelType>();
  const within = { ...scope, variables };
  for (const [index, { name = '', expression = '' }] of declared.entries()) {
    const here = `${at}[${index}]`;
    if (name.trim() === '') out.push(required(`${here}.name`, 'name is not specified'));
    else if (!identifier.test(name) || reserved.has(name)) out.push(invalidValue(`${here}.name`, name, 'must be a valid CEL identifier'));
    let type = celType('dyn');
    if (expression.trim() === '') out.push(required(`${here}.expression`, 'expression is not specified'));
    else if (!makesObjects.test(expression)) {
      const compiled = compileCel(expression, namesIn(within));
      if (compiled.is === 'checked') type = compiled.checked.type;
      else out.push(invalidValue(`${here}.expression`, expression, `compilation failed: ${compiled.text}`));
    }
    variables.set(name, type);
  }
  return within;
}
