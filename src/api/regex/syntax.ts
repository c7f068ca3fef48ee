// Owns reading a regular expression in RE2's syntax into a tree, with the refusals of Go's parser. It refuses to match.

/** A test of one code point. */
export type CharTest = (code: number) => boolean;

/** A parsed expression. `lazy` prefers fewer repetitions. `max` of undefined has no bound. */
export type RegexNode =
  | { readonly is: 'empty' }
  | { readonly is: 'char'; readonly test: CharTest }
  | { readonly is: 'assert'; readonly what: 'start' | 'end' | 'lineStart' | 'lineEnd' | 'word' | 'notWord' }
  | { readonly is: 'sequence'; readonly nodes: readonly RegexNode[] }
  | { readonly is: 'choice'; readonly nodes: readonly RegexNode[] }
  | { readonly is: 'group'; readonly node: RegexNode; readonly index: number | undefined }
  | { readonly is: 'repeat'; readonly node: RegexNode; readonly min: number; readonly max: number | undefined; readonly lazy: boolean };

/** Why a text is no regular expression; the message is that of Go's parser. */
export class RegexSyntaxError extends Error {
  override readonly name = 'RegexSyntaxError';
  constructor(what: string, where: string) {
    super(`error parsing regexp: ${what}: \`${where}\``);
  }
}

interface Flags {
  readonly fold: boolean;
  readonly dotAll: boolean;
  readonly lines: boolean;
  readonly swap: boolean;
}

const largestRepeat = 1000;
const deepest = 1000;
const range =
  (low: number, high: number): CharTest =>
  (code) =>
    code >= low && code <= high;
const oneOf =
  (...tests: readonly CharTest[]): CharTest =>
  (code) =>
    tests.some((test) => test(code));
const not =
  (test: CharTest): CharTest =>
  (code) =>
    !test(code);
const digit = range(48, 57);
const upper = range(65, 90);
const lower = range(97, 122);
const word = oneOf(digit, upper, lower, (code) => code === 95);
const space: CharTest = (code) => code === 32 || code === 9 || code === 10 || code === 12 || code === 13;
const perl: Readonly<Record<string, CharTest>> = { d: digit, D: not(digit), w: word, W: not(word), s: space, S: not(space) };
const punctuation = oneOf(range(33, 47), range(58, 64), range(91, 96), range(123, 126));
const posix: Readonly<Record<string, CharTest>> = {
  alnum: oneOf(digit, upper, lower),
  alpha: oneOf(upper, lower),
  ascii: range(0, 127),
  blank: (code) => code === 32 || code === 9,
  cntrl: (code) => code < 32 || code === 127,
  digit,
  graph: range(33, 126),
  lower,
  print: range(32, 126),
  punct: punctuation,
  space: (code) => space(code) || code === 11,
  upper,
  word,
  xdigit: oneOf(digit, range(65, 70), range(97, 102)),
};
const escapes: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** Whether a code point is a word's, for `\b`. */
export const isWordCode: CharTest = word;

