// Owns the one place where the CEL library is used: reading an expression's text. What it gives is turned into our own tree, macros found,
// and its complaints into cel-go's words.
import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import type { Expression, Issue, MacroName } from './expression.ts';
import { type CelValue, inInt, Uint } from './values.ts';

const environment = new Environment({ enableOptionalTypes: true, unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });

/** Thrown for texts that are no expressions. */
export class CelSyntaxError extends Error {
  override readonly name = 'CelSyntaxError';
  readonly issues: readonly Issue[];
  constructor(...issues: readonly Issue[]) {
    super(issues[0]?.message);
    this.issues = issues;
  }
}

const longest = 100_000;

/** Reads an expression. Throws CelSyntaxError. */
export function parseCel(source: string): Expression {
  if (source.length > longest)
    throw new CelSyntaxError({ at: 0, message: `expression code point size exceeds limit: size: ${source.length}, limit ${longest}` });
  try {
    return new Reading(source).read(environment.parse(source).ast);
  } catch (error) {
    if (error instanceof ParseError) throw new CelSyntaxError(...issuesOf(source, error));
    // The library goes as deep as the text does.
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

const deepest = 250;
/** Chains of these are no depth to cel-go, but they are to us. */
const chainPart = 0.1;

function tooDeep(): CelSyntaxError {
  return new CelSyntaxError({ at: -1, message: `expression recursion limit exceeded: ${deepest}` });
}

const operands = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const anywhere = `{'[', '{', '(', '.', '-', '!', ${operands}`;
/** What may come after an opening bracket. */
const within: Readonly<Record<string, string>> = {
  '[': `{'[', ']', '{', '(', '.', ',', '-', '!', '?', ${operands}`,
  '{': `{'[', '{', '}', '(', '.', ',', '-', '!', '?', ${operands}`,
};
const binary = /^(?:[=!<>]=|&&|\|\||[<>+*/%-])/;

/** What is wrong with a text. cel-go goes on after what should have been a name, and complains again where the text then ends. */
function issuesOf(source: string, error: ParseError): readonly Issue[] {
  const issue = issueOf(source, error);
  const rest = source.slice(issue.at);
  const operator = issue.message.includes('no viable alternative') ? binary.exec(rest)?.[0] : undefined;
  if (operator === undefined || rest.slice(operator.length).trim() !== '') return [issue];
  return [issue, { at: source.length, message: `Syntax error: mismatched input '<EOF>' expecting ${anywhere}` }];
}

function operandsAt(source: string, at: number): string {
  return within[source.slice(0, at).trimEnd().slice(-1)] ?? anywhere;
}

const closers: Readonly<Record<string, string>> = { RPAREN: "')'", RBRACKET: "']'", RBRACE: "'}'", COLON: "':'", IDENTIFIER: 'IDENTIFIER' };

/** The library names tokens by its own names; cel-go quotes them. */
function issueOf(source: string, { code, summary, range }: ParseError): Issue {
  const at = range?.start ?? 0;
  const found = tokenAt(source, at);
  if (code === 'unexpected_token') return { at, message: `Syntax error: mismatched input ${found} expecting ${operandsAt(source, at)}` };
  if (code === 'expected_token') {
    const wanted = /^Expected (\w+),/.exec(summary)?.[1] ?? '';
    if (wanted === 'IDENTIFIER') {
      const seen = source.slice(source.lastIndexOf('.', at - 1), at + (found === "'<EOF>'" ? 0 : found.length - 2));
      return { at, message: `Syntax error: no viable alternative at input '${seen}'` };
    }
    return { at, message: `Syntax error: mismatched input ${found} expecting ${closers[wanted] ?? wanted}` };
  }
  if (code === 'unexpected_character') {
    const character = [...source.slice(at)][0] ?? '';
    if (/[@#$%^~`;\\=]/.test(character)) return { at, message: `Syntax error: token recognition error at: '${character}'` };
    return { at, message: `Syntax error: extraneous input ${found} expecting <EOF>` };
  }
  if (code === 'reserved_identifier') return { at, message: `reserved identifier: ${found.slice(1, -1)}` };
  if (code === 'unterminated_string') return { at, message: `Syntax error: token recognition error at: '${source.slice(at)}'` };
  if (code === 'invalid_macro_argument') return { at, message: 'argument must be a simple name' };
  return { at, message: `Syntax error: ${summary}` };
}

function tokenAt(source: string, at: number): string {
  const rest = source.slice(at);
  const token = /^(?:[A-Za-z_]\w*|\d[\w.]*|"[^"]*"|'[^']*'|&&|\|\||[=!<>]=|[\s\S])/u.exec(rest)?.[0];
  return token === undefined ? "'<EOF>'" : `'${token}'`;
}

const simpleMacros: Readonly<Record<string, MacroName>> = {
  all: 'all',
  exists: 'exists',
  exists_one: 'exists_one',
  existsOne: 'exists_one',
  map: 'map',
  filter: 'filter',
};
const transforms = new Set(['transformList', 'transformMap', 'transformMapEntry']);
const operators = new Set(['!=', '==', 'in', '+', '-', '*', '/', '%', '<', '<=', '>', '>=', '||', '&&']);

/** Turns the library's tree into ours. */
class Reading {
  readonly #source: string;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  read(node: ASTNode): Expression {
    const step = node.op === '&&' || node.op === '||' ? chainPart : 1;
    this.#depth += step;
    if (this.#depth > deepest) throw tooDeep();
    const expression = this.#read(node);
    this.#depth -= step;
    return expression;
  }

  #read(node: ASTNode): Expression {
    switch (node.op) {
      case 'value':
        return { is: 'constant', at: node.start, value: this.#constant(node.args, node.start) };
      case 'id':
        return { is: 'name', at: node.start, name: node.args };
      case '.':
      case '.?': {
        const [target, field] = node.args;
        const at = this.#before(node.pos, '.');
        return { is: 'select', at, operand: this.read(target), field, optional: node.op === '.?', test: false };
      }
      case '[]':
      case '[?]': {
        const [target, index] = node.args;
        return {
          is: 'index',
          at: this.#before(index.start, '['),
          operand: this.read(target),
          index: this.read(index),
          optional: node.op === '[?]',
        };
      }
      case 'call':
        return this.#call(node.start, node.args[0], node.args[1]);
      case 'rcall':
        return this.#memberCall(node.args[0], node.args[1], node.args[2]);
      case 'list':
        return { is: 'list', at: node.start, items: node.args.map((item) => this.read(item)) };
      case 'map':
        return { is: 'map', at: node.start, entries: node.args.map(([key, value]) => [this.read(key), this.read(value)] as const) };
      case '?:': {
        const [condition, yes, no] = node.args;
        return {
          is: 'call',
          at: this.#between(condition.end, '?'),
          name: '_?_:_',
          target: undefined,
          args: [condition, yes, no].map((one) => this.read(one)),
        };
      }
      case '!_':
        return { is: 'call', at: node.start, name: '!_', target: undefined, args: [this.read(node.args)] };
      case '-_':
        return this.#negative(node.start, node.args);
      default: {
        if (!operators.has(node.op)) throw new CelSyntaxError({ at: node.start, message: `Syntax error: unexpected ${node.op}` });
        const [left, right] = node.args;
        const name = node.op === 'in' ? '@in' : `_${node.op}_`;
        return { is: 'call', at: this.#between(left.end, node.op), name, target: undefined, args: [this.read(left), this.read(right)] };
      }
    }
  }

  /** A literal's sign belongs to it. */
  #negative(at: number, inner: ASTNode): Expression {
    const value = inner.op === 'value' && inner.start === at + 1 ? inner.args : undefined;
    if (typeof value === 'bigint') return { is: 'constant', at, value: this.#inRange(-value, at) };
    if (typeof value === 'number') return { is: 'constant', at, value: -value };
    return { is: 'call', at, name: '-_', target: undefined, args: [this.read(inner)] };
  }

  #constant(value: unknown, at: number): CelValue {
    if (typeof value === 'bigint') return this.#inRange(value, at);
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value as CelValue;
    return new Uint(BigInt((value as { valueOf(): bigint }).valueOf()));
  }

  #inRange(value: bigint, at: number): bigint {
    try {
      return inInt(value);
    } catch {
      throw new CelSyntaxError({ at, message: 'invalid int literal' });
    }
  }

  #call(start: number, name: string, args: readonly ASTNode[]): Expression {
    const at = this.#between(start + name.length, '(');
    if (name === 'has' && args.length === 1) {
      const [argument] = args;
      const inner = argument === undefined ? undefined : this.read(argument);
      if (inner?.is !== 'select' || inner.optional) throw new CelSyntaxError({ at, message: 'invalid argument to has() macro' });
      return { ...inner, at, test: true };
    }
    return { is: 'call', at, name, target: undefined, args: args.map((one) => this.read(one)) };
  }

  #memberCall(name: string, receiver: ASTNode, args: readonly ASTNode[]): Expression {
    const at = this.#callAt(receiver.end, name);
    const target = this.read(receiver);
    const nameOf = (node: ASTNode | undefined): string => {
      if (node?.op === 'id') return node.args;
      throw new CelSyntaxError({ at: node?.start ?? at, message: 'argument must be a simple name' });
    };
    const [first, second, third, fourth] = args;
    const macro = Object.hasOwn(simpleMacros, name) ? simpleMacros[name] : undefined;
    if (macro !== undefined && first !== undefined && second !== undefined && args.length === 2)
      return macro === 'map'
        ? { is: 'macro', at, macro, range: target, names: [nameOf(first)], test: undefined, result: this.read(second) }
        : { is: 'macro', at, macro, range: target, names: [nameOf(first)], test: this.read(second), result: undefined };
    if (macro !== undefined && first !== undefined && second !== undefined && third !== undefined && args.length === 3) {
      if (macro === 'map')
        return { is: 'macro', at, macro, range: target, names: [nameOf(first)], test: this.read(second), result: this.read(third) };
      if (macro !== 'filter')
        return { is: 'macro', at, macro, range: target, names: [nameOf(first), nameOf(second)], test: this.read(third), result: undefined };
    }
    if (transforms.has(name) && first !== undefined && second !== undefined && third !== undefined && args.length <= 4)
      return {
        is: 'macro',
        at,
        macro: name as MacroName,
        range: target,
        names: [nameOf(first), nameOf(second)],
        test: fourth === undefined ? undefined : this.read(third),
        result: this.read(fourth ?? third),
      };
    if (name === 'sortBy' && first !== undefined && second !== undefined && args.length === 2) {
      const keys: Expression = {
        is: 'macro',
        at,
        macro: 'map',
        range: this.read(receiver),
        names: [nameOf(first)],
        test: undefined,
        result: this.read(second),
      };
      return { is: 'call', at, name: '@sortByAssociatedKeys', target, args: [keys] };
    }
    if ((name === 'optMap' || name === 'optFlatMap') && first !== undefined && second !== undefined && args.length === 2)
      return { is: 'optMap', at, target, name: nameOf(first), result: this.read(second), flat: name === 'optFlatMap' };
    return { is: 'call', at, name, target, args: args.map((one) => this.read(one)) };
  }

  /** The place of a character at or after an offset, comments and closing brackets passed over. */
  #between(from: number, token: string): number {
    for (let at = from; at < this.#source.length; at++) {
      if (this.#source.startsWith('//', at)) at = this.#source.indexOf('\n', at) < 0 ? this.#source.length : this.#source.indexOf('\n', at);
      else if (this.#source.startsWith(token, at)) return at;
    }
    return from;
  }

  #before(from: number, token: string): number {
    const at = this.#source.lastIndexOf(token, from - 1);
    return at < 0 ? from : at;
  }

  #callAt(from: number, name: string): number {
    return this.#between(this.#between(from, name) + name.length, '(');
  }
}
