// Owns reading an expression: CEL's grammar as cel-go has it, with Kubernetes' options (optional syntax), and complaints in cel-go's words.
import { CelSyntaxError, type Expression, type Issue, type MessageField, qualifiedName } from './expression.ts';
import { callMacro, memberMacro } from './macros.ts';
import { intLiteral, type Token, tokensOf } from './tokens.ts';

const longest = 100_000;
const deepest = 250;
/** Chains of these are no depth to cel-go, which balances them, but they are to us. */
const chainPart = 0.1;

/** Reads an expression. Throws CelSyntaxError. */
export function parseCel(source: string): Expression {
  if (source.length > longest)
    throw new CelSyntaxError({ at: 0, message: `expression code point size exceeds limit: size: ${source.length}, limit ${longest}` });
  const { tokens, issues } = tokensOf(source);
  try {
    const expression = new Reader(source, tokens).whole();
    if (issues.length > 0) throw new CelSyntaxError(...issues);
    return expression;
  } catch (error) {
    if (error instanceof CelSyntaxError && issues.length > 0 && error.issues !== issues) {
      const further = error.issues.filter((issue) => !issues.includes(issue));
      throw new CelSyntaxError(...issues, ...further);
    }
    throw error;
  }
}

const operands = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const anywhere = `{'[', '{', '(', '.', '-', '!', ${operands}`;
/** What may come after an opening bracket. */
const within: Readonly<Record<string, string>> = {
  '[': `{'[', ']', '{', '(', '.', ',', '-', '!', '?', ${operands}`,
  '{': `{'[', '{', '}', '(', '.', ',', '-', '!', '?', ${operands}`,
};
const reserved = new Set('as break const continue else for function if import let loop package namespace return var void while'.split(' '));
const literals: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };
const binaries: readonly ReadonlySet<string>[] = [
  new Set(['||']),
  new Set(['&&']),
  new Set(['<', '<=', '>', '>=', '==', '!=', 'in']),
  new Set(['+', '-']),
  new Set(['*', '/', '%']),
];
const isOperator = (text: string): boolean => binaries.some((level) => level.has(text)) && text !== 'in';

class Reader {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #depths = new WeakMap<Expression, number>();
  #next = 0;
  #nesting = 0;

