// Owns computing an expression: what each part is worth, in cel-go's order, and what the computation costs, with a bound.
import type { Checked } from './check.ts';
import { coreFunctions } from './core-functions.ts';
import { typeNames } from './declarations.ts';
import type { Expression } from './expression.ts';
import { kubernetesFunctions } from './kubernetes-functions.ts';
import { listFunctions } from './list-functions.ts';
import { callCost } from './runtime-cost.ts';
import { textFunctions } from './text-functions.ts';
import {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  keyText,
  none,
  noSuchOverload,
  Optional,
  TypeValue,
  typeNameOf,
  ValueList,
  ValueMap,
} from './values.ts';
import { wellKnown } from './well-known.ts';

/** Thrown where a computation costs more than it may. */
export class CostLimitError extends Error {
  override readonly name = 'CostLimitError';
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}

/** What was computed, or why not, and what it cost. */
export type Evaluation =
  | { readonly is: 'value'; readonly value: CelValue; readonly cost: number }
  | { readonly is: 'failed'; readonly error: CelError | CostLimitError; readonly cost: number };

/** What a function makes of constants; undefined where there is no such function. Throws CelError. */
export function constantCall(name: string, args: readonly CelValue[]): CelValue | undefined {
  return functions.get(name)?.(args);
}

/** Computes a checked expression. Never throws for what the expression or the values do. */
export function evaluateCel(checked: Checked, variables: ReadonlyMap<string, CelValue>, costLimit: number): Evaluation {
  const run = new Run(checked, variables, costLimit);
  try {
    return { is: 'value', value: run.value(checked.expression), cost: run.cost };
  } catch (error) {
    if (error instanceof CelError || error instanceof CostLimitError) return { is: 'failed', error, cost: run.cost };
    throw error;
  }
}

const functions = new Map(Object.entries({ ...coreFunctions, ...textFunctions, ...listFunctions, ...kubernetesFunctions }));
const typeTexts: Readonly<Record<string, string>> = { timestamp: 'google.protobuf.Timestamp', duration: 'google.protobuf.Duration' };
const [listCost, mapCost, messageCost] = [10, 30, 40];

class Run {
  readonly #checked: Checked;
  readonly #limit: number;
  #scope: ReadonlyMap<string, CelValue>;
  cost = 0;

  constructor(checked: Checked, variables: ReadonlyMap<string, CelValue>, limit: number) {
    this.#checked = checked;
    this.#scope = variables;
    this.#limit = limit;
  }

  #pay(amount: number): void {
    this.cost += amount;
    if (this.cost > this.#limit) throw new CostLimitError();
  }

  value(e: Expression): CelValue {
    switch (e.is) {
      case 'constant':
        return e.value;
      case 'name':
        return this.#name(e.name);
      case 'select':
        return this.#select(e);
      case 'index':
        return this.#index(e);
      case 'call':
        return this.#call(e);
      case 'list': {
        const items = e.items.flatMap((item, index) => (e.optional[index] === true ? this.#optionalItem(item) : [this.value(item)]));
        this.#pay(listCost);
        return new ValueList(items);
      }
      case 'map': {
        const entries = e.entries.flatMap((entry) => this.#entry(entry));
        this.#pay(mapCost);
        if (new Set(entries.map(([key]) => keyText(key))).size < entries.length) throw new CelError('Failed with repeated key');
        return new ValueMap(entries);
      }
      case 'message': {
        const fields = e.fields.flatMap(({ name, value, optional }) => this.#field(name, value, optional));
        this.#pay(messageCost);
        const common = wellKnown(e.name);
        return common === undefined ? new ValueMap(fields) : common.make(new Map(fields as [string, CelValue][]));
      }
      case 'macro':
        return this.#macro(e);
      case 'optMap': {
        const target = this.value(e.target);
        if (!(target instanceof Optional)) throw noSuchOverload();
        if (target.value === undefined) return none;
        const result = this.#within([[e.name, target.value]], () => this.value(e.result));
        return e.flat ? result : new Optional(result);
      }
    }
  }

  #optionalItem(item: Expression): readonly CelValue[] {
    const value = this.value(item);
    if (!(value instanceof Optional)) throw new CelError('cannot initialize optional list element from non-optional value');
    return value.value === undefined ? [] : [value.value];
  }

  #entry([key, value, optional]: readonly [Expression, Expression, boolean]): readonly (readonly [CelValue, CelValue])[] {
    const name = this.value(key);
    if (!optional) return [[name, this.value(value)]];
    return this.#field(name, value, true);
  }

  #field(name: CelValue, value: Expression, optional: boolean): readonly (readonly [CelValue, CelValue])[] {
    const given = this.value(value);
    if (!optional) return [[name, given]];
    if (!(given instanceof Optional)) throw new CelError(`cannot initialize optional entry '${keyText(name)}' from non-optional value`);
    return given.value === undefined ? [] : [[name, given.value]];
  }

  #name(name: string): CelValue {
    this.#pay(1);
    const value = this.#scope.get(name);
    if (value !== undefined) return value;
    const type = typeNames.get(name);
    if (type === undefined) throw new CelError(`no such attribute(s): ${name}`);
    return typeValue(type);
  }

