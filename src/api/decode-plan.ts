// Owns how one type is read from parsed JSON into its wire form: type checks, zero values, field order. A plan is made once a type.

import { type GoField, goFieldsOf } from './decode-fields.ts';
import { decodeBase64, decodeMicroTime, decodeQuantity, decodeTime } from './decode-scalars.ts';
import { type DecodeState, MismatchError, mismatch, note, noteRepeats, type TrailField } from './decode-state.ts';
import type { FieldDescription, FieldType, TypeTable } from './kind.ts';

/** `known` is what was read at this place before, where a patch left most as it was: the same value is read already. */
type Decode = (raw: unknown, state: DecodeState, known: unknown) => unknown;
type Fields = Readonly<Record<string, unknown>>;

/** A field with everything that reading and writing it needs. */
export interface FieldPlan extends TrailField {
  readonly index: number;
  readonly decode: Decode;
  /** The value that is written where the text has none; undefined: nothing is written. A thunk, as types refer to each other. */
  readonly zero: () => unknown;
  /** True where an empty value is not written. */
  readonly dropEmpty: boolean;
}

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  int: [-(2 ** 63), 2 ** 63],
  int8: [-128, 127],
  int16: [-32768, 32767],
  uint32: [0, 2 ** 32 - 1],
  uint64: [0, 2 ** 64],
};

function integerDecoder(goType: string): Decode {
  const [low, high] = ranges[goType] ?? [-(2 ** 63), 2 ** 63];
  return (raw, state) => {
    if (typeof raw !== 'number') throw mismatch(state, raw, goType);
    if (!Number.isInteger(raw) || raw < low || raw > high) throw mismatch(state, raw, goType, ` ${raw}`);
    return raw === 0 ? 0 : raw;
  };
}

function text(raw: unknown, state: DecodeState, goType: string): string {
  if (typeof raw !== 'string') throw mismatch(state, raw, goType);
  return raw;
}

function decodeIntOrString(raw: unknown, state: DecodeState): unknown {
  if (typeof raw === 'string') return raw;
  return integerDecoder('int32')(raw, state, undefined);
}

function goTypeOf(type: FieldType): string {
  switch (type.is) {
    case 'integer':
      return type.format ?? 'int64';
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    case 'ref':
      return refName(type.ref);
    case 'list':
      return `[]${goTypeOf(type.items)}`;
    case 'map':
      return `map[string]${goTypeOf(type.values)}`;
    default:
      return 'string';
  }
}

function refName(ref: string): string {
  return ref.split('.').slice(-2).join('.');
}

function elementType(goType: string, type: FieldType): string {
  if (goType.startsWith('[]')) return goType.slice(2).replace(/^\*/, '');
  if (goType.startsWith('map[')) return goType.slice(goType.indexOf(']') + 1).replace(/^\*/, '');
  return goTypeOf(type);
}

/** A default that the schema itself gives: scalars for built-in types (the rest is what Go's zero values are), anything for custom ones. */
function presetOf(description: FieldDescription, go: GoField | undefined): (() => unknown) | undefined {
  const preset = description.default;
  if (preset === undefined || (go !== undefined && (typeof preset === 'object' || isEmpty(preset)))) return undefined;
  return () => preset;
}

/** Plans for the types of one table. */
export class DecodePlans {
  readonly #types: TypeTable;
  readonly #structs = new Map<string, StructPlan>();

  constructor(types: TypeTable) {
    this.#types = types;
  }

  /** The plan of a type by its OpenAPI name. */
  struct(name: string): StructPlan {
    const known = this.#structs.get(name);
    if (known !== undefined) return known;
    const plan = new StructPlan(name);
    this.#structs.set(name, plan);
    const type = this.#types.get(name);
    plan.open = type?.open ?? type === undefined;
    const go = goFieldsOf(name) ?? [];
    const declared = new Map(go.map((field) => [field.name, field]));
    const first = ['kind', 'apiVersion', 'metadata', 'spec'];
    const described = [...(type?.fields ?? [])].sort(([a], [b]) => rank(a) - rank(b));
    function rank(field: string): number {
      return declared.size > 0 ? go.findIndex((one) => one.name === field) : (first.indexOf(field) + 5) % 5 || 9;
    }
    for (const [field, description] of described) plan.add(this.#field(plan, field, description, declared.get(field)));
    return plan;
  }

