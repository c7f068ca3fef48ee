// Owns `test` and `[`: conditions on files, texts and numbers.
import { type Tool, ToolError, tool } from '../tool.ts';

/** Gives 0 for true, 1 for false, 2 for a condition that is none. */
export const testTool = tool(async (self) => {
  let words = self.args;
  if (self.name === '[' || self.name === '[[') {
    if (words.at(-1) !== (self.name === '[' ? ']' : ']]')) throw new ToolError(`missing ${self.name === '[' ? ']' : ']]'}`, 2);
    words = words.slice(0, -1);
  }
  return condition(self, words) ? 0 : 1;
});

function condition(self: Tool, words: readonly string[]): boolean {
  let at = 0;
  const or = (): boolean => {
    let value = and();
    while (words[at] === '-o' || words[at] === '||') {
      at++;
      value = and() || value;
    }
    return value;
  };
  const and = (): boolean => {
    let value = not();
    while (words[at] === '-a' || words[at] === '&&') {
      at++;
      value = not() && value;
    }
    return value;
  };
  const not = (): boolean => {
    if (words[at] === '!' && words.length - at > 1) {
      at++;
      return !not();
    }
    return primary();
  };
  const primary = (): boolean => {
    const word = words[at];
    if (word === undefined) return false;
    const operator = words[at + 1];
    const right = words[at + 2];
    if (operator !== undefined && right !== undefined && binaries.has(operator)) {
      at += 3;
      return binary(self, word, operator, right);
    }
    if (word === '(' && words.length - at > 1) {
      at++;
      const value = or();
      if (words[at++] !== ')') throw new ToolError('missing )', 2);
      return value;
    }
    if (/^-[bcdefghknLprsStuwxz]$/.test(word) && operator !== undefined) {
      at += 2;
      return unary(self, word, operator);
    }
    at++;
    return word !== '';
  };
  const value = or();
  if (at < words.length) throw new ToolError(`${words[at]}: unknown operand`, 2);
  return value;
}

const binaries = new Set(['=', '==', '!=', '<', '>', '-eq', '-ne', '-lt', '-le', '-gt', '-ge', '-nt', '-ot', '-ef']);

function binary(self: Tool, left: string, operator: string, right: string): boolean {
  if (operator === '=' || operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '<') return left < right;
  if (operator === '>') return left > right;
  if (operator === '-nt' || operator === '-ot' || operator === '-ef') {
    const [a, b] = [self.files.lookup(self.path(left)), self.files.lookup(self.path(right))];
    if (operator === '-ef') return a !== undefined && a === b;
    const [first, second] = [a?.modifiedAtMs ?? 0, b?.modifiedAtMs ?? 0];
    return operator === '-nt' ? first > second : first < second;
  }
  const [a, b] = [left, right].map((text) => {
    if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new ToolError(`${text}: bad number`, 2);
    return Number(text);
  }) as [number, number];
  const results: Readonly<Record<string, boolean>> = {
    '-eq': a === b,
    '-ne': a !== b,
    '-lt': a < b,
    '-le': a <= b,
    '-gt': a > b,
    '-ge': a >= b,
  };
  return results[operator] ?? false;
}

function unary(self: Tool, operator: string, operand: string): boolean {
  if (operator === '-z') return operand === '';
  if (operator === '-n') return operand !== '';
  if (operator === '-t') return self.call.descriptors.get(Number(operand))?.terminal ?? false;
  const inode = self.files.lookup(self.path(operand), operator !== '-L' && operator !== '-h');
  switch (operator) {
    case '-f':
      return inode?.kind === 'file';
    case '-d':
      return inode?.kind === 'directory';
    case '-L':
    case '-h':
      return inode?.kind === 'symlink';
    case '-c':
      return inode?.kind === 'device';
    case '-s':
      return inode !== undefined && (inode.kind !== 'file' || inode.sizeBytes > 0);
    case '-x':
      return inode !== undefined && (inode.kind === 'directory' || (inode.mode & 0o111) !== 0);
    case '-b':
    case '-p':
    case '-S':
      return false;
    default:
      return inode !== undefined;
  }
}