  #select(e: Extract<Expression, { is: 'select' }>): CelValue {
    const known = this.#checked.types.has(e.operand) ? undefined : 'type';
    if (known !== undefined) {
      this.#pay(1);
      return typeValue(e.field === 'Timestamp' ? 'timestamp' : e.field === 'Duration' ? 'duration' : `net.${e.field}`);
    }
    const operand = this.value(e.operand);
    if (!e.test) this.#pay(1);
    const inOptional = operand instanceof Optional;
    const target = inOptional ? operand.value : operand;
    if (target === undefined) return e.test ? false : none;
    if (!(target instanceof CelMap))
      throw e.test || typeNameOf(target) === 'null_type' ? new CelError(`no such key: ${e.field}`) : noSuchOverload();
    const value = target.get(e.field);
    if (e.test) return value !== undefined;
    if (e.optional || inOptional) return value === undefined ? none : value instanceof Optional ? value : new Optional(value);
    if (value === undefined) throw new CelError(`no such key: ${e.field}`);
    return value;
  }

  #index(e: Extract<Expression, { is: 'index' }>): CelValue {
    const operand = this.value(e.operand);
    const index = this.value(e.index);
    this.#pay(1);
    const inOptional = operand instanceof Optional;
    const target = inOptional ? operand.value : operand;
    if (target === undefined) return none;
    if (!e.optional && !inOptional) return (functions.get('_[_]') as (args: readonly CelValue[]) => CelValue)([target, index]);
    if (target instanceof CelList) {
      const at = typeof index === 'bigint' ? Number(index) : -1;
      return at >= 0 && at < target.size ? new Optional(target.at(at)) : none;
    }
    if (!(target instanceof CelMap)) throw noSuchOverload();
    const value = target.get(index);
    return value === undefined ? none : new Optional(value);
  }

  #call(e: Extract<Expression, { is: 'call' }>): CelValue {
    const [first, second, third] = e.args;
    if (e.name === '_&&_' && first !== undefined && second !== undefined) return this.#logic(first, second, false);
    if (e.name === '_||_' && first !== undefined && second !== undefined) return this.#logic(first, second, true);
    if (e.name === '_?_:_' && first !== undefined && second !== undefined && third !== undefined) {
      const condition = this.value(first);
      if (typeof condition !== 'boolean') throw noSuchOverload();
      return this.value(condition ? second : third);
    }
    const name = this.#checked.calls.get(e) ?? e.name;
    const isMember = e.target !== undefined && name === e.name;
    const given =
      isMember && e.target !== undefined
        ? [this.value(e.target), ...e.args.map((arg) => this.value(arg))]
        : e.args.map((arg) => this.value(arg));
    const run = functions.get(name);
    if (run === undefined) throw noSuchOverload();
    const result = run(given);
    this.#pay(callCost(name, given, result));
    return result;
  }

  /** One side that decides is enough, whatever the other one does. */
  #logic(left: Expression, right: Expression, decisive: boolean): CelValue {
    let failure: CelError | undefined;
    for (const side of [left, right]) {
      try {
        const value = this.value(side);
        if (value === decisive) return decisive;
        if (typeof value !== 'boolean') failure ??= noSuchOverload();
      } catch (error) {
        if (!(error instanceof CelError)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return !decisive;
  }

  #within<T>(names: readonly (readonly [string, CelValue])[], body: () => T): T {
    const outer = this.#scope;
    this.#scope = new Map([...outer, ...names]);
    try {
      return body();
    } finally {
      this.#scope = outer;
    }
  }

  /** What a macro goes through, as the values of its variables. */
  *#rounds(e: Extract<Expression, { is: 'macro' }>): Generator<readonly (readonly [string, CelValue])[], void, undefined> {
    const range = this.value(e.range);
    const [one = '', two] = e.names;
    if (range instanceof CelList) {
      let index = 0n;
      for (const item of range)
        yield two === undefined
          ? [[one, item]]
          : [
              [one, index++],
              [two, item],
            ];
    } else if (range instanceof CelMap) {
      for (const key of range.keys())
        yield two === undefined
          ? [[one, key]]
          : [
              [one, key],
              [two, range.get(key) ?? null],
            ];
    } else throw noSuchOverload();
  }

  #test(e: Extract<Expression, { is: 'macro' }>): boolean {
    const value = e.test === undefined ? true : this.value(e.test);
    if (typeof value !== 'boolean') throw noSuchOverload();
    return value;
  }

  #macro(e: Extract<Expression, { is: 'macro' }>): CelValue {
    switch (e.macro) {
      case 'all':
        return this.#decide(e, false, 3);
      case 'exists':
        return this.#decide(e, true, 4);
      case 'exists_one': {
        let count = 0;
        for (const names of this.#rounds(e)) {
          const found = this.#within(names, () => this.#test(e));
          this.#pay(found ? 2 : 1);
          if (found) count++;
        }
        this.#pay(2);
        return count === 1;
      }
      case 'map':
      case 'filter':
      case 'transformList':
        return new ValueList(this.#gather(e).map(([, value]) => value));
      case 'transformMap':
        return new ValueMap(this.#gather(e));
      case 'transformMapEntry':
        return new ValueMap(this.#gather(e).flatMap(([, value]) => entriesOf(value)));
    }
  }

  #decide(e: Extract<Expression, { is: 'macro' }>, decisive: boolean, price: number): CelValue {
    let failure: CelError | undefined;
    for (const names of this.#rounds(e)) {
      this.#pay(price);
      try {
        if (this.#within(names, () => this.#test(e)) !== decisive) continue;
        this.#pay(price - 1);
        return decisive;
      } catch (error) {
        if (!(error instanceof CelError)) throw error;
        failure ??= error;
      }
    }
    this.#pay(1);
    if (failure !== undefined) throw failure;
    return !decisive;
  }

  #gather(e: Extract<Expression, { is: 'macro' }>): readonly (readonly [CelValue, CelValue])[] {
    const gathered: (readonly [CelValue, CelValue])[] = [];
    this.#pay(listCost);
    for (const names of this.#rounds(e)) {
      const [[, key] = ['', null]] = names;
      this.#within(names, () => {
        const kept = this.#test(e);
        this.#pay(kept ? listCost + 2 : 1);
        if (!kept) return;
        const { result } = e;
        gathered.push([key, result === undefined ? (names[0]?.[1] ?? null) : this.value(result)]);
      });
    }
    this.#pay(1);
    return gathered;
  }
}

function entriesOf(value: CelValue): readonly (readonly [CelValue, CelValue])[] {
  if (!(value instanceof CelMap)) throw noSuchOverload();
  return [...value.keys()].map((key) => [key, value.get(key) ?? null] as const);
}

function typeValue(type: string): TypeValue {
  const bare = type.replace(/<.*$/, '');
  return new TypeValue(typeTexts[bare] ?? (bare === 'null' ? 'null_type' : bare === 'optional' ? 'optional_type' : bare));
}
