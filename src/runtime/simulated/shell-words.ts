// Owns the expansion of a shell's words: parameters, commands, arithmetic, field splitting and file patterns.
import { isPattern, matchingPaths, patternExpression, plainPattern } from './file-pattern.ts';
import type { FileTree } from './file-tree.ts';
import { evaluate } from './shell-arithmetic.ts';
import type { Command, Word, WordPart } from './shell-syntax.ts';

/** What words are expanded against: the state of a running shell. */
export interface WordScope {
  readonly files: FileTree;
  readonly cwd: string;
  readonly positional: readonly string[];
  /** A variable or special parameter; undefined where it is not set. */
  parameter(name: string): string | undefined;
  assign(name: string, value: string): void;
  /** Runs a command and gives what it wrote, without the newlines at its end. */
  capture(body: Command): Promise<string>;
}

/** A word could not be expanded (`${x:?text}`, bad arithmetic): a script ends with it. */
export class ExpansionError extends Error {
  override readonly name = 'ExpansionError';
}

/** A stretch of expanded text. `split`: came from an unquoted expansion. `cut`: a new field starts here. */
interface Stretch {
  readonly text: string;
  readonly quoted: boolean;
  readonly split: boolean;
  readonly cut?: boolean;
}

/** Expands words to fields, splitting and matching files. */
export async function expandFields(scope: WordScope, words: readonly Word[]): Promise<string[]> {
  const fields: string[] = [];
  for (const word of words) {
    for (const field of splitFields(await stretchesOf(scope, word), scope.parameter('IFS') ?? ' \t\n')) {
      const pattern = field.map((piece) => (piece.quoted ? plainPattern(piece.text) : piece.text)).join('');
      const paths = isPattern(pattern) ? matchingPaths(scope.files, scope.cwd, pattern) : [];
      if (paths.length > 0) fields.push(...paths);
      else fields.push(field.map((piece) => piece.text).join(''));
    }
  }
  return fields;
}

/** Expands a word to one text: assignments, redirections, subjects of `case`. */
export async function expandText(scope: WordScope, word: Word): Promise<string> {
  return (await stretchesOf(scope, word)).map((stretch) => (stretch.cut === true ? ` ${stretch.text}` : stretch.text)).join('');
}

/** Expands a word to a pattern: quoted text stays plain. */
export async function expandPattern(scope: WordScope, word: Word): Promise<string> {
  const stretches = await stretchesOf(scope, word);
  return stretches.map(({ text, quoted }) => (quoted ? plainPattern(text) : text)).join('');
}

function splitFields(stretches: readonly Stretch[], separators: string): { text: string; quoted: boolean }[][] {
  const fields: { text: string; quoted: boolean }[][] = [];
  let current: { text: string; quoted: boolean }[] | undefined;
  const add = (piece: { text: string; quoted: boolean }): void => {
    current ??= [];
    current.push(piece);
  };
  const end = (): void => {
    if (current !== undefined) fields.push(current);
    current = undefined;
  };
  for (const { text, quoted, split, cut } of stretches) {
    if (cut === true) end();
    if (!split) {
      if (text !== '' || quoted) add({ text, quoted });
      continue;
    }
    let piece = '';
    for (const char of text) {
      if (!separators.includes(char)) {
        piece += char;
        continue;
      }
      if (piece !== '') add({ text: piece, quoted: false });
      piece = '';
      if (current === undefined && !' \t\n'.includes(char)) current = [];
      end();
    }
    if (piece !== '') add({ text: piece, quoted: false });
  }
  end();
  return fields;
}

async function stretchesOf(scope: WordScope, word: Word): Promise<Stretch[]> {
  const stretches: Stretch[] = [];
  for (const [index, part] of word.entries()) stretches.push(...(await expandPart(scope, part, index === 0)));
  return stretches;
}

async function expandPart(scope: WordScope, part: WordPart, first: boolean): Promise<readonly Stretch[]> {
  const { quoted } = part;
  const one = (text: string): Stretch[] => [{ text, quoted, split: !quoted }];
  switch (part.type) {
    case 'text': {
      const home = !quoted && first ? /^~(?=\/|$)/.exec(part.text) : null;
      return [{ text: home === null ? part.text : (scope.parameter('HOME') ?? '/root') + part.text.slice(1), quoted, split: false }];
    }
    case 'command':
      return one(await scope.capture(part.body));
    case 'arithmetic': {
      const expression = await expandText(scope, part.expression);
      try {
        return one(
          String(evaluate(expression, { get: (name) => scope.parameter(name) ?? '', set: (name, value) => scope.assign(name, value) })),
        );
      } catch (error) {
        throw new ExpansionError(error instanceof Error ? error.message : String(error));
      }
    }
    case 'parameter':
      return expandParameter(scope, part, one);
  }
}

async function expandParameter(
  scope: WordScope,
  part: WordPart & { readonly type: 'parameter' },
  one: (text: string) => Stretch[],
): Promise<readonly Stretch[]> {
  const { name, operator, operand = [], quoted } = part;
  if (operator === '' && (name === '@' || (name === '*' && !quoted))) {
    return scope.positional.map((text, index) => ({ text, quoted, split: !quoted, cut: index > 0 }));
  }
  const value = name === '@' || name === '*' ? scope.positional.join(' ') : scope.parameter(name);
  const missing = value === undefined || (operator.startsWith(':') && value === '');
  switch (operator.replace(':', '')) {
    case '':
      if (value === undefined && scope.parameter('-')?.includes('u') === true) throw new ExpansionError(`${name}: parameter not set`);
      return one(value ?? '');
    case 'length':
      return one(String((value ?? '').length));
    case '-':
      return missing ? withQuotes(await stretchesOf(scope, operand), quoted) : one(value);
    case '+':
      return missing ? [] : withQuotes(await stretchesOf(scope, operand), quoted);
    case '=': {
      if (!missing) return one(value);
      const text = await expandText(scope, operand);
      scope.assign(name, text);
      return one(text);
    }
    case '?':
      if (missing) throw new ExpansionError(`${name}: ${(await expandText(scope, operand)) || 'parameter not set'}`);
      return one(value);
    default:
      return one(trim(value ?? '', operator, await expandPattern(scope, operand)));
  }
}

function withQuotes(stretches: readonly Stretch[], quoted: boolean): readonly Stretch[] {
  return stretches.map((stretch) => (quoted ? { ...stretch, quoted: true, split: false } : { ...stretch, split: !stretch.quoted }));
}

/** `#` and `%`: without the shortest (doubled: longest) match at the start or end. */
function trim(value: string, operator: string, pattern: string): string {
  const expression = patternExpression(pattern);
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  if (operator.length === 2) lengths.reverse();
  for (const length of lengths) {
    if (operator.startsWith('#') && expression.test(value.slice(0, length))) return value.slice(length);
    if (operator.startsWith('%') && expression.test(value.slice(value.length - length))) return value.slice(0, value.length - length);
  }
  return value;
}
