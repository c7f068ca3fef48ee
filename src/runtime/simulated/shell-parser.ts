// Owns the grammar of the simulated sh: from text to commands. It refuses to run or expand anything.
import { type Command, type Redirect, ShellSyntaxError, type Word, type WordPart } from './shell-syntax.ts';

const reserved = new Set(['if', 'then', 'elif', 'else', 'fi', 'while', 'until', 'for', 'do', 'done', 'case', 'esac', '{', '}', '!', 'in']);
const operators = ['&&', '||', ';;', '<<-', '<<', '>>', '>&', '<&', '&>', '>|', '&', '|', ';', '<', '>', '(', ')', '\n'];

/** Parses a whole script. Throws ShellSyntaxError. */
export function parseScript(text: string): Command {
  const parser = new Parser(text);
  const command = parser.list(() => false);
  parser.expectEnd();
  return command;
}

class Parser {
  readonly #text: string;
  #at = 0;
  #hereDocuments: { readonly end: string; readonly literal: boolean; readonly stripTabs: boolean; readonly body: { word: Word } }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  expectEnd(): void {
    this.#blank();
    if (this.#at < this.#text.length) this.#unexpected();
    if (this.#hereDocuments.length > 0) this.#readHereDocuments();
  }

  #unexpected(): never {
    if (this.#at >= this.#text.length) throw new ShellSyntaxError('syntax error: unexpected end of file', true);
    const operator = this.#operator() ?? this.#text.slice(this.#at).split(/[\s;&|()]/)[0] ?? '';
    throw new ShellSyntaxError(`syntax error: unexpected ${operator === '\n' ? 'newline' : `"${operator}"`}`, false);
  }

  /** Skips blanks, comments and continued lines, but no newline. */
  #blank(): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === ' ' || char === '\t' || char === '\r') this.#at++;
      else if (char === '\\' && this.#text[this.#at + 1] === '\n') this.#at += 2;
      else if (char === '#') while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
      else return;
    }
  }

  #newline(): void {
    this.#at++;
    if (this.#hereDocuments.length > 0) this.#readHereDocuments();
  }

  #blankLines(): void {
    for (this.#blank(); this.#text[this.#at] === '\n'; this.#blank()) this.#newline();
  }

  #operator(): string | undefined {
    return operators.find((operator) => this.#text.startsWith(operator, this.#at));
  }

  #take(operator: string): boolean {
    this.#blank();
    if (this.#operator() !== operator) return false;
    if (operator === '\n') this.#newline();
    else this.#at += operator.length;
    return true;
  }

  /** The reserved word that comes next, without taking it. */
  #reserved(): string | undefined {
    this.#blank();
    const word = /^(?:[a-z]+|[{}!])(?=[\s;&|()<>]|$)/.exec(this.#text.slice(this.#at, this.#at + 8))?.[0];
    return word !== undefined && reserved.has(word) ? word : undefined;
  }

  #takeReserved(word: string): boolean {
    if (this.#reserved() !== word) return false;
    this.#at += word.length;
    return true;
  }

  #expectReserved(word: string): void {
    this.#blankLines();
    if (!this.#takeReserved(word)) this.#unexpected();
  }

