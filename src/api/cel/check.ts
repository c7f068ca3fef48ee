// Owns the types of an expression's parts: what each computes, which function a call means, and complaints in cel-go's words.
import { type Overload, overloadsOf, typeNames } from './declarations.ts';
import { type Expression, type Issue, qualifiedName } from './expression.ts';
import { assignable, type Bindings, bound, type CelType, celType, listOf, mapOf, optionalOf, printType, sameType } from './types.ts';
import { type CelValue, typeNameOf } from './values.ts';
import { wellKnown } from './well-known.ts';

/** What was found out about an expression. */
export interface Checked {
  readonly expression: Expression;
  readonly type: CelType;
  readonly types: ReadonlyMap<Expression, CelType>;
  /** The name that a call goes by: qualified names are found here, as are their calls without a target. */
  readonly calls: ReadonlyMap<Expression, string>;
  /** Names of variables that are read. */
  readonly variables: ReadonlySet<string>;
  readonly issues: readonly Issue[];
}

const dyn = celType('dyn');
const failed = celType('error');
const constants: Readonly<Record<string, CelType>> = {
  null_type: celType('null'),
  'google.protobuf.Timestamp': celType('timestamp'),
  'google.protobuf.Duration': celType('duration'),
};

/** The type of a message by its name, with its fields; undefined where there is no such message. */
export type MessageTypes = (name: string) => CelType | undefined;

/** Finds the types. `variables` are those that may be named. Never throws: what is wrong is in the issues. */
export function checkCel(
  expression: Expression,
  variables: ReadonlyMap<string, CelType>,
  messages: MessageTypes = () => undefined,
): Checked {
  const checker = new Checker(variables, messages);
  const type = checker.check(expression);
  return { expression, type, types: checker.types, calls: checker.calls, variables: checker.read, issues: checker.issues };
}

/** The type of a constant. */
export function typeOfConstant(value: CelValue): CelType {
  const name = typeNameOf(value);
  return constants[name] ?? celType(name);
}

class Checker {
  readonly types = new Map<Expression, CelType>();
  readonly calls = new Map<Expression, string>();
  readonly read = new Set<string>();
  readonly issues: Issue[] = [];
  readonly #messages: MessageTypes;
  #scope: ReadonlyMap<string, CelType>;

  constructor(variables: ReadonlyMap<string, CelType>, messages: MessageTypes) {
    this.#scope = variables;
    this.#messages = messages;
  }

  check(expression: Expression): CelType {
    const known = this.types.get(expression);
    if (known !== undefined) return known;
    const type = this.#typeOf(expression);
    this.types.set(expression, type);
    return type;
  }

