// Owns judging objects by the rules of their schema: where each applies, what it says, what it may cost, and what it forgives.
import { duplicate, forbiddenValue, invalidValue, required } from '../causes.ts';
import { CostLimitError, evaluateCel } from '../cel/evaluate.ts';
import { type CelValue, none, Optional } from '../cel/values.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { AnyObject } from '../object.ts';
import { type CompiledRule, rulesOf } from './compile-rules.ts';
import { valueOfJson } from './json-values.ts';
import type { RuleChecker, RuleFindings } from './rule-checker.ts';
import { followRulePath } from './rule-path.ts';
import { type Fields, fieldOf, isFields, type Schema } from './schema.ts';
import { type Before, correlatedItems, unchanged } from './validate-value.ts';

const perCall = 1_000_000;
const perObject = 10_000_000;
const longestMessage = 5 * 1024;
const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run';

const withRules = new WeakMap<Schema, boolean>();

/** Whether a schema has rules anywhere. */
function hasRules(schema: Schema): boolean {
  const known = withRules.get(schema);
  if (known !== undefined) return known;
  const inner = [
    ...(schema.properties?.values() ?? []),
    ...(typeof schema.additional === 'object' ? [schema.additional] : []),
    ...(schema.items === undefined ? [] : [schema.items]),
  ];
  const found = schema.rules.length > 0 || inner.some(hasRules);
  withRules.set(schema, found);
  return found;
}

/** What judges by the rules of a schema; undefined where it has none. */
export function ruleCheckerOf(schema: Schema): RuleChecker | undefined {
  if (!hasRules(schema)) return undefined;
  return { check: (object, old) => new Check().run(object, old, schema) };
}

/** Complaints of the rules below a schema about a value at `field` that is new and old at once, as a default is. */
export function defaultRuleCauses(value: unknown, schema: Schema, field: string): readonly StatusCause[] {
  return new Check().stay(value, schema, field);
}

/** A value whose kin before an update is known or not. `same` tells whether it, or what it lies in, stayed as it was. */
interface Place {
  readonly field: string;
  /** What rules may call oldSelf. */
  readonly old: unknown;
  readonly before: Before | undefined;
  readonly same: () => boolean;
}

class Check {
  readonly #causes: StatusCause[] = [];
  readonly #warnings: string[] = [];
  #budget = perObject;
  #spent = false;

  run(object: AnyObject, old: AnyObject | undefined, schema: Schema): RuleFindings {
    const before = old === undefined ? undefined : { value: old };
    this.#visit(object, schema, { field: '', old, before, same: () => before !== undefined && unchanged(object, old, schema) }, true);
    return { causes: this.#causes, warnings: this.#warnings };
  }

  stay(value: unknown, schema: Schema, field: string): readonly StatusCause[] {
    this.#visit(value, schema, { field, old: value, before: undefined, same: () => false }, schema.embedded);
    return this.#causes;
  }

  #visit(value: unknown, schema: Schema, place: Place, isResource: boolean): void {
    if (value === null || value === undefined || this.#spent || !hasRules(schema)) return;
    this.#rules(value, schema, place, isResource);
    if (this.#spent) return;
    if (Array.isArray(value)) this.#items(value, schema, place);
    else if (isFields(value)) this.#fields(value, schema, place);
  }

  #below(field: string, value: unknown, schema: Schema, old: unknown, before: Before | undefined, above: Place): Place {
    const same = before === undefined ? above.same : (): boolean => unchanged(value, before.value, schema);
    return { field, old, before, same };
  }

  #items(value: readonly unknown[], schema: Schema, place: Place): void {
    const { items } = schema;
    if (items === undefined) return;
    const correlate = correlatedItems(schema, place.before);
    const oldItems = correlatedItems(schema, place.old === undefined ? undefined : { value: place.old });
    for (const [index, item] of value.entries()) {
      const below = this.#below(`${place.field}[${index}]`, item, items, oldItems?.(item)?.value, correlate?.(item), place);
      this.#visit(item, items, below, items.embedded);
    }
  }

