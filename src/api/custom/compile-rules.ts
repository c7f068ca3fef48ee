// Owns compiling the rules of one node of a schema: types, whether they speak of the old value, and what they can cost.
import type { ValidationRule } from '../apiextensions/v1.ts';
import type { Checked } from '../cel/check.ts';
import { compileCel } from '../cel/compile.ts';
import { estimateCost, type Sized } from '../cel/estimate-cost.ts';
import { optionalOf } from '../cel/types.ts';
import { type DeclType, declTypeOf, mostInRequest } from './decl-type.ts';
import type { Schema } from './schema.ts';

/** One compiled rule; what is wrong with it is in `error` and `messageError`, as texts for its definition's author. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: Checked | undefined;
  readonly message: Checked | undefined;
  readonly usesOldSelf: boolean;
  readonly error: string | undefined;
  readonly messageError: string | undefined;
  /** The most that one evaluation can cost, and how often it can come in a request where nothing else bounds that. */
  readonly maxCost: number;
  readonly messageMaxCost: number;
  readonly mostInRequest: number;
}

const none: readonly CompiledRule[] = [];

const compiled = new WeakMap<Schema, readonly CompiledRule[]>();

/** The compiled rules of a node, made once. `isResource`: its values have a type and metadata whatever the schema says. */
export function rulesOf(schema: Schema, isResource: boolean): readonly CompiledRule[] {
  if (schema.rules.length === 0) return none;
  let rules = compiled.get(schema);
  if (rules === undefined) {
    const declared = declTypeOf(schema, isResource);
    rules = declared === undefined ? none : schema.rules.map((rule) => compileRule(rule, declared));
    compiled.set(schema, rules);
  }
  return rules;
}

function compileRule(rule: ValidationRule, declared: DeclType): CompiledRule {
  const { type } = declared;
  const variables = new Map([
    ['self', type],
    ['oldSelf', rule.optionalOldSelf === true ? optionalOf(type) : type],
  ]);
  const sizes = new Map<string, Sized>([['self', declared], ...(rule.optionalOldSelf === true ? [] : [['oldSelf', declared] as const])]);
  const blank = {
    rule,
    program: undefined,
    message: undefined,
    usesOldSelf: false,
    error: undefined,
    messageError: undefined,
    maxCost: 0,
    messageMaxCost: 0,
    mostInRequest: mostInRequest(declared.minSize),
  };
  const source = rule.rule ?? '';
  if (source.trim() === '') return blank;
  const compilation = compileCel(source, variables);
  if (compilation.is === 'wrong') return { ...blank, error: compilation.text };
  const { checked } = compilation;
  if (checked.type.name !== 'bool') return { ...blank, error: 'cel expression must evaluate to a bool' };
  const program = { ...blank, program: checked, usesOldSelf: checked.variables.has('oldSelf'), maxCost: estimateCost(checked, sizes).max };
  const messageSource = rule.messageExpression ?? '';
  if (messageSource === '') return program;
  const message = compileCel(messageSource, variables);
  if (message.is === 'wrong') return { ...program, messageError: `messageExpression ${message.text}` };
  if (message.checked.type.name !== 'string') return { ...program, messageError: 'messageExpression must evaluate to a string' };
  return { ...program, message: message.checked, messageMaxCost: estimateCost(message.checked, sizes).max };
}