/** Parses. Throws RegexSyntaxError. */
export function parseRegex(text: string): RegexNode {
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #groups = 0;
  #flags: Flags = { fold: false, dotAll: false, lines: false, swap: false };

  constructor(text: string) {
    this.#text = text;
  }

  parse(): RegexNode {
    const node = this.#choice();
    if (this.#at < this.#text.length) throw new RegexSyntaxError('unexpected )', this.#text);
    return node;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #take(): number {
    const code = this.#text.codePointAt(this.#at) ?? 0;
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #choice(): RegexNode {
    const nodes = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#at++;
      nodes.push(this.#sequence());
    }
    const [only] = nodes;
    return nodes.length === 1 && only !== undefined ? only : { is: 'choice', nodes };
  }

  #sequence(): RegexNode {
    const nodes: RegexNode[] = [];
    while (this.#at < this.#text.length && this.#peek() !== '|' && this.#peek() !== ')') {
      if (this.#text.startsWith('\\Q', this.#at)) {
        nodes.push(...this.#quoted());
        continue;
      }
      const start = this.#at;
      const atom = this.#atom();
      nodes.push(atom === undefined ? { is: 'empty' } : this.#repeated(atom, start));
    }
    const [only] = nodes;
    return nodes.length === 1 && only !== undefined ? only : nodes.length === 0 ? { is: 'empty' } : { is: 'sequence', nodes };
  }

  #quoted(): readonly RegexNode[] {
    const end = this.#text.indexOf('\\E', this.#at);
    const body = this.#text.slice(this.#at + 2, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 2;
    return [...body].map((character) => this.#literal(character.codePointAt(0) ?? 0));
  }

  #literal(code: number): RegexNode {
    return { is: 'char', test: this.#folded((other) => other === code) };
  }

  #folded(test: CharTest): CharTest {
    if (!this.#flags.fold) return test;
    return (code) => {
      if (test(code)) return true;
      const character = String.fromCodePoint(code);
      const low = character.toLowerCase();
      const high = character.toUpperCase();
      return (low !== character && test(low.codePointAt(0) ?? 0)) || (high !== character && test(high.codePointAt(0) ?? 0));
    };
  }

  #repeated(atom: RegexNode, start: number): RegexNode {
    let node = atom;
    let before: string | undefined;
    for (;;) {
      const from = this.#at;
      const bounds = this.#bounds();
      if (bounds === undefined) return node;
      let lazy = this.#flags.swap;
      if (this.#peek() === '?') {
        this.#at++;
        lazy = !lazy;
      }
      const operator = this.#text.slice(from, this.#at);
      if (before !== undefined) throw new RegexSyntaxError('invalid nested repetition operator', before + operator);
      before = operator;
      if (bounds.max !== undefined && bounds.max < bounds.min) throw new RegexSyntaxError('invalid repeat count', operator);
      if (bounds.min > largestRepeat || (bounds.max ?? 0) > largestRepeat) throw new RegexSyntaxError('invalid repeat count', operator);
      if (bounds.counted && countOf(node) * Math.max(bounds.min, bounds.max ?? 0) > largestRepeat)
        throw new RegexSyntaxError('invalid repeat count', this.#text.slice(start, this.#at));
      node = { is: 'repeat', node, min: bounds.min, max: bounds.max, lazy };
    }
  }

  #bounds(): { readonly min: number; readonly max: number | undefined; readonly counted: boolean } | undefined {
    const character = this.#peek();
    const simple = { '*': [0, undefined], '+': [1, undefined], '?': [0, 1] }[character] as
      | readonly [number, number | undefined]
      | undefined;
    if (simple !== undefined) {
      this.#at++;
      return { min: simple[0], max: simple[1], counted: false };
    }
    if (character !== '{') return undefined;
    const match = /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at, this.#at + 24));
    if (match === null) return undefined;
    this.#at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? undefined : Number(match[3]);
    return { min, max, counted: true };
  }

  /** One atom; undefined for what matches nothing and takes no repetition (flags). */
  #atom(): RegexNode | undefined {
    const character = this.#peek();
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return { is: 'char', test: this.#charClass() };
      case '.':
        this.#at++;
        return { is: 'char', test: this.#flags.dotAll ? () => true : (code) => code !== 10 };
      case '^':
        this.#at++;
        return { is: 'assert', what: this.#flags.lines ? 'lineStart' : 'start' };
      case '$':
        this.#at++;
        return { is: 'assert', what: this.#flags.lines ? 'lineEnd' : 'end' };
      case '*':
      case '+':
      case '?': {
        const end = this.#text[this.#at + 1] === '?' ? 2 : 1;
        throw new RegexSyntaxError('missing argument to repetition operator', this.#text.slice(this.#at, this.#at + end));
      }
      case '{': {
        const from = this.#at;
        if (this.#bounds() !== undefined)
          throw new RegexSyntaxError('missing argument to repetition operator', this.#text.slice(from, this.#at));
        this.#at++;
        return this.#literal(123);
      }
      case '\\':
        return this.#escape();
      default:
        return this.#literal(this.#take());
    }
  }

  #group(): RegexNode | undefined {
    if (++this.#depth > deepest) throw new RegexSyntaxError('expression nests too deeply', this.#text.slice(0, 64));
    const start = this.#at;
    const outer = this.#flags;
    this.#at++;
    let index: number | undefined;
    if (this.#peek() === '?') {
      const named = /^\?P?<([^>]*)>/.exec(this.#text.slice(this.#at));
      if (named !== null && !/^\?<[=!]/.test(this.#text.slice(this.#at))) {
        if (!/^\w+$/.test(named[1] ?? '')) throw new RegexSyntaxError('invalid named capture', `(${named[0]}`);
        this.#at += named[0].length;
        index = ++this.#groups;
      } else if (this.#flagsOnly(start)) {
        this.#depth--;
        return undefined;
      }
    } else index = ++this.#groups;
    const node = this.#choice();
    if (this.#peek() !== ')') throw new RegexSyntaxError('missing closing )', this.#text);
    this.#at++;
    this.#flags = outer;
    this.#depth--;
    return { is: 'group', node, index };
  }

  /** Reads `?flags)` (true: they hold from here on) or `?flags:` (false: they hold in the group). */
  #flagsOnly(start: number): boolean {
    const match = /^\?([imsU]*)(-[imsU]+)?([:)])/.exec(this.#text.slice(this.#at, this.#at + 32));
    if (match === null) {
      const shown = /^\(\?(?:P.?|<.|.)?/s.exec(this.#text.slice(start))?.[0] ?? '(?';
      const missing = !this.#text.slice(start).includes(')') && /^\(\?[imsU-]*$/.test(this.#text.slice(start));
      throw missing
        ? new RegexSyntaxError('missing closing )', this.#text)
        : new RegexSyntaxError('invalid or unsupported Perl syntax', shown);
    }
    const set = (names: string, on: boolean): void => {
      for (const name of names)
        this.#flags = {
          ...this.#flags,
          ...(name === 'i' ? { fold: on } : name === 's' ? { dotAll: on } : name === 'm' ? { lines: on } : { swap: on }),
        };
    };
    set(match[1] ?? '', true);
    set((match[2] ?? '').slice(1), false);
    this.#at += match[0].length;
    return match[3] === ')';
  }

  #escape(): RegexNode {
    const next = this.#text[this.#at + 1];
    if (next === undefined) throw new RegexSyntaxError('trailing backslash at end of expression', '');
    const asserted = ({ A: 'start', z: 'end', b: 'word', B: 'notWord' } as const)[next];
    if (asserted !== undefined) {
      this.#at += 2;
      return { is: 'assert', what: asserted };
    }
    const known = perl[next];
    if (known === undefined) return { is: 'char', test: this.#folded(this.#escapedTest()) };
    this.#at += 2;
    return { is: 'char', test: known };
  }

  /** What an escape stands for, inside and outside of classes. */
  #escapedTest(): CharTest {
    const next = this.#text[this.#at + 1] ?? '';
    const known = perl[next];
    if (known !== undefined) {
      this.#at += 2;
      return known;
    }
    if (next === 'p' || next === 'P') return this.#unicode(next === 'P');
    const code = this.#escapedCode();
    return (other) => other === code;
  }

  #unicode(negated: boolean): CharTest {
    const match = /^\\[pP](?:\{(\^?)([^}]*)\}|(.))/su.exec(this.#text.slice(this.#at));
    if (match === null) throw new RegexSyntaxError('invalid character class range', this.#text.slice(this.#at));
    const name = match[2] ?? match[3] ?? '';
    let pattern: RegExp;
    try {
      pattern = /^[A-Z][a-z]?$/.test(name) ? new RegExp(`\\p{${name}}`, 'u') : new RegExp(`\\p{Script=${name}}`, 'u');
    } catch {
      throw new RegexSyntaxError('invalid character class range', match[0]);
    }
    this.#at += match[0].length;
    const inverse = negated !== (match[1] === '^');
    return (code) => pattern.test(String.fromCodePoint(code)) !== inverse;
  }

  #escapedCode(): number {
    const start = this.#at;
    this.#at++;
    if (this.#at >= this.#text.length) throw new RegexSyntaxError('trailing backslash at end of expression', '');
    const rest = this.#text.slice(this.#at, this.#at + 12);
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)?.[0];
    if (octal !== undefined) {
      this.#at += octal.length;
      return Number.parseInt(octal, 8);
    }
    const hexadecimal = /^x(?:\{([0-9a-fA-F]{1,8})\}|([0-9a-fA-F]{2}))/.exec(rest);
    if (hexadecimal !== null) {
      const code = Number.parseInt(hexadecimal[1] ?? hexadecimal[2] ?? '', 16);
      this.#at += hexadecimal[0].length;
      if (code > 0x10ffff) throw new RegexSyntaxError('invalid escape sequence', this.#text.slice(start, this.#at));
      return code;
    }
    const code = this.#take();
    const control = escapes[String.fromCodePoint(code)];
    if (control !== undefined) return control;
    if (code < 128 && punctuation(code)) return code;
    throw new RegexSyntaxError('invalid escape sequence', this.#text.slice(start, this.#at));
  }

  #charClass(): CharTest {
    const start = this.#at;
    this.#at++;
    const negated = this.#peek() === '^';
    if (negated) this.#at++;
    const tests: CharTest[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#text.length) throw new RegexSyntaxError('missing closing ]', this.#text.slice(start));
      const named = /^\[:(\^?)([a-z]+):\]/.exec(this.#text.slice(this.#at, this.#at + 16));
      if (named !== null) {
        const test = posix[named[2] ?? ''];
        if (test === undefined) throw new RegexSyntaxError('invalid character class range', named[0]);
        tests.push(named[1] === '^' ? not(test) : test);
        this.#at += named[0].length;
        continue;
      }
      if (this.#peek() === '\\' && /^[dDwWsSpP]$/.test(this.#text[this.#at + 1] ?? '')) {
        tests.push(this.#escapedTest());
        continue;
      }
      const from = this.#at;
      const low = this.#peek() === '\\' ? this.#escapedCode() : this.#take();
      let high = low;
      if (this.#peek() === '-' && this.#text[this.#at + 1] !== ']' && this.#at + 1 < this.#text.length) {
        this.#at++;
        high = this.#peek() === '\\' ? this.#escapedCode() : this.#take();
        if (high < low) throw new RegexSyntaxError('invalid character class range', this.#text.slice(from, this.#at));
      }
      tests.push(range(low, high));
    }
    this.#at++;
    const test = this.#folded(oneOf(...tests));
    return negated ? not(test) : test;
  }
}

/** How often counted repetitions below a node multiply what is in it. */
function countOf(node: RegexNode): number {
  switch (node.is) {
    case 'repeat':
      return Math.max(1, node.max ?? node.min) * countOf(node.node);
    case 'group':
      return countOf(node.node);
    case 'sequence':
    case 'choice':
      return Math.max(1, ...node.nodes.map(countOf));
    default:
      return 1;
  }
}
