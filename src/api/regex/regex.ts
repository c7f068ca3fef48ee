// Owns matching regular expressions in time that grows with the text alone, whatever the expression: a machine with all its states at once.
import { type CharTest, isWordCode, parseRegex, type RegexNode, RegexSyntaxError } from './syntax.ts';

type Assertion = Extract<RegexNode, { is: 'assert' }>['what'];
type Instruction =
  | { readonly op: 'char'; readonly test: CharTest }
  | { readonly op: 'assert'; readonly what: Assertion }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'match' };

const longestProgram = 100_000;

/** Where a match lies, in code units. */
export interface Found {
  readonly start: number;
  readonly end: number;
}

/** A compiled expression. It may be used any number of times. */
export class Regex {
  readonly #program: readonly Instruction[];

  /** Throws RegexSyntaxError in the words of Go's parser. */
  constructor(source: string) {
    const program: Instruction[] = [];
    emit(parseRegex(source), program, source);
    program.push({ op: 'match' });
    this.#program = program;
  }

  /** Whether the expression matches anywhere in the text. */
  test(text: string): boolean {
    return this.#run(text, 0, true) !== undefined;
  }

  /** The leftmost match at or after a position, of which the one that the expression prefers. */
  find(text: string, from = 0): Found | undefined {
    return this.#run(text, from, false);
  }

  /** All matches one after the other, at most `limit`; an empty one right after another match does not count. */
  findAll(text: string, limit: number): readonly string[] {
    const found: string[] = [];
    let lastEnd = -1;
    for (let at = 0; at <= text.length && found.length < limit; ) {
      const match = this.find(text, at);
      if (match === undefined) break;
      if (match.end > match.start || match.start !== lastEnd) found.push(text.slice(match.start, match.end));
      lastEnd = match.end;
      at = match.end > match.start ? match.end : match.end + ((text.codePointAt(match.end) ?? 0) > 0xffff ? 2 : 1);
    }
    return found;
  }

  #run(text: string, from: number, anyWill: boolean): Found | undefined {
    const program = this.#program;
    let threads: { pc: number; start: number }[] = [];
    let best: Found | undefined;
    const marks = new Int32Array(program.length).fill(-1);
    const add = (list: { pc: number; start: number }[], entry: number, start: number, at: number): void => {
      const stack = [entry];
      for (let pc = stack.pop(); pc !== undefined; pc = stack.pop()) {
        if (marks[pc] === at) continue;
        marks[pc] = at;
        const instruction = program[pc];
        if (instruction === undefined) continue;
        if (instruction.op === 'jump') stack.push(instruction.to);
        else if (instruction.op === 'split') stack.push(instruction.second, instruction.first);
        else if (instruction.op === 'assert') {
          if (holds(instruction.what, text, at)) stack.push(pc + 1);
        } else list.push({ pc, start });
      }
    };
    for (let at = from; ; ) {
      if (best === undefined) add(threads, 0, at, at);
      const code = text.codePointAt(at);
      const next: { pc: number; start: number }[] = [];
      const step = code === undefined ? 1 : code > 0xffff ? 2 : 1;
      for (const { pc, start } of threads) {
        const instruction = program[pc];
        if (instruction?.op === 'match') {
          best = { start, end: at };
          // Threads behind this one are less preferred.
          break;
        }
        if (code !== undefined && instruction?.op === 'char' && instruction.test(code)) add(next, pc + 1, start, at + step);
      }
      if (best !== undefined && anyWill) return best;
      threads = next;
      if (code === undefined || (threads.length === 0 && best !== undefined)) return best;
      at += step;
    }
  }
}

function holds(what: Assertion, text: string, at: number): boolean {
  const before = at > 0 ? text.charCodeAt(at - 1) : -1;
  const after = at < text.length ? text.charCodeAt(at) : -1;
  switch (what) {
    case 'start':
      return at === 0;
    case 'end':
      return at === text.length;
    case 'lineStart':
      return at === 0 || before === 10;
    case 'lineEnd':
      return at === text.length || after === 10;
    default:
      return ((before >= 0 && isWordCode(before)) !== (after >= 0 && isWordCode(after))) === (what === 'word');
  }
}

function emit(node: RegexNode, program: Instruction[], source: string): void {
  if (program.length > longestProgram) throw new RegexSyntaxError('expression too large', source.slice(0, 64));
  switch (node.is) {
    case 'empty':
      return;
    case 'char':
      program.push({ op: 'char', test: node.test });
      return;
    case 'assert':
      program.push({ op: 'assert', what: node.what });
      return;
    case 'group':
      emit(node.node, program, source);
      return;
    case 'sequence':
      for (const one of node.nodes) emit(one, program, source);
      return;
    case 'choice': {
      const ends: { op: 'jump'; to: number }[] = [];
      node.nodes.forEach((one, index) => {
        const last = index === node.nodes.length - 1;
        const split = { op: 'split' as const, first: program.length + 1, second: 0 };
        if (!last) program.push(split);
        emit(one, program, source);
        if (last) return;
        const end = { op: 'jump' as const, to: 0 };
        program.push(end);
        ends.push(end);
        split.second = program.length;
      });
      for (const end of ends) end.to = program.length;
      return;
    }
    case 'repeat':
      emitRepeat(node, program, source);
  }
}

function emitRepeat({ node, min, max, lazy }: Extract<RegexNode, { is: 'repeat' }>, program: Instruction[], source: string): void {
  for (let count = 0; count < min; count++) emit(node, program, source);
  const branch = (): { op: 'split'; first: number; second: number } => {
    const split = { op: 'split' as const, first: 0, second: 0 };
    program.push(split);
    return split;
  };
  const settle = (split: { first: number; second: number }, inside: number, beyond: number): void => {
    split.first = lazy ? beyond : inside;
    split.second = lazy ? inside : beyond;
  };
  if (max === undefined) {
    const start = program.length;
    const split = branch();
    emit(node, program, source);
    program.push({ op: 'jump', to: start });
    settle(split, start + 1, program.length);
    return;
  }
  const splits: { readonly split: { first: number; second: number }; readonly inside: number }[] = [];
  for (let count = min; count < max; count++) {
    const split = branch();
    splits.push({ split, inside: program.length });
    emit(node, program, source);
  }
  for (const { split, inside } of splits) settle(split, inside, program.length);
}

const known = new Map<string, Regex | RegexSyntaxError>();
const knownBound = 1000;

/** A compiled expression, kept for the next who asks. Throws RegexSyntaxError. */
export function regexOf(source: string): Regex {
  let found = known.get(source);
  if (found === undefined) {
    try {
      found = new Regex(source);
    } catch (error) {
      if (!(error instanceof RegexSyntaxError)) throw error;
      found = error;
    }
    if (known.size >= knownBound) known.clear();
    known.set(source, found);
  }
  if (found instanceof RegexSyntaxError) throw found;
  return found;
}
