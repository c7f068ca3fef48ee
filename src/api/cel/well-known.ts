// Owns the messages of Protocol Buffers that an expression may write out: their fields, and the values that they stand for.
import { type CelType, celType } from './types.ts';
import { CelError, CelList, CelMap, type CelValue, Duration, Timestamp, Uint, ValueList, ValueMap } from './values.ts';

/** A message that every expression knows. */
export interface WellKnown {
  /** What an expression of it is, which is not always an object. */
  readonly type: CelType;
  readonly fields: ReadonlyMap<string, CelType>;
  /** The value of a message with these fields set. Throws CelError for what does not fit. */
  make(fields: ReadonlyMap<string, CelValue>): CelValue;
}

function fieldsOf(fields: Readonly<Record<string, string>>): ReadonlyMap<string, CelType> {
  return new Map(Object.entries(fields).map(([name, type]) => [name, celType(type)]));
}

/** A value that may be null: printed `wrapper(int)`, taken for what it holds. */
function wrapper(of: string, zero: CelValue, checked: (value: CelValue) => CelValue = (value) => value): WellKnown {
  return {
    type: { kind: 'opaque', name: 'wrapper', args: [celType(of)] },
    fields: fieldsOf({ value: of }),
    make: (fields) => checked(fields.get('value') ?? zero),
  };
}

const nanosASecond = 1_000_000_000n;

function instant(type: string, made: new (nanos: bigint) => CelValue): WellKnown {
  const whole = (value: CelValue | undefined): bigint => (typeof value === 'bigint' ? value : 0n);
  return {
    type: celType(type),
    fields: fieldsOf({ seconds: 'int', nanos: 'int' }),
    make: (fields) => new made(whole(fields.get('seconds')) * nanosASecond + whole(fields.get('nanos'))),
  };
}

function int32(value: CelValue): CelValue {
  if (typeof value === 'bigint' && BigInt.asIntN(32, value) !== value) throw new CelError('integer overflow');
  return value;
}

function uint32(value: CelValue): CelValue {
  if (value instanceof Uint && BigInt.asUintN(32, value.value) !== value.value) throw new CelError('unsigned integer overflow');
  return value;
}

const anything = ['number_value', 'string_value', 'bool_value', 'struct_value', 'list_value'];

const known: ReadonlyMap<string, WellKnown> = new Map(
  Object.entries({
    BoolValue: wrapper('bool', false),
    BytesValue: wrapper('bytes', new Uint8Array()),
    DoubleValue: wrapper('double', 0),
    FloatValue: wrapper('double', 0, (value) => (typeof value === 'number' ? Math.fround(value) : value)),
    Int32Value: wrapper('int', 0n, int32),
    Int64Value: wrapper('int', 0n),
    StringValue: wrapper('string', ''),
    UInt32Value: wrapper('uint', new Uint(0n), uint32),
    UInt64Value: wrapper('uint', new Uint(0n)),
    Timestamp: instant('timestamp', Timestamp),
    Duration: instant('duration', Duration),
    Struct: {
      type: celType('map<string,dyn>'),
      fields: fieldsOf({ fields: 'map<string,dyn>' }),
      make: (fields) => {
        const value = fields.get('fields');
        return value instanceof CelMap ? value : new ValueMap([]);
      },
    },
    ListValue: {
      type: celType('list<dyn>'),
      fields: fieldsOf({ values: 'list<dyn>' }),
      make: (fields) => {
        const value = fields.get('values');
        return value instanceof CelList ? value : new ValueList([]);
      },
    },
    Value: {
      type: celType('dyn'),
      fields: fieldsOf({
        null_value: 'null',
        number_value: 'double',
        string_value: 'string',
        bool_value: 'bool',
        struct_value: 'map<string,dyn>',
        list_value: 'list<dyn>',
      }),
      make: (fields) => anything.map((name) => fields.get(name)).find((value) => value !== undefined) ?? null,
    },
  } satisfies Record<string, WellKnown>).map(([name, one]) => [`google.protobuf.${name}`, one]),
);

/** The message of this full name; undefined where there is none. */
export function wellKnown(name: string): WellKnown | undefined {
  return known.get(name);
}
