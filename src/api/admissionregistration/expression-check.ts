// Owns asking whether an expression of a webhook or a policy compiles, and to what type.
import { invalidValue, required } from '../causes.ts';
import type { MessageTypes } from '../cel/check.ts';
import { compileCel } from '../cel/compile.ts';
import { type CelType, celType, objectOf, printType } from '../cel/types.ts';
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
  messages?: MessageTypes,
): void {
  const compiled = compileCel(source, namesIn(scope), messages);
  if (compiled.is === 'wrong') return void out.push(invalidValue(at, shown, compiled.text));
  // Complaints of the compiler call the type of null otherwise than those about the whole expression.
  const type = printType(compiled.checked.type).replace(/\bnull\b/g, 'null_type');
  if (types.includes(type)) return;
  const wanted = types.length === 1 ? types[0] : `one of [${types.join(' ')}]`;
  out.push(invalidValue(at, shown, `must evaluate to ${wanted} but got ${type}`));
}

const [text, dyn] = ['string', 'dyn'].map(celType) as [CelType, CelType];
const patch = objectOf(
  'JSONPatch',
  new Map([
    ['op', text],
    ['path', text],
    ['from', text],
    ['value', dyn],
  ]),
);

/** What a mutation may make: `Object` and `Object.any.path`, whose fields may be anything, and single operations of a JSON patch. */
export const mutationMessages: MessageTypes = (name) => {
  if (name === 'JSONPatch') return patch;
  return name === 'Object' || name.startsWith('Object.') ? { kind: 'opaque', name, args: [] } : undefined;
};

/** An expression of a mutation. */
export function checkMutationExpression(source: string, type: string, scope: ExpressionScope, at: string, out: Causes): void {
  checkExpression(source, [type], scope, at, out, source, mutationMessages);
}

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/** The variables of a policy, each of which may speak of those before it. Returns what the policy's other expressions may speak of. */
export function checkVariables(
  declared: readonly Variable[],
  scope: ExpressionScope,
  at: string,
  out: Causes,
  messages?: MessageTypes,
): ExpressionScope {
  if (declared.length === 0) return scope;
  const variables = new Map<string, CelType>();
  const within = { ...scope, variables };
  for (const [index, { name = '', expression = '' }] of declared.entries()) {
    const here = `${at}[${index}]`;
    if (name.trim() === '') out.push(required(`${here}.name`, 'name is not specified'));
    else if (!identifier.test(name) || reserved.has(name)) out.push(invalidValue(`${here}.name`, name, 'must be a valid CEL identifier'));
    let type = celType('dyn');
    if (expression.trim() === '') out.push(required(`${here}.expression`, 'expression is not specified'));
    else {
      const compiled = compileCel(expression, namesIn(within), messages);
      if (compiled.is === 'checked') type = compiled.checked.type;
      else out.push(invalidValue(`${here}.expression`, expression, compiled.text));
    }
    variables.set(name, type);
  }
  return within;
}
