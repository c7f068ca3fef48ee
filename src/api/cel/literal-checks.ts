// Owns what is known to be wrong before an expression ever runs: texts that are no pattern, time or span, and constants that cannot be
// converted. Each is found as cel-go finds it: the first sort when it checks, the second when it makes a program.
import { constantCall } from './evaluate.ts';
import type { Expression, Issue } from './expression.ts';
import { CelError, type CelValue } from './values.ts';

/** Every node of a tree, parents first. */
export function* nodesOf(e: Expression): Generator<Expression, void, undefined> {
  yield e;
  for (const part of partsOf(e)) yield* nodesOf(part);
}

function partsOf(e: Expression): readonly Expression[] {
  switch (e.is) {
    case 'constant':
    case 'name':
      return [];
    case 'select':
      return [e.operand];
    case 'index':
      return [e.operand, e.index];
    case 'call':
      return e.target === undefined ? e.args : [e.target, ...e.args];
    case 'list':
      return e.items;
    case 'map':
      return e.entries.flatMap((entry) => [entry[0], entry[1]]);
    case 'message':
      return e.fields.map(({ value }) => value);
    case 'macro':
      return [e.range, ...(e.test === undefined ? [] : [e.test]), ...(e.result === undefined ? [] : [e.result])];
    case 'optMap':
      return [e.target, e.result];
  }
}

function failureOf(name: string, args: readonly CelValue[]): string | undefined {
  try {
    constantCall(name, args);
    return undefined;
  } catch (error) {
    if (error instanceof CelError) return error.message;
    throw error;
  }
}

const checkedLiterals = ['duration', 'timestamp', 'matches'];

/** Complaints about literal arguments, as cel-go's validators of literals word them. */
export function literalIssues(expression: Expression): readonly Issue[] {
  const issues: Issue[] = [];
  for (const name of checkedLiterals)
    for (const node of nodesOf(expression)) {
      if (node.is !== 'call' || node.name !== name) continue;
      const [literal] = node.args;
      if (literal?.is !== 'constant' || typeof literal.value !== 'string') continue;
      const wrong = failureOf(name, name === 'matches' ? ['', literal.value] : [literal.value]);
      if (wrong !== undefined) issues.push({ at: literal.at, message: `invalid ${name} argument` });
    }
  return issues;
}

const conversions = new Set(['bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'string', 'timestamp', 'uint']);
const patterns = new Set(['find', 'findAll']);

/** Why no program can be made of an expression that was found right; undefined where one can. */
export function programFailure(expression: Expression): string | undefined {
  for (const node of nodesOf(expression)) {
    if (node.is !== 'call') continue;
    const [first] = node.args;
    if (first?.is !== 'constant') continue;
    let failure: string | undefined;
    if (node.target === undefined && node.args.length === 1 && conversions.has(node.name)) failure = failureOf(node.name, [first.value]);
    else if (node.target !== undefined && patterns.has(node.name) && typeof first.value === 'string')
      failure = failureOf(node.name, ['', first.value]);
    if (failure !== undefined) return failure;
  }
  return undefined;
}