  #field(plan: StructPlan, name: string, description: FieldDescription, go: GoField | undefined): FieldPlan {
    const type = description.type;
    const goType = go?.type ?? goTypeOf(type);
    const pointer = go?.pointer ?? go === undefined;
    const preset = presetOf(description, go);
    return {
      name,
      owner: plan.goName,
      embedded: go?.embedded ?? '',
      index: plan.fields.length,
      decode: this.#decoder(type, goType),
      zero:
        preset ??
        (go === undefined
          ? () => undefined
          : pointer
            ? () => (go.omitEmpty || go.omitZero ? undefined : null)
            : this.#fieldZero(type, goType, go)),
      // An empty list that Go writes stays until it is stored: whoever sent it has set the field.
      dropEmpty:
        !pointer &&
        !toldEmpty.has(`${plan.goName}.${name}`) &&
        ((go?.omitEmpty ?? false) || preset !== undefined || type.is === 'map') &&
        !isStruct(type),
    };
  }

  #fieldZero(type: FieldType, goType: string, go: GoField): () => unknown {
    if (type.is === 'ref') {
      const plan = this.struct(type.ref);
      return go.omitZero ? () => undefined : () => plan.zero;
    }
    if (type.is === 'time' || type.is === 'microTime' || type.is === 'raw') return () => (go.omitZero ? undefined : null);
    if (type.is === 'quantity') return () => '0';
    if (type.is === 'intOrString') return () => 0;
    if (go.omitEmpty || go.omitZero) return () => undefined;
    return this.#elementZero(type, goType);
  }

  /** What an absent value of a type is in Go, as a list item or map value. */
  #elementZero(type: FieldType, goType: string): () => unknown {
    switch (type.is) {
      case 'ref': {
        const plan = this.struct(type.ref);
        return () => plan.zero;
      }
      case 'string':
        return goType === '[]byte' || goType === '[]uint8' ? () => null : () => '';
      case 'boolean':
        return () => false;
      case 'integer':
      case 'number':
      case 'intOrString':
        return () => 0;
      case 'quantity':
        return () => '0';
      default:
        return () => null;
    }
  }

  #decoder(type: FieldType, goType: string): Decode {
    switch (type.is) {
      case 'string':
        return type.format === 'byte' ? (raw, state) => decodeBase64(text(raw, state, goType)) : (raw, state) => text(raw, state, goType);
      case 'boolean':
        return (raw, state) => {
          if (typeof raw !== 'boolean') throw mismatch(state, raw, goType);
          return raw;
        };
      case 'integer':
        return integerDecoder(goType in ranges ? goType : (type.format ?? 'int64'));
      case 'number':
        return (raw, state) => {
          if (typeof raw !== 'number') throw mismatch(state, raw, goType);
          return raw;
        };
      case 'quantity':
        return decodeQuantity;
      case 'intOrString':
        return decodeIntOrString;
      case 'time':
        return (raw, state) => decodeTime(text(raw, state, 'string'));
      case 'microTime':
        return (raw, state) => decodeMicroTime(text(raw, state, 'string'));
      case 'ref': {
        const plan = this.struct(type.ref);
        return (raw, state, known) => plan.decode(raw, state, known);
      }
      case 'list':
        return this.#listDecoder(type.items, goType);
      case 'map':
        return this.#mapDecoder(type.values, goType);
      default:
        return (raw) => raw;
    }
  }

  #listDecoder(items: FieldType, goType: string): Decode {
    const itemType = elementType(goType, items);
    const decode = this.#decoder(items, itemType);
    const zero = this.#elementZero(items, itemType);
    return (raw, state, known) => {
      if (raw === known) return raw;
      if (!Array.isArray(raw)) throw mismatch(state, raw, goType);
      const before: readonly unknown[] = Array.isArray(known) ? known : [];
      const list = new Array<unknown>(raw.length);
      for (let index = 0; index < raw.length; index++) {
        const item: unknown = raw[index];
        state.trail.push(index);
        list[index] = item === null ? zero() : decode(item, state, before[index]);
        state.trail.pop();
      }
      return list;
    };
  }

  #mapDecoder(values: FieldType, goType: string): Decode {
    const valueType = elementType(goType, values);
    const decode = this.#decoder(values, valueType);
    const zero = this.#elementZero(values, valueType);
    return (raw, state, known) => {
      if (raw === known) return raw;
      if (!isFields(raw)) throw mismatch(state, raw, goType);
      const before = membersOf(known);
      const map: Record<string, unknown> = {};
      const keys = Object.keys(raw);
      noteRepeats(raw, state);
      if (keys.length > 1) keys.sort();
      for (const key of keys) {
        const value = raw[key];
        state.trail.push(key);
        setField(map, key, value === null ? zero() : decode(value, state, before?.[key]));
        state.trail.pop();
      }
      return map;
    };
  }
}

