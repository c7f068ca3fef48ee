// Owns judging the rules that a definition brings: whether they compile, what they can cost, and whether they may speak of old values.
import { forbiddenValue, invalidValue } from '../causes.ts';
import { type CompiledRule, rulesOf } from '../custom/compile-rules.ts';
import { deepEqual } from '../custom/deep-equal.ts';
import { readSchema, type Schema } from '../custom/schema.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { RuleJudge } from './schema-validation.ts';
import type { JSONSchemaProps, ValidationRule } from './v1.ts';

const perRule = 10_000_000;
const perSchema = 100_000_000;
const shownOfTotal = 4;
/** What contributes less is not named. */
const leastShown = perSchema / 100;

interface Expense {
  readonly field: string;
  readonly cost: number;
}

/** A judge of one version's schema, and of what all of its rules cost together. */
export interface SchemaJudgement {
  readonly judge: RuleJudge;
  total(field: string): readonly StatusCause[];
}

/** Judges the rules of a schema. `before` is the schema that it replaces: what that was allowed to cost is allowed again. */
export function judgeOf(raw: JSONSchemaProps, before: JSONSchemaProps | undefined): SchemaJudgement {
  const expenses: Expense[] = [];
  const isKnown = before !== undefined && deepEqual(raw, before);
  return {
    judge: judgeAt(readSchema(raw), true, 1, isKnown, expenses),
    total(field) {
      const total = expenses.reduce((sum, { cost }) => sum + cost, 0);
      if (total <= perSchema) return [];
      const worst = expenses
        .filter(({ cost }) => cost >= leastShown)
        .toSorted((left, right) => right.cost - left.cost)
        .slice(0, shownOfTotal);
      const text = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
      const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
      return [...worst.map((expense) => forbiddenValue(expense.field, text)), forbiddenValue(field, overBudget(what, total, perSchema))];
    },
  };
}

/** The judge of a node. `times` is how often it can come in one object; undefined where only the size of requests bounds that. */
function judgeAt(schema: Schema, isResource: boolean, times: number | undefined, isKnown: boolean, expenses: Expense[]): RuleJudge {
  const below = (inner: Schema, most: number | undefined): RuleJudge =>
    judgeAt(inner, inner.embedded, times === undefined || most === undefined ? undefined : times * Math.max(0, most), isKnown, expenses);
  return {
    causes: (_, field, uncorrelatable) =>
      rulesOf(schema, isResource).flatMap((rule, index) => {
        const at = `${field}.x-kubernetes-validations[${index}]`;
        const cost = rule.maxCost * (times ?? rule.mostInRequest);
        expenses.push({ field: `${at}.rule`, cost });
        if (rule.message !== undefined) expenses.push({ field: `${at}.messageExpression`, cost: rule.messageMaxCost });
        return ruleCauses(rule, at, isKnown ? 0 : cost, uncorrelatable);
      }),
    items: () => (schema.items === undefined ? undefined : below(schema.items, schema.bounds.maxItems)),
    values: () => (typeof schema.additional === 'object' ? below(schema.additional, schema.bounds.maxProperties) : undefined),
    property: (_, name) => {
      const inner = schema.properties?.get(name);
      return inner === undefined ? undefined : below(inner, 1);
    },
  };
}

function ruleCauses(compiled: CompiledRule, at: string, cost: number, uncorrelatable: string | undefined): readonly StatusCause[] {
  const { rule, error, messageError, message, messageMaxCost, usesOldSelf } = compiled;
  const causes: StatusCause[] = [];
  if (cost > perRule) causes.push(forbiddenValue(`${at}.rule`, overBudget('estimated rule cost', cost, perRule)));
  if (error !== undefined) causes.push(invalidValue(`${at}.rule`, ruleShown(rule), error));
  if (messageError !== undefined) causes.push(invalidValue(`${at}.messageExpression`, ruleShown(rule), messageError));
  else if (message !== undefined && messageMaxCost > perRule)
    causes.push(forbiddenValue(`${at}.messageExpression`, overBudget('estimated messageExpression cost', messageMaxCost, perRule)));
  if (usesOldSelf && uncorrelatable !== undefined) {
    const text = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
    causes.push(invalidValue(`${at}.rule`, rule.rule ?? '', text));
  }
  if (!usesOldSelf && rule.optionalOldSelf !== undefined)
    causes.push(invalidValue(`${at}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'));
  return causes;
}

/** A rule as upstream's complaints print it. */
function ruleShown(rule: ValidationRule): object {
  const { message = '', messageExpression = '', reason = null, fieldPath = '', optionalOldSelf = null } = rule;
  return {
    Rule: rule.rule ?? '',
    Message: message,
    MessageExpression: messageExpression,
    Reason: reason,
    FieldPath: fieldPath,
    OptionalOldSelf: optionalOldSelf,
  };
}

function overBudget(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const times = factor > 100 ? 'more than 100x' : `${factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${times} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
