// Owns reading a shell script's text: blanks, operators, words with their quotes and expansions, texts given in the script (`<<`).
import { type Command, ShellSyntaxError, type Word, type WordPart } from './shell-syntax.ts';

const reserved = new Set(['if', 'then', 'elif', 'else', 'fi', 'while', 'until', 'for', 'do', 'done', 'case', 'esac', '{', '}', '!', 'in']);
const operators = ['&&', '||', ';;', '<<-', '<<', '>>', '>&', '<&', '&>', '>|', '&', '|', ';', '<', '>', '(', ')', '\n'];

/** A place in a script. The grammar above it says how the commands inside `$(…)` are parsed. */
export abstract class ScriptReader {
  protected readonly text: string;
  protected at = 0;
  protected hereDocuments: {
    readonly end: string;
    readonly literal: boolean;
    readonly stripTabs: boolean;
    readonly body: { word: Word };
  }[] = [];

  constructor(text: string) {
    this.text = text;
  }

  /** Parses the whole text. */
  abstract whole(): Command;

  /** Nothing but blanks may be left. */
  expectEnd(): void {
    this.blank();
    if (this.at < this.text.length) this.unexpected();
    if (this.hereDocuments.length > 0) this.#readHereDocuments();
  }

  protected unexpected(): never {
    if (this.at >= this.text.length) throw new ShellSyntaxError('syntax error: unexpected end of file', true);
    const operator = this.operator() ?? this.text.slice(this.at).split(/[\s;&|()]/)[0] ?? '';
    throw new ShellSyntaxError(`syntax error: unexpected ${operator === '\n' ? 'newline' : `"${operator}"`}`, false);
  }

  /** Skips blanks, comments and continued lines, but no newline. */
  protected blank(): void {
    for (;;) {
      const char = this.text[this.at];
      if (char === ' ' || char === '\t' || char === '\r') this.at++;
      else if (char === '\\' && this.text[this.at + 1] === '\n') this.at += 2;
      else if (char === '#') while (this.at < this.text.length && this.text[this.at] !== '\n') this.at++;
      else return;
    }
  }

