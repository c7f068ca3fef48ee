// Owns the validation of match conditions: expressions with names, which tell what a webhook or a policy is asked about.
import { duplicate, required, tooMany } from '../causes.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { qualifiedNameErrors } from '../names.ts';
import { checkExpression } from './expression-check.ts';
import type { MatchCondition } from './v1.ts';

const most = 64;

/** The conditions of one webhook or policy. `hasParams`: whether expressions may speak of parameters. */
export function checkMatchConditions(conditions: readonly MatchCondition[], hasParams: boolean, at: string, out: Causes): void {
  if (conditions.length > most) out.push(tooMany(at, conditions.length, most));
  const names = new Set<string>();
  for (const [index, { name = '', expression = '' }] of conditions.entries()) {
    const here = `${at}[${index}]`;
    const source = expression.trim();
    if (source === '') out.push(required(`${here}.expression`));
    else checkExpression(source, ['bool'], { hasParams, hasAuthorizer: true }, `${here}.expression`, out);
    if (name === '') out.push(required(`${here}.name`));
    else checkName(qualifiedNameErrors(name), name, `${here}.name`, out);
    if (name !== '' && names.has(name)) out.push(duplicate(`${here}.name`, name));
    names.add(name);
  }
}