  constructor(source: string, tokens: readonly Token[]) {
    this.#source = source;
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#expression();
    const rest = this.#peek();
    if (rest.is !== 'end') throw this.#refuse(rest.at, `extraneous input '${rest.text}' expecting <EOF>`);
    return expression;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] as Token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #isSign(text: string): boolean {
    const token = this.#peek();
    return token.is === 'sign' && token.text === text;
  }

  #takeIf(text: string): boolean {
    if (!this.#isSign(text)) return false;
    this.#next++;
    return true;
  }

  #refuse(at: number, message: string): CelSyntaxError {
    return new CelSyntaxError({ at, message: `Syntax error: ${message}` });
  }

  #mismatched(expected: string): CelSyntaxError {
    const token = this.#peek();
    return this.#refuse(token.at, `mismatched input '${token.text}' expecting ${expected}`);
  }

  #expect(text: string): Token {
    if (!this.#isSign(text)) throw this.#mismatched(`'${text}'`);
    return this.#take();
  }

  #tooDeep(): CelSyntaxError {
    return new CelSyntaxError({ at: -1, message: `expression recursion limit exceeded: ${deepest}` });
  }

  /** Notes how deep a node is. */
  #made<T extends Expression>(node: T, parts: readonly Expression[], step = 1): T {
    const depth = step + Math.max(0, ...parts.map((part) => this.#depths.get(part) ?? 1));
    if (depth > deepest) throw this.#tooDeep();
    this.#depths.set(node, depth);
    return node;
  }

  #expression(): Expression {
    if (++this.#nesting > deepest) throw this.#tooDeep();
    const condition = this.#binary(0);
    let expression = condition;
    if (this.#isSign('?')) {
      const { at } = this.#take();
      const yes = this.#binary(0);
      this.#expect(':');
      const args = [condition, yes, this.#expression()];
      expression = this.#made({ is: 'call', at, name: '_?_:_', target: undefined, args }, args);
    }
    this.#nesting--;
    return expression;
  }

  #binary(level: number): Expression {
    const signs = binaries[level];
    if (signs === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (let token = this.#peek(); signs.has(token.text) && token.is !== 'text'; token = this.#peek()) {
      this.#next++;
      const args = [left, this.#binary(level + 1)];
      const name = token.text === 'in' ? '@in' : `_${token.text}_`;
      left = this.#made({ is: 'call', at: token.at, name, target: undefined, args }, args, level < 2 ? chainPart : 1);
    }
    return left;
  }

  /** Signs before an operand: an even number of the same is none. A literal's minus belongs to it. */
  #unary(): Expression {
    const first = this.#peek();
    if (!this.#isSign('!') && !this.#isSign('-')) return this.#member(this.#primary());
    const sign = first.text;
    let count = 0;
    while (this.#isSign(sign) && !(sign === '-' && this.#isNegativeNumber())) {
      this.#next++;
      count++;
    }
    const operand = this.#isNegativeNumber() && sign === '-' ? this.#member(this.#negative()) : this.#member(this.#primary());
    return count % 2 === 0
      ? operand
      : this.#made({ is: 'call', at: first.at, name: `${sign}_`, target: undefined, args: [operand] }, [operand]);
  }

  #isNegativeNumber(): boolean {
    const number = this.#peek(1);
    return this.#isSign('-') && number.is === 'number' && (typeof number.value === 'bigint' || typeof number.value === 'number');
  }

  #negative(): Expression {
    const { at } = this.#take();
    const token = this.#take();
    const value = token.is === 'number' ? token.value : 0n;
    return typeof value === 'bigint' ? this.#whole(-value, at) : { is: 'constant', at, value: -(value as number) };
  }

  #whole(value: bigint, at: number): Expression {
    const literal = intLiteral(value);
    if (literal === undefined) throw new CelSyntaxError({ at, message: 'invalid int literal' });
    return { is: 'constant', at, value: literal };
  }

  #member(first: Expression): Expression {
    let operand = first;
    for (;;) {
      const { at, text } = this.#peek();
      if (this.#takeIf('.')) operand = this.#selected(operand, at);
      else if (this.#takeIf('[')) {
        const optional = this.#takeIf('?');
        const index = this.#expression();
        this.#expect(']');
        operand = this.#made({ is: 'index', at, operand, index, optional }, [operand, index]);
      } else if (text === '{' && this.#isSign('{')) {
        const name = qualifiedName(operand);
        if (name === undefined) return operand;
        operand = this.#message(name, at);
      } else return operand;
    }
  }

  #selected(operand: Expression, dot: number): Expression {
    const optional = this.#takeIf('?');
    const token = this.#peek();
    if (token.is !== 'name' || token.text === 'in' || Object.hasOwn(literals, token.text)) throw this.#noName(token);
    this.#next++;
    const at = this.#peek().at;
    if (optional || !this.#takeIf('('))
      return this.#made({ is: 'select', at: dot, operand, field: token.text, optional, test: false }, [operand]);
    const args = this.#arguments();
    const node = memberMacro(at, token.text, operand, args) ?? { is: 'call', at, name: token.text, target: operand, args };
    return this.#made(node, [operand, ...args]);
  }

  /** cel-go goes on after what should have been a name, and complains again where the text then ends. */
  #noName(token: Token): CelSyntaxError {
    const seen = this.#source.slice(this.#source.lastIndexOf('.', token.at - 1), token.end);
    const issues: Issue[] = [{ at: token.at, message: `Syntax error: no viable alternative at input '${seen}'` }];
    if (token.is === 'sign' && isOperator(token.text) && this.#peek(1).is === 'end')
      issues.push({ at: this.#source.length, message: `Syntax error: mismatched input '<EOF>' expecting ${anywhere}` });
    return new CelSyntaxError(...issues);
  }

  #arguments(): readonly Expression[] {
    const args: Expression[] = [];
    if (this.#takeIf(')')) return args;
    do args.push(this.#expression());
    while (this.#takeIf(','));
    this.#expect(')');
    return args;
  }

  #primary(): Expression {
    const token = this.#peek();
    if (token.is === 'number' || token.is === 'text') {
      this.#next++;
      return typeof token.value === 'bigint' ? this.#whole(token.value, token.at) : { is: 'constant', at: token.at, value: token.value };
    }
    if (this.#isNegativeNumber()) return this.#negative();
    if (this.#takeIf('(')) {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (this.#takeIf('[')) return this.#list(token.at);
    if (this.#takeIf('{')) return this.#map(token.at);
    const dotted = this.#isSign('.') && this.#peek(1).is === 'name';
    if (token.is !== 'name' && !dotted) throw this.#mismatched(within[this.#before(token.at)] ?? anywhere);
    if (dotted) this.#next++;
    return this.#name();
  }

  #before(at: number): string {
    return this.#source.slice(0, at).trimEnd().slice(-1);
  }

  #name(): Expression {
    const token = this.#peek();
    if (token.text === 'in') throw this.#mismatched(anywhere);
    this.#next++;
    const { at, text } = token;
    if (Object.hasOwn(literals, text)) return { is: 'constant', at, value: literals[text] ?? null };
    if (reserved.has(text)) throw new CelSyntaxError({ at, message: `reserved identifier: ${text}` });
    const open = this.#peek().at;
    if (!this.#takeIf('(')) return { is: 'name', at, name: text };
    const args = this.#arguments();
    return this.#made(callMacro(open, text, args) ?? { is: 'call', at: open, name: text, target: undefined, args }, args);
  }

  #list(at: number): Expression {
    const items: Expression[] = [];
    const optional: boolean[] = [];
    while (!this.#isSign(']')) {
      optional.push(this.#takeIf('?'));
      items.push(this.#expression());
      if (!this.#takeIf(',')) break;
    }
    this.#expect(']');
    return this.#made({ is: 'list', at, items, optional }, items);
  }

  #map(at: number): Expression {
    const entries: (readonly [Expression, Expression, boolean])[] = [];
    while (!this.#isSign('}')) {
      const optional = this.#takeIf('?');
      const key = this.#expression();
      this.#expect(':');
      entries.push([key, this.#expression(), optional]);
      if (!this.#takeIf(',')) break;
    }
    this.#expect('}');
    return this.#made(
      { is: 'map', at, entries },
      entries.flatMap((entry) => [entry[0], entry[1]]),
    );
  }

  #message(name: string, at: number): Expression {
    this.#next++;
    const fields: MessageField[] = [];
    while (!this.#isSign('}')) {
      const optional = this.#takeIf('?');
      const field = this.#peek();
      if (field.is !== 'name') throw this.#mismatched("{'}', ',', '?', IDENTIFIER}");
      this.#next++;
      const colon = this.#expect(':').at;
      fields.push({ at: colon, name: field.text, value: this.#expression(), optional });
      if (!this.#takeIf(',')) break;
    }
    this.#expect('}');
    return this.#made(
      { is: 'message', at, name, fields },
      fields.map(({ value }) => value),
    );
  }
}
