// Owns the grammar of the simulated sh: from text to commands. It refuses to run or expand anything.
import { ScriptReader } from './script-reader.ts';
import type { Command, Redirect, Word } from './shell-syntax.ts';

/** Parses a whole script. Throws ShellSyntaxError. */
export function parseScript(text: string): Command {
  return new Parser(text).whole();
}

class Parser extends ScriptReader {
  whole(): Command {
    const command = this.list(() => false);
    this.expectEnd();
    return command;
  }

  protected enclosed(): Command {
    return this.list(() => this.operatorIs(')'));
  }

  protected another(text: string): ScriptReader {
    return new Parser(text);
  }

  /** Commands until `ends` holds or the text is over. */
  list(ends: () => boolean): Command {
    const commands: Command[] = [];
    for (;;) {
      this.blankLines();
      if (this.at >= this.text.length || ends()) break;
      const command = this.#andOr();
      if (this.take('&')) commands.push({ type: 'background', command });
      else {
        commands.push(command);
        if (this.operatorIs(';;')) break;
        if (!this.take(';') && !this.take('\n')) break;
      }
    }
    return commands.length === 1 && commands[0] !== undefined ? commands[0] : { type: 'list', commands };
  }

  #until(...words: string[]): Command {
    const body = this.list(() => {
      const next = this.reserved();
      return next !== undefined && words.includes(next);
    });
    if (body.type === 'list' && body.commands.length === 0) this.unexpected();
    return body;
  }

  #andOr(): Command {
    let left = this.#pipeline();
    for (;;) {
      const type = this.take('&&') ? 'and' : this.take('||') ? 'or' : undefined;
      if (type === undefined) return left;
      this.blankLines();
      left = { type, left, right: this.#pipeline() };
    }
  }

  #pipeline(): Command {
    let negated = false;
    while (this.takeReserved('!')) negated = !negated;
    const commands = [this.#command()];
    while (!this.operatorIs('||') && this.take('|')) {
      this.blankLines();
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
    const word = this.reserved();
    if (word === undefined) return this.take('(') ? this.#subshell() : this.#function();
    switch (word) {
      case 'if':
        return this.#if();
      case 'while':
      case 'until': {
        this.takeReserved(word);
        const condition = this.#until('do');
        this.expectReserved('do');
        const body = this.#until('done');
        this.expectReserved('done');
        return { type: 'while', until: word === 'until', condition, body };
      }
      case 'for':
        return this.#for();
      case 'case':
        return this.#case();
      case '{': {
        this.takeReserved('{');
        const body = this.#until('}');
        this.expectReserved('}');
        return { type: 'group', body };
      }
      case 'in':
        return undefined;
      default:
        return this.unexpected();
    }
  }

  #subshell(): Command {
    const body = this.list(() => this.operatorIs(')'));
    if (!this.take(')')) this.unexpected();
    return { type: 'subshell', body };
  }

  #function(): Command | undefined {
    const head = /^([A-Za-z_]\w*)[ \t]*\([ \t]*\)/.exec(this.text.slice(this.at, this.at + 200));
    if (head?.[1] === undefined) return undefined;
    this.at += head[0].length;
    this.blankLines();
    return { type: 'function', name: head[1], body: this.#command() };
  }

  #if(): Command {
    this.takeReserved('if');
    const branches: { condition: Command; body: Command }[] = [];
    let otherwise: Command | undefined;
    do {
      const condition = this.#until('then');
      this.expectReserved('then');
      branches.push({ condition, body: this.#until('elif', 'else', 'fi') });
      this.blankLines();
    } while (this.takeReserved('elif'));
    if (this.takeReserved('else')) otherwise = this.#until('fi');
    this.expectReserved('fi');
    return { type: 'if', branches, otherwise };
  }

  #for(): Command {
    this.takeReserved('for');
    this.blank();
    const name = /^[A-Za-z_]\w*/.exec(this.text.slice(this.at, this.at + 200))?.[0];
    if (name === undefined) return this.unexpected();
    this.at += name.length;
    this.blankLines();
    let words: Word[] | undefined;
    if (this.takeReserved('in')) {
      words = [];
      for (let word = this.word(); word !== undefined; word = this.word()) words.push(word);
    }
    if (!this.take(';')) this.blankLines();
    this.expectReserved('do');
    const body = this.#until('done');
    this.expectReserved('done');
    return { type: 'for', name, words, body };
  }

  #case(): Command {
    this.takeReserved('case');
    const subject = this.word() ?? this.unexpected();
    this.expectReserved('in');
    const items: { patterns: Word[]; body: Command }[] = [];
    for (;;) {
      this.blankLines();
      if (this.takeReserved('esac')) return { type: 'case', subject, items };
      this.take('(');
      const patterns = [this.word() ?? this.unexpected()];
      while (this.take('|')) patterns.push(this.word() ?? this.unexpected());
      if (!this.take(')')) this.unexpected();
      const body = this.list(() => this.operatorIs(';;') || this.reserved() === 'esac');
      items.push({ patterns, body });
      if (!this.take(';;')) this.blankLines();
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
      const assigned = words.length > 0 ? null : /^([A-Za-z_]\w*)=/.exec(this.text.slice(this.at, this.at + 200));
      if (assigned?.[1] !== undefined) {
        this.at += assigned[0].length;
        assignments.push({ name: assigned[1], value: this.adjacentWord() });
        continue;
      }
      const word = this.word();
      if (word === undefined) break;
      words.push(word);
    }
    if (assignments.length + words.length + redirects.length === 0) this.unexpected();
    return { type: 'simple', assignments, words, redirects };
  }

  #redirect(): Redirect | undefined {
    this.blank();
    const head = /^(\d*)(<<-|<<|>>|>&|<&|&>|>\||<|>)/.exec(this.text.slice(this.at, this.at + 12));
    if (head === null) return undefined;
    const [whole, number = '', operator = ''] = head;
    this.at += whole.length;
    const descriptor = number === '' ? (operator.startsWith('<') ? 0 : 1) : Number(number);
    const target = this.word() ?? this.unexpected();
    if (operator === '&>') return { type: 'both', target };
    if (operator === '<<' || operator === '<<-') {
      const body = { word: [] as Word };
      const literal = target.some((part) => part.type === 'text' && part.quoted);
      const end = target.map((part) => (part.type === 'text' ? part.text : '')).join('');
      this.hereDocuments.push({ end, literal, stripTabs: operator === '<<-', body });
      return { type: 'here', descriptor, body };
    }
    if (operator === '>&' || operator === '<&') return { type: 'duplicate', descriptor, target };
    return { type: operator === '<' ? 'read' : operator === '>>' ? 'append' : 'write', descriptor, target };
  }
}