  #fields(value: Fields, schema: Schema, place: Place): void {
    const atomic = schema.mapType === 'atomic';
    for (const name of Object.keys(value)) {
      const declared = schema.properties?.get(name);
      const inner = declared ?? (typeof schema.additional === 'object' ? schema.additional : undefined);
      if (inner === undefined) continue;
      const field = declared === undefined ? `${place.field}[${name}]` : place.field === '' ? name : `${place.field}.${name}`;
      const old = !atomic && isFields(place.old) ? (fieldOf(place.old, name) ?? undefined) : undefined;
      const kin = atomic ? undefined : place.before?.value;
      const before = isFields(kin) && Object.hasOwn(kin, name) ? { value: kin[name] } : undefined;
      this.#visit(value[name], inner, this.#below(field, value[name], inner, old, before, place), inner.embedded);
    }
  }

  #rules(value: unknown, schema: Schema, place: Place, isResource: boolean): void {
    const rules = rulesOf(schema, isResource);
    if (rules.length === 0) return;
    const field = place.field || '<nil>';
    if (this.#budget <= 0) return this.#exhaust(field, schema);
    const self = lazily(() => valueOfJson(value, schema, isResource));
    const oldSelf = lazily(() => (place.old === undefined ? undefined : valueOfJson(place.old, schema, isResource)));
    for (const rule of rules) {
      this.#rule(rule, value, schema, { ...place, field }, self, oldSelf);
      if (this.#spent) return;
    }
  }

  #exhaust(field: string, schema: Schema): void {
    this.#causes.push(invalidValue(field, schema.type, outOfBudget));
    this.#spent = true;
  }

  #rule(
    compiledRule: CompiledRule,
    value: unknown,
    schema: Schema,
    place: Place,
    self: () => CelValue,
    oldSelf: () => CelValue | undefined,
  ): void {
    const { rule, program, usesOldSelf, error } = compiledRule;
    const fail = (text: string): void => void this.#causes.push(invalidValue(place.field, schema.type, text));
    if (error !== undefined) return fail(`rule compile error: ${error}`);
    const optional = rule.optionalOldSelf === true;
    if (program === undefined || (usesOldSelf && place.old === undefined && !optional)) return;
    const name = (rule.message || rule.rule).trim();
    let variables: ReadonlyMap<string, CelValue>;
    try {
      const old = oldSelf();
      const known: readonly (readonly [string, CelValue])[] = optional
        ? [['oldSelf', old === undefined ? none : new Optional(old)]]
        : old === undefined
          ? []
          : [['oldSelf', old]];
      variables = new Map([['self', self()], ...known]);
    } catch (thrown) {
      if (!(thrown instanceof Error) || thrown.name !== 'CelError') throw thrown;
      return fail(`${thrown.message} evaluating rule: ${name}`);
    }
    const outcome = evaluateCel(program, variables, perCall);
    if (outcome.cost > this.#budget) return this.#exhaust(place.field, schema);
    this.#budget -= outcome.cost;
    if (outcome.is === 'failed') {
      const { message } = outcome.error;
      if (message.startsWith('no such overload'))
        return fail(`'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${name}`);
      if (!(outcome.error instanceof CostLimitError)) return fail(`${message} evaluating rule: ${name}`);
      fail(`'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${name}`);
      this.#spent = true;
      return;
    }
    if (outcome.value === true) return;
    const cause = this.#broken(compiledRule, value, schema, place, variables);
    if (!usesOldSelf && place.same()) this.#warnings.push(`${cause.field}: ${cause.message}`);
    else this.#causes.push(cause);
  }

  #broken(compiledRule: CompiledRule, value: unknown, schema: Schema, place: Place, variables: ReadonlyMap<string, CelValue>): StatusCause {
    const { rule } = compiledRule;
    const below = rule.fieldPath ? followRulePath(rule.fieldPath, schema) : undefined;
    const field = below === undefined ? place.field : place.field === '<nil>' ? below : `${place.field}.${below}`;
    const detail = this.#message(compiledRule, variables) ?? (rule.message?.trim() || `failed rule: ${rule.rule.trim()}`);
    switch (rule.reason) {
      case 'FieldValueForbidden':
        return forbiddenValue(field, detail);
      case 'FieldValueRequired':
        return required(field, detail);
      case 'FieldValueDuplicate':
        return isScalar(value) ? duplicate(field, value) : { reason: 'FieldValueDuplicate', message: 'Duplicate value', field };
      default:
        return isScalar(value)
          ? invalidValue(field, value, detail)
          : { reason: 'FieldValueInvalid', message: `Invalid value: ${detail}`, field };
    }
  }

  /** The message that an expression makes; undefined where it makes none that may be shown. */
  #message({ message }: CompiledRule, variables: ReadonlyMap<string, CelValue>): string | undefined {
    if (message === undefined) return undefined;
    const outcome = evaluateCel(message, variables, Math.min(perCall, this.#budget));
    this.#budget -= outcome.cost;
    if (outcome.is === 'failed' || typeof outcome.value !== 'string') return undefined;
    const text = outcome.value.trim();
    return text === '' || text.includes('\n') || Buffer.byteLength(text) > longestMessage ? undefined : text;
  }
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
