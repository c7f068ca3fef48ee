// Owns the words of an expression's text: literals, names, operators, and where each stands. What is no word is passed over and
// complained about as cel-go's lexer does. It refuses to know what words mean together.
import type { Issue } from './expression.ts';
import { type CelValue, inInt, Uint } from './values.ts';

/** A word from `at` up to `end`: a literal with its value, a name, an operator or bracket (`text`), or the end. */
export type Token = { readonly at: number; readonly end: number; readonly text: string } & (
  | { readonly is: 'number' | 'text'; readonly value: CelValue }
  | { readonly is: 'name' | 'sign' | 'end' }
);

const space = /[ \t\r\n\f]+|\/\/[^\n]*/y;
const number = /0x[0-9a-fA-F]+u?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?/y;
const hexNumber = /^0x[0-9a-fA-F]+/;
const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const sign = /&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]{}]/y;
const opening = /([rRbB]|[rR][bB]|[bB][rR])?("""|'''|"|')/y;
const escaped = /\\(?:[abfnrtv"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})/y;
/** What begins a word that only one more character makes whole. */
const half = /[=&|]/;

/** The words of a text, the end as the last one, and complaints about what lies between them. */
export function tokensOf(source: string): { readonly tokens: readonly Token[]; readonly issues: readonly Issue[] } {
  const tokens: Token[] = [];
  const issues: Issue[] = [];
  const match = (pattern: RegExp, at: number): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  let at = 0;
  while (at < source.length) {
    const blank = match(space, at);
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    const found = wordAt(source, at, match);
    if ('wrong' in found) issues.push({ at, message: found.wrong });
    if ('token' in found) tokens.push(found.token);
    at = found.end;
  }
  tokens.push({ is: 'end', at: source.length, end: source.length, text: '<EOF>' });
  return { tokens, issues };
}

type Word = { readonly end: number } & ({ readonly token: Token } | { readonly wrong: string });
type Matcher = (pattern: RegExp, at: number) => string | undefined;

function wordAt(source: string, at: number, match: Matcher): Word {
  const quote = match(opening, at);
  if (quote !== undefined) return textAt(source, at, quote, match);
  const digits = match(number, at);
  if (digits !== undefined) return numberAt(at, digits);
  for (const [is, pattern] of [
    ['name', name],
    ['sign', sign],
  ] as const) {
    const text = match(pattern, at);
    if (text !== undefined) return { end: at + text.length, token: { is, at, end: at + text.length, text } };
  }
  const bad = String.fromCodePoint(source.codePointAt(at) ?? 0);
  const end = at + bad.length + (half.test(bad) && at + 1 < source.length ? 1 : 0);
  return unrecognised(source, at, end);
}

function unrecognised(source: string, at: number, end: number): Word {
  const shown = source.slice(at, end).replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
  return { end, wrong: `Syntax error: token recognition error at: '${shown}'` };
}

function numberAt(at: number, text: string): Word {
  const end = at + text.length;
  const token = (value: CelValue): Word => ({ end, token: { is: 'number', at, end, text, value } });
  if (/[uU]$/.test(text)) {
    const value = BigInt(text.slice(0, -1));
    return value < 2n ** 64n ? token(new Uint(value)) : { ...token(new Uint(0n)), wrong: 'invalid uint literal' };
  }
  if (hexNumber.test(text) || /^\d+$/.test(text)) return token(BigInt(text));
  return token(Number(text));
}

/** A whole number as a literal with its sign; undefined where CEL's integers don't reach. */
export function intLiteral(value: bigint): bigint | undefined {
  try {
    return inInt(value);
  } catch {
    return undefined;
  }
}

function textAt(source: string, at: number, opened: string, match: Matcher): Word {
  const [, prefix = '', quote = '"'] = /^(\w*)(.+)$/.exec(opened) ?? [];
  const raw = /r/i.test(prefix);
  const bytes = /b/i.test(prefix);
  const parts: (string | number)[] = [];
  let here = at + opened.length;
  for (;;) {
    if (here >= source.length) return unrecognised(source, at, source.length);
    if (source.startsWith(quote, here)) break;
    const character = String.fromCodePoint(source.codePointAt(here) ?? 0);
    if (quote.length === 1 && (character === '\n' || character === '\r')) return unrecognised(source, at, here + 1);
    if (character === '\\' && !raw) {
      const written = match(escaped, here);
      if (written === undefined) return unrecognised(source, at, Math.min(source.length, badEscapeEnd(source, here)));
      parts.push(unescaped(written, bytes));
      here += written.length;
    } else {
      parts.push(character);
      here += character.length;
    }
  }
  const end = here + quote.length;
  const value = bytes ? bytesOf(parts) : parts.map((part) => (typeof part === 'number' ? String.fromCodePoint(part) : part)).join('');
  return { end, token: { is: 'text', at, end, text: source.slice(at, end), value } };
}

/** Where the lexer gives up on an escape: after the first character that no escape has there. */
function badEscapeEnd(source: string, at: number): number {
  const kind = source[at + 1] ?? '';
  const digits = { x: 2, X: 2, u: 4, U: 8 }[kind];
  if (digits === undefined) {
    const octal = /^[0-3][0-7]?/.exec(source.slice(at + 1, at + 3))?.[0].length ?? 0;
    return at + 2 + octal;
  }
  const good = /^[0-9a-fA-F]*/.exec(source.slice(at + 2, at + 2 + digits))?.[0].length ?? 0;
  return at + 3 + good;
}

const plain: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** What an escape stands for; in bytes, `\x` and octal ones are bytes and not characters. */
function unescaped(written: string, bytes: boolean): string | number {
  const kind = written[1] ?? '';
  const code = /[xXuU]/.test(kind)
    ? Number.parseInt(written.slice(2), 16)
    : /\d/.test(kind)
      ? Number.parseInt(written.slice(1), 8)
      : undefined;
  if (code === undefined) return plain[kind] ?? kind;
  if (bytes && !/[uU]/.test(kind)) return code;
  return code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
}

function bytesOf(parts: readonly (string | number)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...new TextEncoder().encode(part)])));
}
