// Owns the grammar of label selector texts: `a=b, c!=d, e in (f,g), !h, i>1`. Errors are upstream's, word for word.
import { invalidValue } from '../causes.ts';
import { qualifiedNameErrors } from '../names.ts';
import {
  checkedRequirement,
  everyLabel,
  type LabelOperator,
  type LabelRequirement,
  type LabelSelectorMatcher,
  matcherOf,
  SelectorError,
} from './label-selector.ts';

type TokenKind = 'identifier' | 'end' | 'error' | '!' | '(' | ')' | ',' | '=' | '==' | '!=' | '>' | '<' | 'in' | 'notin';
interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const symbols: ReadonlySet<string> = new Set(['!', '(', ')', ',', '=', '==', '!=', '>', '<']);
const special = /[=!(),><]/;
const space = /[ \t\r\n]/;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? '';
    if (space.test(character)) {
      at++;
      continue;
    }
    const start = at;
    if (special.test(character)) {
      const pair = text.slice(at, at + 2);
      const symbol = symbols.has(pair) ? pair : character;
      at += symbol.length;
      tokens.push({ kind: symbol as TokenKind, text: symbol });
      continue;
    }
    while (at < text.length && !special.test(text[at] ?? '') && !space.test(text[at] ?? '')) at++;
    const word = text.slice(start, at);
    tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

const operators: Readonly<Partial<Record<TokenKind, LabelOperator>>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  /** The next token, with the keywords read as identifiers unless an operator is due. */
  #peek(operatorDue = false): Token {
    const token = this.#tokens[this.#at] ?? { kind: 'end', text: '' };
    return !operatorDue && (token.kind === 'in' || token.kind === 'notin') ? { kind: 'identifier', text: token.text } : token;
  }

  #take(operatorDue = false): Token {
    const token = this.#peek(operatorDue);
    this.#at++;
    return token;
  }

  parse(): readonly LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'end') return requirements;
      if (token.kind !== 'identifier' && token.kind !== '!')
        throw new SelectorError(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.#requirement());
      const after = this.#take();
      if (after.kind === 'end') return requirements;
      if (after.kind !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or 'end of string'`);
      const next = this.#peek();
      if (next.kind !== 'identifier' && next.kind !== '!') throw new SelectorError(`found '${next.text}', expected: identifier after ','`);
    }
  }

  #requirement(): LabelRequirement {
    try {
      return this.#unwrapped();
    } catch (error) {
      if (error instanceof SelectorError) throw new SelectorError(`unable to parse requirement: ${error.message}`);
      throw error;
    }
  }

  #unwrapped(): LabelRequirement {
    let token = this.#take();
    const absent = token.kind === '!';
    if (absent) token = this.#take();
    if (token.kind !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const errors = qualifiedNameErrors(key);
    if (errors.length > 0) throw new SelectorError(`<nil>: ${invalidValue('', key, errors.join('; ')).message}`);
    if (absent) return checkedRequirement(key, '!', []);
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === ',') return checkedRequirement(key, 'exists', []);
    const sign = this.#take(true);
    const operator = operators[sign.kind];
    if (operator === undefined) throw new SelectorError(`found '${sign.text}', expected: in, notin, =, ==, !=, gt, lt`);
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#exactValue()];
    return checkedRequirement(key, operator, [...new Set(values)].sort());
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === ',') return '';
    this.#at++;
    if (next.kind === 'identifier') return next.text;
    throw new SelectorError(`found '${next.text}', expected: identifier`);
  }

  #values(): readonly string[] {
    const open = this.#take();
    if (open.kind !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.kind === ')') {
      this.#at++;
      return [''];
    }
    if (first.kind !== 'identifier' && first.kind !== ',')
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
    const values: string[] = [];
    for (;;) {
      const token = this.#take();
      if (token.kind === 'identifier') {
        values.push(token.text);
        const after = this.#peek();
        if (after.kind === ')') break;
        if (after.kind !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or ')'`);
      } else if (token.kind === ',') {
        if (values.length === 0) values.push('');
        const after = this.#peek();
        if (after.kind === ')' || after.kind === ',') values.push('');
        if (after.kind === ')') break;
      } else throw new SelectorError(`found '${token.text}', expected: ',', or identifier`);
    }
    this.#at++;
    return values;
  }
}

/** Parses a label selector text. Blank selects everything. Throws SelectorError (upstream answers 400 with its message). */
export function parseLabelSelector(text: string): LabelSelectorMatcher {
  if (text === '') return everyLabel;
  const requirements = new Parser(text).parse();
  return matcherOf([...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)));
}
