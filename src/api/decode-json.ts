// Owns reading JSON texts as the API server does: duplicate fields are noticed, and malformed texts are refused in Go's words.

/** The fields of an object in the order of the text, where one came twice; `repeated` marks the later ones. */
export type FieldOrder = readonly { readonly key: string; readonly repeated: boolean }[];

/** A parsed text. `repeats` has an entry for each object in which a field came more than once (the last value counts). */
export interface JsonDocument {
  readonly value: unknown;
  readonly repeats: ReadonlyMap<object, FieldOrder>;
}

/** A text that is no JSON; the message is that of Go's parser. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
}

const noRepeats: ReadonlyMap<object, FieldOrder> = new Map();
const deepest = 1000;

/** Parses a JSON text. Throws JsonSyntaxError. */
export function parseJson(text: string): JsonDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new Reader(text).document();
  }
  return fieldsIn(value, 1) === keysIn(text) ? { value, repeats: noRepeats } : new Reader(text).document();
}

function fieldsIn(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > deepest) throw new JsonSyntaxError('exceeded max depth');
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += fieldsIn(item, depth + 1);
  else
    for (const key in value) {
      const field = (value as Record<string, unknown>)[key];
      count += typeof field === 'object' ? 1 + fieldsIn(field, depth + 1) : 1;
    }
  return count;
}

/** How many strings of a valid text are followed by a colon. */
function keysIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    let end = text.indexOf('"', at + 1);
    while (end > 0 && escaped(text, end)) end = text.indexOf('"', end + 1);
    at = end + 1;
    let next = text.charCodeAt(at);
    while (next === 32 || next === 10 || next === 13 || next === 9) next = text.charCodeAt(++at);
    if (next === 58) count++;
  }
  return count;
}

function escaped(text: string, quote: number): boolean {
  let at = quote - 1;
  while (text.charCodeAt(at) === 92) at--;
  return (quote - at) % 2 === 0;
}

/** A slower reader, for texts with repeated fields or with errors to be named. */
class Reader {
  readonly #text: string;
  readonly #repeats = new Map<object, FieldOrder>();
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonDocument {
    const value = this.#value('looking for beginning of value');
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected('after top-level value');
    return { value, repeats: this.#repeats };
  }

  #space(): void {
    while (this.#at < this.#text.length && ' \t\r\n'.includes(this.#text[this.#at] ?? '')) this.#at++;
  }

  #unexpected(where: string): JsonSyntaxError {
    const character = this.#text[this.#at];
    if (character === undefined) return new JsonSyntaxError('unexpected end of JSON input');
    const byte = Buffer.from(String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0))[0] ?? 0;
    const shown = character === "'" ? "\\'" : character === '"' ? '"' : byte < 0x20 ? control(byte) : String.fromCharCode(byte);
    return new JsonSyntaxError(`invalid character '${shown}' ${where}`);
  }

  #value(where: string): unknown {
    this.#space();
    const character = this.#text[this.#at];
    if (character === '{') return this.#nested(() => this.#object());
    if (character === '[') return this.#nested(() => this.#array());
    if (character === '"') return this.#string();
    if (character === 't') return this.#literal('true', true);
    if (character === 'f') return this.#literal('false', false);
    if (character === 'n') return this.#literal('null', null);
    if (character !== undefined && /[-0-9]/.test(character)) return this.#number();
    throw this.#unexpected(where);
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > deepest) throw new JsonSyntaxError('exceeded max depth');
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): object {
    const fields = new Map<string, unknown>();
    const order: { key: string; repeated: boolean }[] = [];
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return {};
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#unexpected('looking for beginning of object key string');
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ':') throw this.#unexpected('after object key');
      this.#at++;
      order.push({ key, repeated: fields.has(key) });
      fields.set(key, this.#value('looking for beginning of value'));
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== '}') throw this.#unexpected('after object key:value pair');
      this.#at++;
      if (next === '}') break;
    }
    const object = Object.fromEntries(fields);
    if (order.some(({ repeated }) => repeated)) this.#repeats.set(object, order);
    return object;
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(this.#value('looking for beginning of value'));
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== ']') throw this.#unexpected('after array element');
      this.#at++;
      if (next === ']') return items;
    }
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw this.#unexpected('');
      if (character < ' ') throw this.#unexpected('in string literal');
      this.#at++;
      if (character === '"') break;
      if (character !== '\\') continue;
      if (!/["\\/bfnrtu]/.test(this.#text[this.#at] ?? ' ')) throw this.#unexpected('in string escape code');
      const unicode = this.#text[this.#at++] === 'u';
      for (let digit = 0; unicode && digit < 4; digit++, this.#at++)
        if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? ' ')) throw this.#unexpected('in \\u hexadecimal character escape');
    }
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #literal<T>(word: string, value: T): T {
    for (const expected of word) {
      if (this.#text[this.#at] !== expected) throw this.#unexpected(`in literal ${word} (expecting '${expected}')`);
      this.#at++;
    }
    return value;
  }

  #number(): number {
    const start = this.#at;
    const digits = (where: string): void => {
      if (!/[0-9]/.test(this.#text[this.#at] ?? '')) throw this.#unexpected(where);
      while (/[0-9]/.test(this.#text[this.#at] ?? '')) this.#at++;
    };
    if (this.#text[this.#at] === '-') this.#at++;
    if (this.#text[this.#at] === '0') this.#at++;
    else digits('in numeric literal');
    if (this.#text[this.#at] === '.') {
      this.#at++;
      digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at++;
      if (/[-+]/.test(this.#text[this.#at] ?? '')) this.#at++;
      digits('in exponent of numeric literal');
    }
    return Number(this.#text.slice(start, this.#at));
  }
}

function control(byte: number): string {
  const known: Readonly<Record<number, string>> = { 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r' };
  return known[byte] ?? `\\x${byte.toString(16).padStart(2, '0')}`;
}
