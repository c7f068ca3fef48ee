// Owns what an expression can cost at worst, before it is ever computed: cel-go's estimate, from the sizes that declarations allow.
import type { Checked } from './check.ts';
import type { Expression } from './expression.ts';
import type { CelType } from './types.ts';
import { sizeOfValue } from './values.ts';

/** From the least to the most there can be; the most is capped where Go's would overflow. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** How large the values of a declared place can be. */
export interface Sized {
  readonly maxElements: number;
  readonly key?: Sized | undefined;
  readonly elem?: Sized | undefined;
  field(name: string): Sized | undefined;
}

const most = 2 ** 64;
const capped = (value: number): number => Math.min(value, most);
const fixed = (value: number): Range => ({ min: value, max: value });
const add = (...ranges: readonly Range[]): Range =>
  ranges.reduce((sum, range) => ({ min: capped(sum.min + range.min), max: capped(sum.max + range.max) }), fixed(0));
const times = (a: Range, b: Range): Range => ({ min: capped(a.min * b.min), max: capped(a.max * b.max) });
const scaled = (range: Range, factor: number): Range => ({
  min: capped(Math.ceil(range.min * factor)),
  max: capped(Math.ceil(range.max * factor)),
});
const union = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });
const unknown: Range = { min: 0, max: most };
const traversal = 0.1;
const perRegexCharacter = 0.25;
const scalars = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint']);

/** What is known of a part: its cost, the size of its value, and where that was declared. */
interface Part {
  readonly cost: Range;
  readonly size: Range | undefined;
  readonly declared: Sized | undefined;
}

/** The least and the most that an expression costs. `declared` tells the sizes of what variables hold. */
export function estimateCost(checked: Checked, declared: ReadonlyMap<string, Sized>): Range {
  return new Estimate(checked, declared).part(checked.expression).cost;
}

function isScalar(type: CelType | undefined): boolean {
  if (type?.kind === 'optional') return isScalar(type.args[0]);
  return type?.kind === 'prim' && scalars.has(type.name);
}

class Estimate {
  readonly #checked: Checked;
  readonly #root: Sized | undefined;
  #scope: ReadonlyMap<string, Sized | undefined>;

  constructor(checked: Checked, declared: ReadonlyMap<string, Sized>) {
    this.#checked = checked;
    this.#scope = declared;
    this.#root = declared.get('self');
  }

