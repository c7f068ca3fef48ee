// Owns JSON as expressions see it: read through its schema, when asked for and not before.

import { parseDuration, parseTimestamp } from '../cel/time-text.ts';
import { CelError, CelList, CelMap, type CelValue, celEquals } from '../cel/values.ts';
import { type DeclType, declTypeOf } from './decl-type.ts';
import { type Fields, fieldOf, isFields, type Schema } from './schema.ts';

/** A JSON value by its schema. `isResource`: type and metadata are there whatever the schema says. */
export function valueOfJson(raw: unknown, schema: Schema, isResource = schema.embedded): CelValue {
  if (raw === null || raw === undefined) return null;
  if (Array.isArray(raw)) return schema.items === undefined ? new JsonList([], schema) : new JsonList(raw, schema);
  if (isFields(raw)) {
    if (typeof schema.additional === 'object') return new JsonMap(raw, schema.additional);
    const declared = declTypeOf(schema, isResource);
    return new JsonObject(raw, schema, declared);
  }
  if (typeof raw === 'string') return textValue(raw, schema);
  if (typeof raw === 'number') return schema.type !== 'number' && Number.isInteger(raw) ? BigInt(raw) : raw;
  if (typeof raw === 'boolean') return raw;
  throw new CelError('no such overload');
}

function textValue(raw: string, { format, intOrString }: Schema): CelValue {
  if (intOrString) return raw;
  try {
    switch (format) {
      case 'byte':
        return Buffer.from(raw, 'base64');
      case 'duration':
        return parseDuration(raw);
      case 'date':
        return parseTimestamp(`${raw}T00:00:00Z`);
      case 'date-time':
        return parseTimestamp(raw.toUpperCase());
      default:
        return raw;
    }
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    throw new CelError(`Invalid ${format} ${JSON.stringify(raw)}: ${error.message}`);
  }
}

class JsonList extends CelList {
  readonly #raw: readonly unknown[];
  readonly #schema: Schema;
  readonly #made: CelValue[] = [];
  override readonly unordered: boolean;

  constructor(raw: readonly unknown[], schema: Schema) {
    super();
    this.#raw = raw;
    this.#schema = schema;
    this.unordered = schema.listType === 'set' || schema.listType === 'map';
  }

  get size(): number {
    return this.#raw.length;
  }

  at(index: number): CelValue {
    const { items } = this.#schema;
    this.#made[index] ??= items === undefined ? null : valueOfJson(this.#raw[index], items);
    return this.#made[index] as CelValue;
  }

  /** Sets take in what they lack; maps replace by their keys. */
  override concat(other: CelList): CelList {
    if (!this.unordered) return super.concat(other);
    const merged: CelValue[] = [...this];
    for (const item of other) {
      const at = merged.findIndex((one) => this.#same(one, item));
      if (at < 0) merged.push(item);
      else if (this.#schema.listType === 'map') merged[at] = item;
    }
    return new MergedList(merged);
  }

  #same(a: CelValue, b: CelValue): boolean {
    if (this.#schema.listType === 'set') return celEquals(a, b);
    if (!(a instanceof CelMap) || !(b instanceof CelMap)) return false;
    return this.#schema.mapKeys.every((key) => celEquals(a.get(key) ?? null, b.get(key) ?? null));
  }
}

class MergedList extends CelList {
  readonly #items: readonly CelValue[];
  override readonly unordered = true;
  constructor(items: readonly CelValue[]) {
    super();
    this.#items = items;
  }
  get size(): number {
    return this.#items.length;
  }
  at(index: number): CelValue {
    return this.#items[index] as CelValue;
  }
}

class JsonMap extends CelMap {
  readonly #raw: Fields;
  readonly #values: Schema;

  constructor(raw: Fields, values: Schema) {
    super();
    this.#raw = raw;
    this.#values = values;
  }

  get size(): number {
    return Object.keys(this.#raw).length;
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.#raw, key)) return undefined;
    return valueOfJson(this.#raw[key], this.#values);
  }

  keys(): Iterable<CelValue> {
    return Object.keys(this.#raw);
  }
}

const text: Pick<Schema, 'format' | 'intOrString'> = { format: '', intOrString: false };

/** An object with declared fields; a resource's metadata shows its name alone. */
class JsonObject extends CelMap {
  readonly #raw: Fields;
  readonly #schema: Schema;
  readonly #declared: DeclType | undefined;
  readonly #made = new Map<string, CelValue>();
  override readonly isObject = true;

  constructor(raw: Fields, schema: Schema, declared: DeclType | undefined) {
    super();
    this.#raw = raw;
    this.#schema = schema;
    this.#declared = declared;
  }

  get size(): number {
    return [...this.keys()].length;
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined;
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    const known = this.#declared?.fields.get(key);
    const raw = known === undefined ? undefined : fieldOf(this.#raw, known.original);
    // A null field is as good as none.
    if (known === undefined || raw === undefined || raw === null) return undefined;
    const inner = this.#schema.properties?.get(known.original);
    const value = this.#value(raw, inner, known.declared);
    this.#made.set(key, value);
    return value;
  }

  #value(raw: unknown, inner: Schema | undefined, declared: DeclType): CelValue {
    if (typeof raw === 'string' && declared.type.name === 'string') return textValue(raw, text as Schema);
    if (isFields(raw) && declared.fields.size > 0) return new JsonObject(raw, inner ?? this.#schema, declared);
    return inner === undefined ? null : valueOfJson(raw, inner);
  }

  *keys(): Generator<CelValue, void, undefined> {
    for (const [name, { original }] of this.#declared?.fields ?? []) if (Object.hasOwn(this.#raw, original)) yield name;
  }
}