  #complain(at: number, message: string): CelType {
    this.issues.push({ at, message });
    return failed;
  }

  #typeOf(e: Expression): CelType {
    switch (e.is) {
      case 'constant':
        return typeOfConstant(e.value);
      case 'name':
        return this.#name(e.name) ?? this.#complain(e.at, `undeclared reference to '${e.name}' (in container '')`);
      case 'select':
        return this.#select(e);
      case 'index':
        return this.#index(e);
      case 'call':
        return this.#call(e);
      case 'list':
        return listOf(this.#joined(e.items, e.optional) ?? dyn);
      case 'map': {
        const key = this.#joined(e.entries.map(([one]) => one));
        const value = this.#joined(
          e.entries.map(([, one]) => one),
          e.entries.map(([, , optional]) => optional),
        );
        return mapOf(key ?? dyn, value ?? dyn);
      }
      case 'message':
        return this.#message(e);
      case 'macro':
        return this.#macro(e);
      case 'optMap': {
        const target = this.check(e.target);
        const inner = target.kind === 'optional' ? (target.args[0] ?? dyn) : dyn;
        if (target.kind !== 'optional' && target.name !== 'dyn' && target.name !== 'error')
          return this.#complain(
            e.at,
            `found no matching overload for '${e.flat ? 'optFlatMap' : 'optMap'}' applied to '${printType(target)}.()'`,
          );
        const result = this.#within([[e.name, inner]], () => this.check(e.result));
        return e.flat ? result : optionalOf(result);
      }
    }
  }

  #name(name: string): CelType | undefined {
    const variable = this.#scope.get(name);
    if (variable !== undefined) {
      this.read.add(name);
      return variable;
    }
    const type = typeNames.get(name);
    return type === undefined ? undefined : { kind: 'type', name: 'type', args: [celType(type)] };
  }

  #select(e: Extract<Expression, { is: 'select' }>): CelType {
    const qualified = qualifiedName(e);
    if (qualified !== undefined && (typeNames.has(qualified) || this.#scope.has(qualified))) return this.#name(qualified) ?? dyn;
    const operand = this.check(e.operand);
    const inOptional = operand.kind === 'optional';
    const target = inOptional ? (operand.args[0] ?? dyn) : operand;
    const found = this.#field(target, e);
    if (e.test) return celType('bool');
    return e.optional || inOptional ? (found.kind === 'optional' && inOptional ? found : optionalOf(found)) : found;
  }

  #field(target: CelType, e: Extract<Expression, { is: 'select' }>): CelType {
    if (target.name === 'dyn' || target.name === 'error') return dyn;
    if (target.kind === 'map') return target.args[1] ?? dyn;
    if (target.kind === 'object') return target.fields?.get(e.field) ?? this.#complain(e.at, `undefined field '${e.field}'`);
    return this.#complain(e.at, `type '${printType(target)}' does not support field selection`);
  }

  #index(e: Extract<Expression, { is: 'index' }>): CelType {
    const args = [this.check(e.operand), this.check(e.index)];
    const plain = this.#resolve('_[_]', undefined, args, e.at, e.optional ? '_[?_]' : '_[_]');
    return e.optional && plain.name !== 'error' && plain.kind !== 'optional' ? optionalOf(plain) : plain;
  }

  #call(e: Extract<Expression, { is: 'call' }>): CelType {
    const target = e.target === undefined ? undefined : qualifiedName(e.target);
    const root = target?.split('.')[0] ?? '';
    const qualified = target === undefined || this.#scope.has(root) ? undefined : `${target}.${e.name}`;
    const args = e.args.map((arg) => this.check(arg));
    if (qualified !== undefined && overloadsOf(qualified) !== undefined && this.#knows(qualified)) {
      this.calls.set(e, qualified);
      return this.#resolve(qualified, undefined, args, e.at);
    }
    this.calls.set(e, e.name);
    const receiver = e.target === undefined ? undefined : this.check(e.target);
    if (overloadsOf(e.name) === undefined) return this.#complain(e.at, `undeclared reference to '${e.name}' (in container '')`);
    return this.#resolve(e.name, receiver, args, e.at);
  }

  /** Functions that help to make a message are there where the message is. */
  #knows(name: string): boolean {
    return !name.startsWith('jsonpatch.') || this.#messages('JSONPatch') !== undefined;
  }

  #resolve(name: string, receiver: CelType | undefined, args: readonly CelType[], at: number, called = name): CelType {
    const given = receiver === undefined ? args : [receiver, ...args];
    const results: CelType[] = [];
    for (const overload of overloadsOf(name) ?? []) {
      const result = resultOf(overload, receiver !== undefined, given);
      if (result !== undefined) results.push(result);
    }
    const [first] = results;
    if (first === undefined) {
      const shown = args.map(printType).join(', ');
      const signature = receiver === undefined ? `(${shown})` : `${printType(receiver)}.(${shown})`;
      return this.#complain(at, `found no matching overload for '${called}' applied to '${signature}'`);
    }
    return results.every((result) => sameType(result, first)) ? first : dyn;
  }

  #mismatch(at: number, wanted: CelType, found: CelType): CelType {
    return this.#complain(at, `expected type '${printType(wanted)}' but found '${printType(found)}'`);
  }

  /** The type of what may be left out: what its optional holds. */
  #unwrapped(item: Expression): CelType {
    const type = this.check(item);
    if (type.kind === 'optional') return type.args[0] ?? dyn;
    return type.name === 'dyn' || type.name === 'error' ? dyn : this.#mismatch(item.at, optionalOf(type), type);
  }

  #message(e: Extract<Expression, { is: 'message' }>): CelType {
    const common = wellKnown(e.name);
    const type = common?.type ?? this.#messages(e.name);
    if (type === undefined) return this.#complain(e.at, `undeclared reference to '${e.name}' (in container '')`);
    for (const { at, name, value, optional } of e.fields) {
      const given = optional ? this.#unwrapped(value) : this.check(value);
      const field = (common ?? type).fields?.get(name);
      if (field !== undefined && !assignable(field, given, new Map()))
        this.#complain(at, `expected type of field '${name}' is '${printType(field)}' but provided type is '${printType(given)}'`);
      else if (field === undefined && (common !== undefined || (type.kind === 'object' && type.fields !== undefined)))
        this.#complain(at, `undefined field '${name}'`);
    }
    return type;
  }

  /** The one type of several expressions; they must agree. */
  #joined(items: readonly Expression[], optional: readonly boolean[] = []): CelType | undefined {
    let joined: CelType | undefined;
    for (const [index, item] of items.entries()) {
      const type = optional[index] === true ? this.#unwrapped(item) : this.check(item);
      if (joined === undefined || joined.name === 'dyn') joined = joined ?? type;
      else if (!assignable(joined, type, new Map())) joined = this.#mismatch(item.at, joined, type);
    }
    return joined;
  }

  #within<T>(names: readonly (readonly [string, CelType])[], body: () => T): T {
    const outer = this.#scope;
    this.#scope = new Map([...outer, ...names]);
    const result = body();
    this.#scope = outer;
    return result;
  }

  #macro(e: Extract<Expression, { is: 'macro' }>): CelType {
    const range = this.check(e.range);
    const [first, second] = this.#elements(range, e);
    const [one = '', two] = e.names;
    const names: readonly (readonly [string, CelType])[] =
      two === undefined
        ? [[one, range.kind === 'list' ? second : first]]
        : [
            [one, first],
            [two, second],
          ];
    return this.#within(names, () => {
      const test = e.test === undefined ? undefined : this.check(e.test);
      if (test !== undefined && e.test !== undefined && !assignable(celType('bool'), test, new Map())) this.#notBool(e, test);
      const result = e.result === undefined ? undefined : this.check(e.result);
      switch (e.macro) {
        case 'map':
        case 'transformList':
          return listOf(result ?? dyn);
        case 'filter':
          return listOf(range.kind === 'list' ? second : first);
        case 'transformMap':
          return mapOf(first, result ?? dyn);
        case 'transformMapEntry':
          return result?.kind === 'map' ? result : mapOf(dyn, dyn);
        default:
          return celType('bool');
      }
    });
  }

  #notBool({ macro, test, at }: Extract<Expression, { is: 'macro' }>, type: CelType): void {
    const shown = printType(type);
    if (macro === 'all' || macro === 'exists') {
      const operator = macro === 'all' ? '_&&_' : '_||_';
      this.#complain(test?.at ?? at, `found no matching overload for '${operator}' applied to '(bool, ${shown})'`);
    } else
      this.#complain(
        test?.at ?? at,
        `found no matching overload for '_?_:_' applied to '(${shown}, ${macro === 'exists_one' ? 'int, int' : 'list(dyn), list(dyn)'})'`,
      );
  }

  /** Keys (or indices) and values of what a macro goes through. */
  #elements(range: CelType, e: Extract<Expression, { is: 'macro' }>): readonly [CelType, CelType] {
    if (range.kind === 'list') return [celType('int'), range.args[0] ?? dyn];
    if (range.kind === 'map') return [range.args[0] ?? dyn, range.args[1] ?? dyn];
    if (range.name !== 'dyn' && range.name !== 'error')
      this.#complain(
        e.range.at,
        `expression of type '${printType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      );
    return [dyn, dyn];
  }
}

/** The result of an overload for these arguments; undefined where they don't fit. */
function resultOf(overload: Overload, member: boolean, given: readonly CelType[]): CelType | undefined {
  if (overload.member !== member || overload.args.length !== given.length) return undefined;
  const bindings: Bindings = new Map();
  if (!overload.args.every((arg, index) => assignable(arg, given[index] as CelType, bindings))) return undefined;
  return bound(overload.result, bindings);
}