  part(e: Expression): Part {
    const { cost, size, declared } = this.#raw(e);
    const known = size ?? (declared === undefined ? undefined : { min: 0, max: declared.maxElements });
    return { cost, size: known ?? (isScalar(this.#checked.types.get(e)) ? fixed(1) : undefined), declared };
  }

  #raw(e: Expression): Part {
    switch (e.is) {
      case 'constant':
        return { cost: fixed(0), size: fixed(sizeOfValue(e.value)), declared: undefined };
      case 'name':
        // Upstream takes the name of a type for the root of what is judged, which keeps comparisons of types cheap.
        return { cost: fixed(1), size: undefined, declared: this.#scope.has(e.name) ? this.#scope.get(e.name) : this.#root };
      case 'select': {
        const operand = this.part(e.operand);
        if (e.test) return { cost: operand.cost, size: fixed(1), declared: undefined };
        const kind = this.#checked.types.get(e.operand)?.kind;
        const own = kind === 'map' || kind === 'object' || kind === 'optional' ? fixed(1) : fixed(0);
        const declared = kind === 'map' ? operand.declared?.elem : operand.declared?.field(e.field);
        return { cost: add(operand.cost, own), size: undefined, declared: kind === 'optional' ? undefined : declared };
      }
      case 'index': {
        const operand = this.part(e.operand);
        return { cost: add(operand.cost, this.part(e.index).cost, fixed(1)), size: undefined, declared: operand.declared?.elem };
      }
      case 'list':
        return { cost: add(...e.items.map((item) => this.part(item).cost), fixed(10)), size: fixed(e.items.length), declared: undefined };
      case 'map': {
        const costs = e.entries.flatMap(([key, value]) => [this.part(key).cost, this.part(value).cost]);
        return { cost: add(...costs, fixed(30)), size: fixed(e.entries.length), declared: undefined };
      }
      case 'message':
        return { cost: add(...e.fields.map(({ value }) => this.part(value).cost), fixed(40)), size: undefined, declared: undefined };
      case 'macro':
        return this.#macro(e);
      case 'optMap': {
        const target = this.part(e.target);
        const inner = this.#within([[e.name, undefined]], () => this.part(e.result));
        return { cost: add(target.cost, inner.cost, fixed(3)), size: undefined, declared: undefined };
      }
      case 'call':
        return this.#call(e);
    }
  }

  #within<T>(names: readonly (readonly [string, Sized | undefined])[], body: () => T): T {
    const outer = this.#scope;
    this.#scope = new Map([...outer, ...names]);
    const result = body();
    this.#scope = outer;
    return result;
  }

  #macro(e: Extract<Expression, { is: 'macro' }>): Part {
    const range = this.part(e.range);
    const rounds = range.size ?? unknown;
    const { declared } = range;
    const isList = this.#checked.types.get(e.range)?.kind === 'list';
    const [one = '', two] = e.names;
    const names: readonly (readonly [string, Sized | undefined])[] =
      two === undefined
        ? [[one, isList ? declared?.elem : declared?.key]]
        : [
            [one, isList ? undefined : declared?.key],
            [two, declared?.elem],
          ];
    return this.#within(names, () => {
      const test = e.test === undefined ? fixed(0) : this.part(e.test).cost;
      const result = e.result === undefined ? fixed(0) : this.part(e.result).cost;
      const each = (round: Range, around: number, size: Range): Part => ({
        cost: add(range.cost, fixed(around), times(rounds, round)),
        size,
        declared: undefined,
      });
      switch (e.macro) {
        case 'all':
          return each({ min: 3, max: capped(3 + test.max) }, 1, fixed(1));
        case 'exists':
          return each({ min: 4, max: capped(4 + test.max) }, 1, fixed(1));
        case 'exists_one':
          return each({ min: test.min + 1, max: capped(test.max + 2) }, 2, fixed(1));
        case 'filter':
          return each(add(test, { min: 1, max: 13 }), 11, rounds);
        default: {
          const step = add(fixed(12), result);
          return each(e.test === undefined ? step : add(test, union(step, fixed(1))), 11, rounds);
        }
      }
    });
  }

  #call(e: Extract<Expression, { is: 'call' }>): Part {
    const name = this.#checked.calls.get(e) ?? e.name;
    const target = e.target !== undefined && name === e.name ? this.part(e.target) : undefined;
    const args = e.args.map((arg) => this.part(arg));
    const costs = add(...(target === undefined ? [] : [target.cost]), ...args.map(({ cost }) => cost));
    const [first, second, third] = args;
    if ((name === '_&&_' || name === '_||_') && first !== undefined && second !== undefined)
      return { cost: { min: first.cost.min, max: capped(first.cost.max + second.cost.max) }, size: fixed(1), declared: undefined };
    if (name === '_?_:_' && first !== undefined && second !== undefined && third !== undefined)
      return {
        cost: add(first.cost, union(second.cost, third.cost)),
        size: union(second.size ?? unknown, third.size ?? unknown),
        declared: undefined,
      };
    if (name === 'dyn' && first !== undefined) return { ...first, cost: add(first.cost, fixed(1)) };
    const { cost, size } = this.#price(name, e, target, args);
    return { cost: add(costs, cost), size, declared: undefined };
  }

  /** The price of the call itself, and the size of what it gives. */
  #price(
    name: string,
    e: Extract<Expression, { is: 'call' }>,
    target: Part | undefined,
    args: readonly Part[],
  ): { readonly cost: Range; readonly size: Range | undefined } {
    const sizeOf = (part: Part | undefined): Range => part?.size ?? unknown;
    const [first, second] = args;
    const own = sizeOf(target);
    const plain = (cost: Range, size?: Range): { readonly cost: Range; readonly size: Range | undefined } => ({ cost, size });
    switch (name) {
      case 'isSorted':
      case 'sum':
      case 'max':
      case 'min':
      case 'indexOf':
      case 'lastIndexOf': {
        const type = e.target === undefined ? undefined : this.#checked.types.get(e.target);
        if (type?.kind !== 'list') return plain(scaled(own, traversal));
        const textual = type.args[0]?.name === 'string' || type.args[0]?.name === 'bytes';
        const item = target?.declared?.elem === undefined ? unknown : { min: 0, max: target.declared.elem.maxElements };
        return plain(times(own, textual ? add(fixed(1), scaled(item, traversal)) : fixed(1)));
      }
      case 'slice': {
        const [start, end] = [this.#literal(e.args[0], 0), this.#literal(e.args[1], own.max)];
        return allocating(1, end >= start ? fixed(capped(end - start)) : own);
      }
      case 'reverse':
        return allocating(1, own);
      case 'flatten':
        return allocating(e.args.length === 0 ? 1 : this.#literal(e.args[0], most), own);
      case 'distinct':
        return allocating(2, times(own, own));
      case 'lists.range':
        return allocating(1, fixed(this.#literal(e.args[0], most)));
      case 'sort':
      case '@sortByAssociatedKeys': {
        const keys = first === undefined ? own : sizeOf(first);
        const type = this.#checked.types.get(e.args[0] ?? e.target ?? e)?.args[0]?.name;
        return allocating(type === 'string' || type === 'bytes' ? 2 + traversal : 2, times(keys, keys));
      }
      case 'url':
      case 'startsWith':
      case 'endsWith':
        return plain(scaled(sizeOf(first), traversal));
      case 'lowerAscii':
      case 'upperAscii':
      case 'substring':
      case 'trim':
        return plain(scaled(own, traversal), own);
      case 'replace':
        return plain(scaled(own, 2 * traversal), replaced(own, sizeOf(first), sizeOf(second)));
      case 'split':
        return plain(scaled(own, 2 * traversal), { min: 0, max: own.max });
      case 'join': {
        const item = target?.declared?.elem === undefined ? unknown : { min: 0, max: target.declared.elem.maxElements };
        const separators = { min: Math.max(0, own.min - 1), max: Math.max(0, own.max - 1) };
        const size = first === undefined ? times(own, item) : add(times(own, item), times(sizeOf(first), separators));
        return plain(scaled(size, traversal), size);
      }
      case 'find':
      case 'findAll':
      case 'matches': {
        const [text, regex] = target === undefined ? [sizeOf(first), sizeOf(second)] : [own, sizeOf(first)];
        const cost = times(scaled(add(text, fixed(1)), traversal), scaled(regex, perRegexCharacter));
        return plain(cost, name === 'matches' ? undefined : { min: 0, max: text.max });
      }
      case 'contains':
        return plain(times(scaled(own, traversal), scaled(sizeOf(first), traversal)));
      case '@in': {
        const type = e.args[1] === undefined ? undefined : this.#checked.types.get(e.args[1]);
        return plain(type?.kind === 'list' ? sizeOf(second) : fixed(1));
      }
      case 'string': {
        if (this.#nameOf(e.args[0]) !== 'bytes') return plain(fixed(1));
        const { min, max } = sizeOf(first);
        return plain(scaled({ min, max }, traversal), { min: Math.floor(min / 4), max });
      }
      case 'bytes': {
        if (this.#nameOf(e.args[0]) !== 'string') return plain(fixed(1));
        const { min, max } = sizeOf(first);
        return plain(scaled({ min, max }, traversal), { min, max: capped(max * 4) });
      }
      case '_+_': {
        const type = this.#checked.types.get(e);
        const size = add(sizeOf(first), sizeOf(second));
        if (type?.kind === 'list') return plain(fixed(1), size);
        return type?.name === 'string' || type?.name === 'bytes' ? plain(scaled(size, traversal), size) : plain(fixed(1));
      }
      case '_==_':
      case '_!=_':
        if (e.args[0] !== undefined && this.#checked.types.get(e.args[0])?.kind === 'opaque') return plain(fixed(1));
        return plain(compared(sizeOf(first), sizeOf(second)));
      case '_<_':
      case '_<=_':
      case '_>_':
      case '_>=_':
        return plain(this.#isText(e.args[0]) ? compared(sizeOf(first), sizeOf(second)) : fixed(1));
      case 'containsIP':
      case 'containsCIDR':
        return plain(add(fixed(name === 'containsIP' ? 4 : 7), this.#isText(e.args[0]) ? scaled(sizeOf(first), traversal) : fixed(0)));
      case 'sets.contains':
      case 'sets.equivalent':
      case 'sets.intersects':
        return plain(add(fixed(1), times(sizeOf(first), sizeOf(second))));
      case 'validate':
        return plain(add(fixed(1), scaled(sizeOf(first), 1)));
      default:
        return plain(fixed(1));
    }
  }

  #literal(e: Expression | undefined, otherwise: number): number {
    return e?.is === 'constant' && typeof e.value === 'bigint' ? Number(e.value) : otherwise;
  }

  #nameOf(e: Expression | undefined): string | undefined {
    return e === undefined ? undefined : this.#checked.types.get(e)?.name;
  }

  #isText(e: Expression | undefined): boolean {
    const name = this.#nameOf(e);
    return name === 'string' || name === 'bytes';
  }
}

/** A call that makes a list, by cel-go's rule. */
function allocating(factor: number, size: Range): { readonly cost: Range; readonly size: Range } {
  return { cost: add(scaled(size, factor), fixed(11)), size };
}

function compared(a: Range, b: Range): Range {
  const max = Math.min(a.max, b.max);
  return scaled({ min: max > 0 ? 1 : 0, max }, traversal);
}

function replaced(text: Range, old: Range, fresh: Range): Range {
  if (old.min === 0) return { min: 0, max: capped(text.max + (text.max + 1) * fresh.max) };
  return { min: 0, max: fresh.max <= old.min ? text.max : capped(Math.ceil(text.max / old.min) * fresh.max) };
}
