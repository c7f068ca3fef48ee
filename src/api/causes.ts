// Owns how a refused field is worded: one StatusCause each, with upstream's reasons and its way of printing values.
import type { StatusCause } from './meta/v1.ts';

/** A text as Go prints it with %q. */
export function quoted(text: string): string {
  let out = '"';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === '\\') out += `\\${character}`;
    else if (character === '\n') out += '\\n';
    else if (character === '\t') out += '\\t';
    else if (character === '\r') out += '\\r';
    else if (code === 7) out += '\\a';
    else if (code === 8) out += '\\b';
    else if (code === 12) out += '\\f';
    else if (code === 11) out += '\\v';
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code > 0x7e && /[\p{C}\p{Z}]/u.test(character))
      out += code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
    else out += character;
  }
  return `${out}"`;
}

/** A value as Go's JSON prints it: keys as they are, `<`, `>` and `&` escaped. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return `${value}`;
  return JSON.stringify(value).replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

function cause(reason: string, field: string, message: string, detail: string): StatusCause {
  return { reason, message: detail === '' ? message : `${message}: ${detail}`, field };
}

/** The value is malformed or out of range. */
export function invalidValue(field: string, value: unknown, detail: string): StatusCause {
  return cause('FieldValueInvalid', field, `Invalid value: ${shown(value)}`, detail);
}

/** The value has the wrong type. */
export function invalidType(field: string, value: unknown, detail: string): StatusCause {
  return cause('FieldValueTypeInvalid', field, `Invalid value: ${shown(value)}`, detail);
}

/** A value must be given. */
export function required(field: string, detail = ''): StatusCause {
  return cause('FieldValueRequired', field, 'Required value', detail);
}

/** The value is none of the known ones, which are listed in the given order. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): StatusCause {
  const list = supported.length === 0 ? '' : `supported values: ${supported.map(quoted).join(', ')}`;
  return cause('FieldValueNotSupported', field, `Unsupported value: ${shown(value)}`, list);
}

/** The value may not be given, or not be changed, here. */
export function forbiddenValue(field: string, detail: string): StatusCause {
  return cause('FieldValueForbidden', field, 'Forbidden', detail);
}

/** The value must be unique and is not. */
export function duplicate(field: string, value: unknown): StatusCause {
  return cause('FieldValueDuplicate', field, `Duplicate value: ${shown(value)}`, '');
}

/** The value names something that is not there. */
export function notFoundValue(field: string, value: unknown, detail = ''): StatusCause {
  return cause('FieldValueNotFound', field, `Not found: ${shown(value)}`, detail);
}

/** The text is longer than `limit` bytes. */
export function tooLong(field: string, limit: number): StatusCause {
  return cause('FieldValueTooLong', field, 'Too long', limit >= 0 ? `may not be more than ${limit} bytes` : 'value is too long');
}

/** The list has `count` items where at most `limit` are allowed. */
export function tooMany(field: string, count: number, limit: number): StatusCause {
  const items = limit === 1 ? 'item' : 'items';
  return cause('FieldValueTooMany', field, `Too many: ${count}`, limit >= 0 ? `must have at most ${limit} ${items}` : 'has too many items');
}

/** Something went wrong while checking. */
export function internalFailure(field: string, detail: string): StatusCause {
  return cause('InternalError', field, 'Internal error', detail);
}
