// Owns the types of expressions: how they are written and printed, and which may stand for which.

/** A type. Kinds: prim, list, map, object (fields declared), optional, opaque, type, param. */
export interface CelType {
  readonly kind: 'prim' | 'list' | 'map' | 'object' | 'optional' | 'opaque' | 'type' | 'param';
  readonly name: string;
  readonly args: readonly CelType[];
  /** Of objects: their fields. */
  readonly fields?: ReadonlyMap<string, CelType>;
}

const primitives = new Set(['int', 'uint', 'double', 'bool', 'string', 'bytes', 'null', 'dyn', 'timestamp', 'duration', 'error']);
const made = new Map<string, CelType>();

/** A type from its text: `int`, `list<A>`, `map<string,dyn>`, `optional<A>`, `net.IP`. */
export function celType(text: string): CelType {
  let type = made.get(text);
  if (type === undefined) {
    type = parse(text);
    made.set(text, type);
  }
  return type;
}

function parse(text: string): CelType {
  const generic = /^(list|map|optional|type)<(.*)>$/.exec(text);
  if (generic !== null) return { kind: generic[1] as 'list', name: generic[1] ?? '', args: splitTop(generic[2] ?? '').map(celType) };
  if (primitives.has(text)) return { kind: 'prim', name: text, args: [] };
  return { kind: /^[A-Z]$/.test(text) ? 'param' : 'opaque', name: text, args: [] };
}

/** Splits at the commas that no bracket encloses. */
export function splitTop(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '<') depth++;
    else if (text[at] === '>') depth--;
    else if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return text === '' ? [] : [...parts, text.slice(start)];
}

/** A list of a type. */
export function listOf(item: CelType): CelType {
  return { kind: 'list', name: 'list', args: [item] };
}

/** A map from one type to another. */
export function mapOf(key: CelType, value: CelType): CelType {
  return { kind: 'map', name: 'map', args: [key, value] };
}

/** A value of a type that may be missing. */
export function optionalOf(value: CelType): CelType {
  return { kind: 'optional', name: 'optional', args: [value] };
}

/** An object with these fields. */
export function objectOf(name: string, fields: ReadonlyMap<string, CelType>): CelType {
  return { kind: 'object', name, args: [], fields };
}

/** A type as cel-go prints it: `list(int)`, `map(string, dyn)`. */
export function printType(type: CelType): string {
  if (type.name === 'error') return '!error!';
  const name = type.kind === 'optional' ? 'optional_type' : type.name;
  return type.args.length === 0 ? name : `${name}(${type.args.map(printType).join(', ')})`;
}

/** Types that the parameters of an overload have been found to stand for. */
export type Bindings = Map<string, CelType>;

const open = (type: CelType): boolean => type.name === 'dyn' || type.name === 'error';
const nullable = (type: CelType): boolean =>
  type.kind === 'object' || type.kind === 'opaque' || type.kind === 'optional' || type.name === 'timestamp' || type.name === 'duration';

/** Whether a value of `actual` may stand where `expected` is asked for; what parameters stand for is noted. */
export function assignable(expected: CelType, actual: CelType, bindings: Bindings): boolean {
  if (expected.kind === 'param') {
    const bound = bindings.get(expected.name);
    if (bound === undefined || open(bound)) {
      if (bound === undefined || !open(actual)) bindings.set(expected.name, actual);
      return true;
    }
    if (bound.name === 'null' && nullable(actual)) {
      bindings.set(expected.name, actual);
      return true;
    }
    return assignable(bound, actual, bindings);
  }
  if (open(expected) || open(actual)) return true;
  // A wrapper is taken for what it holds, and the other way round.
  if (actual.name === 'wrapper') return assignable(expected.name === 'wrapper' ? held(expected) : expected, held(actual), bindings);
  if (expected.name === 'wrapper' && actual.name !== 'null') return assignable(held(expected), actual, bindings);
  if (actual.name === 'null' && nullable(expected)) return true;
  if (expected.kind !== actual.kind || expected.name !== actual.name || expected.args.length !== actual.args.length) return false;
  return expected.args.every((arg, index) => assignable(arg, actual.args[index] as CelType, bindings));
}

function held(wrapper: CelType): CelType {
  return wrapper.args[0] ?? celType('dyn');
}

/** A type with its parameters replaced by what they stand for; `dyn` where nothing is known. */
export function bound(type: CelType, bindings: Bindings): CelType {
  if (type.kind === 'param') return bindings.get(type.name) ?? celType('dyn');
  return type.args.length === 0 ? type : { ...type, args: type.args.map((arg) => bound(arg, bindings)) };
}

/** Whether two types are one. */
export function sameType(a: CelType, b: CelType): boolean {
  return printType(a) === printType(b);
}