  /** Commands until `ends` holds or the text is over. */
  list(ends: () => boolean): Command {
    const commands: Command[] = [];
    for (;;) {
      this.#blankLines();
      if (this.#at >= this.#text.length || ends()) break;
      const command = this.#andOr();
      if (this.#take('&')) commands.push({ type: 'background', command });
      else {
        commands.push(command);
        if (this.#operatorIs(';;')) break;
        if (!this.#take(';') && !this.#take('\n')) break;
      }
    }
    return commands.length === 1 && commands[0] !== undefined ? commands[0] : { type: 'list', commands };
  }

  #operatorIs(operator: string): boolean {
    this.#blank();
    return this.#operator() === operator;
  }

  #until(...words: string[]): Command {
    const body = this.list(() => {
      const next = this.#reserved();
      return next !== undefined && words.includes(next);
    });
    if (body.type === 'list' && body.commands.length === 0) this.#unexpected();
    return body;
  }

  #andOr(): Command {
    let left = this.#pipeline();
    for (;;) {
      const type = this.#take('&&') ? 'and' : this.#take('||') ? 'or' : undefined;
      if (type === undefined) return left;
      this.#blankLines();
      left = { type, left, right: this.#pipeline() };
    }
  }

  #pipeline(): Command {
    let negated = false;
    while (this.#takeReserved('!')) negated = !negated;
    const commands = [this.#command()];
    while (!this.#operatorIs('||') && this.#take('|')) {
      this.#blankLines();
      commands.push(this.#command());
    }
    const [only] = commands;
    return commands.length === 1 && only !== undefined && !negated ? only : { type: 'pipeline', commands, negated };
  }

  #command(): Command {
    const compound = this.#compound();
    if (compound === undefined) return this.#simple();
    const redirects: Redirect[] = [];
    for (let redirect = this.#redirect(); redirect !== undefined; redirect = this.#redirect()) redirects.push(redirect);
    return redirects.length === 0 ? compound : { type: 'redirected', command: compound, redirects };
  }

  #compound(): Command | undefined {
    const word = this.#reserved();
    if (word === undefined) return this.#take('(') ? this.#subshell() : this.#function();
    switch (word) {
      case 'if':
        return this.#if();
      case 'while':
      case 'until': {
        this.#takeReserved(word);
        const condition = this.#until('do');
        this.#expectReserved('do');
        const body = this.#until('done');
        this.#expectReserved('done');
        return { type: 'while', until: word === 'until', condition, body };
      }
      case 'for':
        return this.#for();
      case 'case':
        return this.#case();
      case '{': {
        this.#takeReserved('{');
        const body = this.#until('}');
        this.#expectReserved('}');
        return { type: 'group', body };
      }
      case 'in':
        return undefined;
      default:
        return this.#unexpected();
    }
  }

  #subshell(): Command {
    const body = this.list(() => this.#operatorIs(')'));
    if (!this.#take(')')) this.#unexpected();
    return { type: 'subshell', body };
  }

  #function(): Command | undefined {
    const head = /^([A-Za-z_]\w*)[ \t]*\([ \t]*\)/.exec(this.#text.slice(this.#at, this.#at + 200));
    if (head?.[1] === undefined) return undefined;
    this.#at += head[0].length;
    this.#blankLines();
    return { type: 'function', name: head[1], body: this.#command() };
  }

  #if(): Command {
    this.#takeReserved('if');
    const branches: { condition: Command; body: Command }[] = [];
    let otherwise: Command | undefined;
    do {
      const condition = this.#until('then');
      this.#expectReserved('then');
      branches.push({ condition, body: this.#until('elif', 'else', 'fi') });
      this.#blankLines();
    } while (this.#takeReserved('elif'));
    if (this.#takeReserved('else')) otherwise = this.#until('fi');
    this.#expectReserved('fi');
    return { type: 'if', branches, otherwise };
  }

  #for(): Command {
    this.#takeReserved('for');
    this.#blank();
    const name = /^[A-Za-z_]\w*/.exec(this.#text.slice(this.#at, this.#at + 200))?.[0];
    if (name === undefined) return this.#unexpected();
    this.#at += name.length;
    this.#blankLines();
    let words: Word[] | undefined;
    if (this.#takeReserved('in')) {
      words = [];
      for (let word = this.#word(); word !== undefined; word = this.#word()) words.push(word);
    }
    if (!this.#take(';')) this.#blankLines();
    this.#expectReserved('do');
    const body = this.#until('done');
    this.#expectReserved('done');
    return { type: 'for', name, words, body };
  }

  #case(): Command {
    this.#takeReserved('case');
    const subject = this.#word() ?? this.#unexpected();
    this.#expectReserved('in');
    const items: { patterns: Word[]; body: Command }[] = [];
    for (;;) {
      this.#blankLines();
      if (this.#takeReserved('esac')) return { type: 'case', subject, items };
      this.#take('(');
      const patterns = [this.#word() ?? this.#unexpected()];
      while (this.#take('|')) patterns.push(this.#word() ?? this.#unexpected());
      if (!this.#take(')')) this.#unexpected();
      const body = this.list(() => this.#operatorIs(';;') || this.#reserved() === 'esac');
      items.push({ patterns, body });
      if (!this.#take(';;')) this.#blankLines();
    }
  }

  #simple(): Command {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const redirect = this.#redirect();
      if (redirect !== undefined) {
        redirects.push(redirect);
        continue;
      }
      const assigned = words.length > 0 ? null : /^([A-Za-z_]\w*)=/.exec(this.#text.slice(this.#at, this.#at + 200));
      if (assigned?.[1] !== undefined) {
        this.#at += assigned[0].length;
        assignments.push({ name: assigned[1], value: this.#adjacentWord() });
        continue;
      }
      const word = this.#word();
      if (word === undefined) break;
      words.push(word);
    }
    if (assignments.length + words.length + redirects.length === 0) this.#unexpected();
    return { type: 'simple', assignments, words, redirects };
  }

  #redirect(): Redirect | undefined {
    this.#blank();
    const head = /^(\d*)(<<-|<<|>>|>&|<&|&>|>\||<|>)/.exec(this.#text.slice(this.#at, this.#at + 12));
    if (head === null) return undefined;
    const [whole, number = '', operator = ''] = head;
    this.#at += whole.length;
    const descriptor = number === '' ? (operator.startsWith('<') ? 0 : 1) : Number(number);
    const target = this.#word() ?? this.#unexpected();
    if (operator === '&>') return { type: 'both', target };
    if (operator === '<<' || operator === '<<-') {
      const body = { word: [] as Word };
      const literal = target.some((part) => part.type === 'text' && part.quoted);
      const end = target.map((part) => (part.type === 'text' ? part.text : '')).join('');
      this.#hereDocuments.push({ end, literal, stripTabs: operator === '<<-', body });
      return { type: 'here', descriptor, body };
    }
    if (operator === '>&' || operator === '<&') return { type: 'duplicate', descriptor, target };
    return { type: operator === '<' ? 'read' : operator === '>>' ? 'append' : 'write', descriptor, target };
  }

  #readHereDocuments(): void {
    for (const { end, literal, stripTabs, body } of this.#hereDocuments.splice(0)) {
      const lines: string[] = [];
      for (;;) {
        if (this.#at >= this.#text.length) throw new ShellSyntaxError('syntax error: unexpected end of file', true);
        const stop = this.#text.indexOf('\n', this.#at);
        const raw = this.#text.slice(this.#at, stop < 0 ? undefined : stop);
        this.#at = stop < 0 ? this.#text.length : stop + 1;
        const line = stripTabs ? raw.replace(/^\t+/, '') : raw;
        if (line === end) break;
        lines.push(`${line}\n`);
      }
      const text = lines.join('');
      body.word = literal ? [{ type: 'text', text, quoted: true }] : new Parser(text).#quotedText();
    }
  }

  /** The whole rest as if between double quotes, but with plain quotation marks. */
  #quotedText(): Word {
    const parts: WordPart[] = [];
    this.#doubleQuoted(parts, undefined);
    return parts;
  }

  #word(): Word | undefined {
    this.#blank();
    const word = this.#adjacentWord();
    return word.length === 0 ? undefined : word;
  }

  /** The word that starts right here; empty where none does. */
  #adjacentWord(stop = ''): Word {
    const parts: WordPart[] = [];
    let text = '';
    const flush = (): void => {
      if (text !== '') parts.push({ type: 'text', text, quoted: false });
      text = '';
    };
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || (stop !== '' && stop.includes(char))) break;
      if (stop === '' && (' \t\r\n;|()<>'.includes(char) || char === '&')) break;
      if (char === '\\') {
        if (this.#text[this.#at + 1] === '\n') this.#at += 2;
        else {
          flush();
          parts.push({ type: 'text', text: this.#text[this.#at + 1] ?? '\\', quoted: true });
          this.#at += 2;
        }
      } else if (char === "'") {
        flush();
        const end = this.#text.indexOf("'", this.#at + 1);
        if (end < 0) throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
        parts.push({ type: 'text', text: this.#text.slice(this.#at + 1, end), quoted: true });
        this.#at = end + 1;
      } else if (char === '"') {
        flush();
        this.#at++;
        const before = parts.length;
        this.#doubleQuoted(parts, '"');
        if (parts.length === before) parts.push({ type: 'text', text: '', quoted: true });
      } else if (char === '$' || char === '`') {
        flush();
        parts.push(this.#expansion(false));
      } else {
        text += char;
        this.#at++;
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
      const char = this.#text[this.#at];
      if (char === undefined) {
        if (end === undefined) break;
        throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
      }
      if (char === end) {
        this.#at++;
        break;
      }
      const next = this.#text[this.#at + 1];
      if (char === '\\' && next !== undefined && ('$`\\\n'.includes(next) || next === end)) {
        if (next !== '\n') text += next;
        this.#at += 2;
      } else if (char === '$' || char === '`') {
        flush();
        parts.push(this.#expansion(true));
      } else {
        text += char;
        this.#at++;
      }
    }
    flush();
  }

  #expansion(quoted: boolean): WordPart {
    const rest = this.#text.slice(this.#at, this.#at + 200);
    if (rest.startsWith('`')) return this.#backquoted(quoted);
    if (rest.startsWith('$((')) {
      const arithmetic = this.#arithmetic(quoted);
      if (arithmetic !== undefined) return arithmetic;
    }
    if (rest.startsWith('$(')) {
      this.#at += 2;
      const body = this.list(() => this.#operatorIs(')'));
      if (!this.#take(')')) this.#unexpected();
      return { type: 'command', body, quoted };
    }
    if (rest.startsWith('${')) return this.#braced(quoted);
    const name = /^\$([A-Za-z_]\w*|[0-9@*#?$!-])/.exec(rest)?.[1];
    this.#at += 1 + (name?.length ?? 0);
    if (name === undefined) return { type: 'text', text: '$', quoted };
    return { type: 'parameter', name, operator: '', operand: undefined, quoted };
  }

  #backquoted(quoted: boolean): WordPart {
    let text = '';
    for (this.#at++; ; this.#at++) {
      const char = this.#text[this.#at];
      if (char === undefined) throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
      if (char === '`') break;
      if (char === '\\' && '`$\\'.includes(this.#text[this.#at + 1] ?? ' ')) this.#at++;
      text += this.#text[this.#at];
    }
    this.#at++;
    return { type: 'command', body: parseScript(text), quoted };
  }

  #arithmetic(quoted: boolean): WordPart | undefined {
    let depth = 0;
    for (let at = this.#at + 3; at < this.#text.length; at++) {
      if (this.#text[at] === '(') depth++;
      else if (this.#text[at] === ')' && depth > 0) depth--;
      else if (this.#text[at] === ')') {
        if (this.#text[at + 1] !== ')') return undefined;
        const expression = new Parser(this.#text.slice(this.#at + 3, at)).#quotedText();
        this.#at = at + 2;
        return { type: 'arithmetic', expression, quoted };
      }
    }
    throw new ShellSyntaxError('syntax error: unterminated $((', true);
  }

  #braced(quoted: boolean): WordPart {
    const head = /^\$\{(#?)([A-Za-z_]\w*|\d+|[@*#?$!-])/.exec(this.#text.slice(this.#at, this.#at + 200));
    if (head?.[2] === undefined) throw new ShellSyntaxError('syntax error: bad substitution', false);
    const [whole, length = '', name] = head;
    this.#at += whole.length;
    if (length !== '') {
      if (this.#text[this.#at++] !== '}') throw new ShellSyntaxError('syntax error: bad substitution', false);
      return { type: 'parameter', name, operator: 'length', operand: undefined, quoted };
    }
    const operator = /^(?::[-=+?]|##|%%|[-=+?#%])/.exec(this.#text.slice(this.#at, this.#at + 2))?.[0] ?? '';
    this.#at += operator.length;
    const operand = operator === '' ? undefined : this.#adjacentWord('}');
    if (this.#text[this.#at] === undefined) throw new ShellSyntaxError('syntax error: missing "}"', true);
    if (this.#text[this.#at++] !== '}') throw new ShellSyntaxError('syntax error: bad substitution', false);
    return { type: 'parameter', name, operator, operand, quoted };
  }
}