  #newline(): void {
    this.at++;
    if (this.hereDocuments.length > 0) this.#readHereDocuments();
  }

  protected blankLines(): void {
    for (this.blank(); this.text[this.at] === '\n'; this.blank()) this.#newline();
  }

  protected operator(): string | undefined {
    return operators.find((operator) => this.text.startsWith(operator, this.at));
  }

  protected take(operator: string): boolean {
    this.blank();
    if (this.operator() !== operator) return false;
    if (operator === '\n') this.#newline();
    else this.at += operator.length;
    return true;
  }

  /** The reserved word that comes next, without taking it. */
  protected reserved(): string | undefined {
    this.blank();
    const word = /^(?:[a-z]+|[{}!])(?=[\s;&|()<>]|$)/.exec(this.text.slice(this.at, this.at + 8))?.[0];
    return word !== undefined && reserved.has(word) ? word : undefined;
  }

  protected takeReserved(word: string): boolean {
    if (this.reserved() !== word) return false;
    this.at += word.length;
    return true;
  }

  protected expectReserved(word: string): void {
    this.blankLines();
    if (!this.takeReserved(word)) this.unexpected();
  }

  /** The commands up to a closing parenthesis. */
  protected abstract enclosed(): Command;
  /** Another reader of the same grammar. */
  protected abstract another(text: string): ScriptReader;

  protected operatorIs(operator: string): boolean {
    this.blank();
    return this.operator() === operator;
  }

  #readHereDocuments(): void {
    for (const { end, literal, stripTabs, body } of this.hereDocuments.splice(0)) {
      const lines: string[] = [];
      for (;;) {
        if (this.at >= this.text.length) throw new ShellSyntaxError('syntax error: unexpected end of file', true);
        const stop = this.text.indexOf('\n', this.at);
        const raw = this.text.slice(this.at, stop < 0 ? undefined : stop);
        this.at = stop < 0 ? this.text.length : stop + 1;
        const line = stripTabs ? raw.replace(/^\t+/, '') : raw;
        if (line === end) break;
        lines.push(`${line}\n`);
      }
      const text = lines.join('');
      body.word = literal ? [{ type: 'text', text, quoted: true }] : this.another(text).#quotedText();
    }
  }

  /** The whole rest as if between double quotes, but with plain quotation marks. */
  #quotedText(): Word {
    const parts: WordPart[] = [];
    this.#doubleQuoted(parts, undefined);
    return parts;
  }

  protected word(): Word | undefined {
    this.blank();
    const word = this.adjacentWord();
    return word.length === 0 ? undefined : word;
  }

  /** The word that starts right here; empty where none does. */
  protected adjacentWord(stop = ''): Word {
    const parts: WordPart[] = [];
    let text = '';
    const flush = (): void => {
      if (text !== '') parts.push({ type: 'text', text, quoted: false });
      text = '';
    };
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined || (stop !== '' && stop.includes(char))) break;
      if (stop === '' && (' \t\r\n;|()<>'.includes(char) || char === '&')) break;
      if (char === '\\') {
        if (this.text[this.at + 1] === '\n') this.at += 2;
        else {
          flush();
          parts.push({ type: 'text', text: this.text[this.at + 1] ?? '\\', quoted: true });
          this.at += 2;
        }
      } else if (char === "'") {
        flush();
        const end = this.text.indexOf("'", this.at + 1);
        if (end < 0) throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
        parts.push({ type: 'text', text: this.text.slice(this.at + 1, end), quoted: true });
        this.at = end + 1;
      } else if (char === '"') {
        flush();
        this.at++;
        const before = parts.length;
        this.#doubleQuoted(parts, '"');
        if (parts.length === before) parts.push({ type: 'text', text: '', quoted: true });
      } else if (char === '$' || char === '`') {
        flush();
        parts.push(this.#expansion(false));
      } else {
        text += char;
        this.at++;
      }
    }
    flush();
    return parts;
  }

  #doubleQuoted(parts: WordPart[], end: '"' | undefined): void {
    let text = '';
    const flush = (): void => {
      if (text !== '') parts.push({ type: 'text', text, quoted: true });
      text = '';
    };
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) {
        if (end === undefined) break;
        throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
      }
      if (char === end) {
        this.at++;
        break;
      }
      const next = this.text[this.at + 1];
      if (char === '\\' && next !== undefined && ('$`\\\n'.includes(next) || next === end)) {
        if (next !== '\n') text += next;
        this.at += 2;
      } else if (char === '$' || char === '`') {
        flush();
        parts.push(this.#expansion(true));
      } else {
        text += char;
        this.at++;
      }
    }
    flush();
  }

  #expansion(quoted: boolean): WordPart {
    const rest = this.text.slice(this.at, this.at + 200);
    if (rest.startsWith('`')) return this.#backquoted(quoted);
    if (rest.startsWith('$((')) {
      const arithmetic = this.#arithmetic(quoted);
      if (arithmetic !== undefined) return arithmetic;
    }
    if (rest.startsWith('$(')) {
      this.at += 2;
      const body = this.enclosed();
      if (!this.take(')')) this.unexpected();
      return { type: 'command', body, quoted };
    }
    if (rest.startsWith('${')) return this.#braced(quoted);
    const name = /^\$([A-Za-z_]\w*|[0-9@*#?$!-])/.exec(rest)?.[1];
    this.at += 1 + (name?.length ?? 0);
    if (name === undefined) return { type: 'text', text: '$', quoted };
    return { type: 'parameter', name, operator: '', operand: undefined, quoted };
  }

  #backquoted(quoted: boolean): WordPart {
    let text = '';
    for (this.at++; ; this.at++) {
      const char = this.text[this.at];
      if (char === undefined) throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
      if (char === '`') break;
      if (char === '\\' && '`$\\'.includes(this.text[this.at + 1] ?? ' ')) this.at++;
      text += this.text[this.at];
    }
    this.at++;
    return { type: 'command', body: this.another(text).whole(), quoted };
  }

  #arithmetic(quoted: boolean): WordPart | undefined {
    let depth = 0;
    for (let at = this.at + 3; at < this.text.length; at++) {
      if (this.text[at] === '(') depth++;
      else if (this.text[at] === ')' && depth > 0) depth--;
      else if (this.text[at] === ')') {
        if (this.text[at + 1] !== ')') return undefined;
        const expression = this.another(this.text.slice(this.at + 3, at)).#quotedText();
        this.at = at + 2;
        return { type: 'arithmetic', expression, quoted };
      }
    }
    throw new ShellSyntaxError('syntax error: unterminated $((', true);
  }

  #braced(quoted: boolean): WordPart {
    const head = /^\$\{(#?)([A-Za-z_]\w*|\d+|[@*#?$!-])/.exec(this.text.slice(this.at, this.at + 200));
    if (head?.[2] === undefined) throw new ShellSyntaxError('syntax error: bad substitution', false);
    const [whole, length = '', name] = head;
    this.at += whole.length;
    if (length !== '') {
      if (this.text[this.at++] !== '}') throw new ShellSyntaxError('syntax error: bad substitution', false);
      return { type: 'parameter', name, operator: 'length', operand: undefined, quoted };
    }
    const operator = /^(?::[-=+?]|##|%%|[-=+?#%])/.exec(this.text.slice(this.at, this.at + 2))?.[0] ?? '';
    this.at += operator.length;
    const operand = operator === '' ? undefined : this.adjacentWord('}');
    if (this.text[this.at] === undefined) throw new ShellSyntaxError('syntax error: missing "}"', true);
    if (this.text[this.at++] !== '}') throw new ShellSyntaxError('syntax error: bad substitution', false);
    return { type: 'parameter', name, operator, operand, quoted };
  }
}
