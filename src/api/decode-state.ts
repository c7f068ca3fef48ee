// Owns where decoding stands and how it words what it finds: wrong types, unknown and repeated fields.
import type { FieldOrder } from './decode-json.ts';
import { ValueError } from './decode-scalars.ts';

/** A field on the way to a value: its name, the struct that declares it, and the embedded struct in between ('' for none). */
export interface TrailField {
  readonly name: string;
  readonly owner: string;
  readonly embedded: string;
}

/** What decoding gathers on its way. `trail` holds the way from the root: fields, list indices, map keys. */
export interface DecodeState {
  readonly trail: (TrailField | number | string)[];
  readonly repeats: ReadonlyMap<object, FieldOrder>;
  /** Unknown and repeated fields in the order of the text. */
  readonly strict: string[];
  /** Whose words a wrong type is refused in: those of the JSON decoder, or of the converter behind strategic merge patches. */
  readonly dialect: Dialect;
}

/** Whose words a refusal is in: the JSON decoder's, or those of the converter behind strategic merge patches. */
export type Dialect = 'json' | 'converter';

const strictLimit = 100;

/** A value of the wrong JSON type, in the words of Go's decoder. */
export class MismatchError extends ValueError {}

function jsonKind(raw: unknown): string {
  if (Array.isArray(raw)) return 'array';
  return typeof raw === 'boolean' ? 'bool' : typeof raw === 'object' ? 'object' : typeof raw;
}

/** The converter's words; it names no field. */
function unconvertible(raw: unknown, goType: string): string {
  const kind = Array.isArray(raw)
    ? 'slice'
    : typeof raw === 'object'
      ? 'map'
      : typeof raw === 'number'
        ? 'int64'
        : typeof raw === 'boolean'
          ? 'bool'
          : 'string';
  if (goType.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (goType.startsWith('map[')) return `cannot restore map from ${kind}`;
  const scalar = /^(u?int\d*|float64|bool|string)$/.test(goType) ? goType : 'string';
  if (kind === 'int64' && scalar !== 'bool') return `cannot convert int64 to ${goType}`;
  return `unrecognized type: ${scalar}`;
}

/** The refusal of a value of the wrong type, where `state` stands. `literal` is what a number says, with a space before it. */
export function mismatch(state: DecodeState, raw: unknown, goType: string, literal = ''): MismatchError {
  if (state.dialect === 'converter') return new MismatchError(unconvertible(raw, goType));
  const fields = state.trail.filter((step) => typeof step === 'object');
  const owner = fields.at(-1)?.owner;
  const path = fields.map(({ embedded, name }) => (embedded === '' ? name : `${embedded}.${name}`)).join('.');
  const where = owner === undefined ? 'value' : `struct field ${owner}.${path}`;
  return new MismatchError(`json: cannot unmarshal ${jsonKind(raw)}${literal} into Go ${where} of type ${goType}`);
}

function place(state: DecodeState, last: string): string {
  let path = '';
  for (const step of state.trail) {
    if (typeof step === 'number') path += `[${step}]`;
    else path += `${path === '' ? '' : '.'}${typeof step === 'string' ? step : step.name}`;
  }
  return `${path === '' ? '' : `${path}.`}${last}`;
}

/** Notes an unknown or repeated field, each once and up to a limit. */
export function note(state: DecodeState, what: 'unknown' | 'duplicate', field: string): void {
  if (state.strict.length >= strictLimit) return;
  const text = `${what} field "${place(state, field)}"`;
  if (!state.strict.includes(text)) state.strict.push(text);
}

/** Notes every repeated field of one object. */
export function noteRepeats(raw: object, state: DecodeState): void {
  for (const { key, repeated } of state.repeats.get(raw) ?? []) if (repeated) note(state, 'duplicate', key);
}

/** The repeated fields of a text, in its order, as strict decoding names them. */
export function repeatedFields(raw: unknown, repeats: ReadonlyMap<object, FieldOrder>): readonly string[] {
  const state: DecodeState = { trail: [], repeats, strict: [], dialect: 'json' };
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
    noteRepeats(value, state);
    for (const [step, item] of entries) {
      state.trail.push(step);
      visit(item);
      state.trail.pop();
    }
  };
  visit(raw);
  return state.strict;
}