/** `__proto__` is a name like any other. */
function setField(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else target[key] = value;
}

function isFields(raw: unknown): raw is Fields {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}

/** Lists that Go leaves out when they are empty, but whose defaults come only where nobody said anything. */
const toldEmpty = new Set(['HPAScalingRules.policies']);

function membersOf(known: unknown): Fields | undefined {
  return isFields(known) ? known : undefined;
}

function isStruct(type: FieldType): boolean {
  return (
    type.is === 'ref' ||
    type.is === 'time' ||
    type.is === 'microTime' ||
    type.is === 'quantity' ||
    type.is === 'intOrString' ||
    type.is === 'raw'
  );
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

/** How one struct is read and written. */
export class StructPlan {
  readonly name: string;
  readonly goName: string;
  readonly fields: FieldPlan[] = [];
  open = false;
  readonly #byName = new Map<string, FieldPlan>();
  #zero: Fields | undefined;

  constructor(name: string) {
    this.name = name;
    this.goName = name.slice(name.lastIndexOf('.') + 1);
  }

  add(field: FieldPlan): void {
    this.fields.push(field);
    this.#byName.set(field.name, field);
  }

  /** The struct with nothing set. */
  get zero(): Fields {
    this.#zero ??= Object.freeze(this.#written([], {}));
    return this.#zero;
  }

  /** Reads a struct. Throws MismatchError, ValueError or QuantityError at the first value that does not fit. */
  decode(raw: unknown, state: DecodeState, known: unknown): Fields {
    if (!isFields(raw)) {
      const kind = Array.isArray(raw) ? 'slice' : typeof raw;
      throw state.dialect === 'converter'
        ? new MismatchError(`cannot restore struct from: ${kind}`)
        : mismatch(state, raw, refName(this.name));
    }
    if (raw === known) return raw;
    const before = membersOf(known);
    const values = new Array<unknown>(this.fields.length);
    const rest: Record<string, unknown> = {};
    const order = state.repeats.get(raw);
    if (order === undefined) for (const key in raw) this.#read(key, raw[key], values, rest, state, before);
    else
      for (const { key, repeated } of order) {
        if (repeated) note(state, 'duplicate', key);
        this.#read(key, raw[key], values, rest, state, before);
      }
    return this.#written(values, rest);
  }

  #read(key: string, value: unknown, values: unknown[], rest: Record<string, unknown>, state: DecodeState, known?: Fields): void {
    const field = this.#byName.get(key);
    if (field === undefined) {
      if (this.open) setField(rest, key, value);
      else note(state, 'unknown', key);
      return;
    }
    if (value === null || value === undefined) return;
    state.trail.push(field);
    values[field.index] = field.decode(value, state, known?.[key]);
    state.trail.pop();
  }

  #written(values: readonly unknown[], rest: Fields): Fields {
    const object: Record<string, unknown> = {};
    for (const field of this.fields) {
      let value = values[field.index];
      if (value === undefined || (field.dropEmpty && isEmpty(value))) value = field.zero();
      if (value !== undefined) object[field.name] = value;
    }
    for (const key in rest) setField(object, key, rest[key]);
    return object;
  }
}
