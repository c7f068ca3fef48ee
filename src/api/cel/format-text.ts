// Owns `format` of texts: `"%s is %d".format([a, b])`.
import { formatDuration, formatTimestamp } from './time-text.ts';
import { CelError, CelList, CelMap, type CelValue, Duration, Opaque, Timestamp, TypeValue, typeNameOf, Uint } from './values.ts';

type PrintDouble = (value: number) => string;

function spelled(value: CelValue, print: PrintDouble): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return print(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return `${value}`;
  if (value instanceof Uint) return `${value.value}`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof TypeValue) return value.type;
  if (value instanceof Opaque) return value.text;
  if (value instanceof CelList) return `[${[...value].map((item) => spelled(item, print)).join(', ')}]`;
  if (value instanceof CelMap) {
    const entries = [...value.keys()].map((key): readonly [string, string] => [
      spelled(key, print),
      spelled(value.get(key) ?? null, print),
    ]);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, text]) => `${key}: ${text}`)
      .join(', ')}}`;
  }
  throw new CelError(`could not convert argument ${typeNameOf(value)} to string`);
}

function integerOf(value: CelValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof Uint ? value.value : undefined;
}

function radix(value: CelValue, clause: string): string {
  const integer = integerOf(value);
  if (integer !== undefined) return integer.toString(clause === 'b' ? 2 : clause === 'o' ? 8 : 16);
  if (clause === 'b' && typeof value === 'boolean') return value ? '1' : '0';
  if ((clause === 'x' || clause === 'X') && typeof value === 'string') return Buffer.from(value).toString('hex');
  if ((clause === 'x' || clause === 'X') && value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  throw new CelError(`error during formatting: %${clause} clause can only be used on integers, was given ${typeNameOf(value)}`);
}

function decimal(value: CelValue, clause: string, digits: number): string {
  const number = typeof value === 'number' ? value : Number(integerOf(value) ?? Number.NaN);
  if (typeof value !== 'number' && integerOf(value) === undefined)
    throw new CelError(`error during formatting: %${clause} clause can only be used on doubles, was given ${typeNameOf(value)}`);
  if (!Number.isFinite(number)) return Number.isNaN(number) ? 'NaN' : number > 0 ? 'Infinity' : '-Infinity';
  if (clause === 'f') return number.toFixed(digits);
  return number.toExponential(digits).replace(/e([-+])(\d)$/, 'e$10$2');
}

/** The text with its clauses filled in. Throws CelError. */
export function formatText(text: string, args: readonly CelValue[], print: PrintDouble): string {
  let used = 0;
  const next = (): CelValue => {
    const value = args[used++];
    if (value === undefined) throw new CelError(`index ${used - 1} out of range`);
    return value;
  };
  const filled = text.replace(
    /%(%|(?:\.(\d*))?([a-zA-Z]))?/g,
    (_, clause: string | undefined, precision: string | undefined, verb: string | undefined) => {
      if (clause === '%') return '%';
      if (verb === undefined) throw new CelError('unexpected end of string');
      const value = next();
      switch (verb) {
        case 's':
          return spelled(value, print);
        case 'd': {
          const integer = integerOf(value);
          if (integer !== undefined) return `${integer}`;
          if (typeof value === 'number') return print(value);
          throw new CelError(`error during formatting: decimal clause can only be used on integers, was given ${typeNameOf(value)}`);
        }
        case 'f':
        case 'e':
          return decimal(value, verb, precision === undefined || precision === '' ? 6 : Math.min(100, Number(precision)));
        case 'b':
        case 'o':
        case 'x':
          return radix(value, verb);
        case 'X':
          return radix(value, verb).toUpperCase();
        default:
          throw new CelError(`unrecognized formatting clause "${verb}"`);
      }
    },
  );
  return filled;
}
