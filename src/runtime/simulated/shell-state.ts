// Owns what a shell remembers, and what its builtins may do to it.
import type { Descriptor } from './descriptor.ts';
import type { FileTree } from './file-tree.ts';
import type { Process } from './process.ts';
import type { Command } from './shell-syntax.ts';

/** The descriptors that a command runs with. */
export type Descriptors = ReadonlyMap<number, Descriptor>;

/** What a subshell starts with a copy of. */
export interface ShellState {
  readonly variables: Map<string, string>;
  readonly exported: Set<string>;
  readonly functions: Map<string, Command>;
  readonly options: Set<string>;
  positional: readonly string[];
  name: string;
  cwd: string;
  status: number;
  /** `$$`: the first shell's number, in subshells too. */
  shellPid: number;
}

/** A copy that shares nothing that changes. */
export function copyState(state: ShellState): ShellState {
  return {
    ...state,
    variables: new Map(state.variables),
    exported: new Set(state.exported),
    functions: new Map(state.functions),
    options: new Set(state.options),
  };
}

/** A running shell as its builtins see it. */
export interface ShellSession {
  readonly process: Process;
  readonly files: FileTree;
  readonly state: ShellState;
  readonly cwd: string;
  readonly traps: Map<string, string>;
  readonly jobs: readonly Process[];
  parameter(name: string): string | undefined;
  assign(name: string, value: string): void;
  environment(): ReadonlyMap<string, string>;
  /** Says what is wrong, on standard error. */
  complain(descriptors: Descriptors, message: string): Promise<void>;
  /** Parses and runs text in this shell. */
  source(text: string, descriptors: Descriptors): Promise<number>;
  /** Waits for a child until it ends or a trapped signal comes. */
  waitFor(child: Process): Promise<number>;
  /** `exec PROGRAM`. */
  become(argv: readonly string[], descriptors: Descriptors): Promise<never>;
  /** Runs a builtin or program, past any function of that name. */
  runNamed(argv: readonly string[], descriptors: Descriptors): Promise<number>;
  /** Reads up to a newline; what is after it is left to the next reader. */
  readLine(descriptor: Descriptor | undefined): Promise<{ readonly line: string; readonly ended: boolean }>;
}

/** A parameter's value: special ones, positional ones, variables. */
export function parameterOf(name: string, state: ShellState, process: Process, jobs: readonly Process[]): string | undefined {
  switch (name) {
    case '?':
      return String(state.status);
    case '$':
      return String(state.shellPid);
    case '!':
      return jobs.length === 0 ? '' : String(jobs.at(-1)?.pid);
    case '#':
      return String(state.positional.length);
    case '-':
      return [...state.options].join('');
    case '0':
      return state.name;
    case 'PPID':
      return String(process.parent?.pid ?? 0);
    case 'RANDOM':
      return String(Math.floor(process.surroundings.entropy.fraction() * 32768));
    case 'SECONDS':
      return String(Math.floor(process.surroundings.clock.now() / 1000));
    default:
      return /^\d+$/.test(name) ? state.positional[Number(name) - 1] : state.variables.get(name);
  }
}
