// Owns the simulated sh: runs parsed commands in a process, with variables, jobs, traps and descriptors.
import { type Descriptor, nullDescriptor, Pipe } from './descriptor.ts';
import { patternExpression } from './file-pattern.ts';
import { readLine } from './open-file.ts';
import { type Process, type Program, signalNumber } from './process.ts';
import { builtins } from './shell-builtins.ts';
import { Leave, loop } from './shell-leave.ts';
import { parseScript } from './shell-parser.ts';
import { openRedirects, RedirectError } from './shell-redirects.ts';
import { copyState, type Descriptors, parameterOf, type ShellSession, type ShellState } from './shell-state.ts';
import type { Command, Redirect } from './shell-syntax.ts';
import { ShellSyntaxError } from './shell-syntax.ts';
import { ExpansionError, expandFields, expandPattern, expandText, type WordScope } from './shell-words.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const deepest = 200;

/** A shell running in a process. Commands run one after the other; `finish` runs the EXIT trap. */
export class Shell implements WordScope, ShellSession {
  readonly process: Process;
  readonly state: ShellState;
  readonly traps = new Map<string, string>();
  readonly jobs: Process[] = [];
  /** A shell at a prompt outlives Ctrl-C. */
  interactive = false;
  #pending: string[] = [];
  #interrupt: (() => void) | undefined;
  #conditional = 0;
  #depth = 0;
  /** The status of the last $(…): that of a command without words. */
  #captured = 0;
  /** The descriptors of the shell itself, which `exec >file` changes. */
  descriptors: Descriptors;

  constructor(process: Process, state: ShellState) {
    this.process = process;
    this.state = state;
    this.descriptors = process.descriptors;
    process.onSignal = (signal) => {
      if (signal === 2 && this.interactive && !this.traps.has('INT')) return true;
      const name = [...this.traps.keys()].find((key) => signalNumber(key) === signal && signal !== 0);
      if (name === undefined) return false;
      this.#pending.push(name);
      this.#interrupt?.();
      return true;
    };
  }

  get files() {
    return this.process.surroundings.files;
  }

  get cwd(): string {
    return this.state.cwd;
  }

  get positional(): readonly string[] {
    return this.state.positional;
  }

  parameter(name: string): string | undefined {
    return parameterOf(name, this.state, this.process, this.jobs);
  }

  assign(name: string, value: string): void {
    this.state.variables.set(name, value);
    if (this.state.options.has('a')) this.state.exported.add(name);
  }

  /** The environment that commands get. */
  environment(extra: ReadonlyMap<string, string> = new Map()): Map<string, string> {
    const env = new Map<string, string>();
    for (const name of this.state.exported) {
      const value = this.state.variables.get(name);
      if (value !== undefined) env.set(name, value);
    }
    for (const [name, value] of extra) env.set(name, value);
    return env;
  }

  async capture(body: Command): Promise<string> {
    const pipe = new Pipe();
    const { reader, writer } = pipe.ends();
    reader.retain();
    const child = this.fork(body, new Map([...this.descriptors, [1, writer]]));
    const chunks: Uint8Array[] = [];
    for (let chunk = await this.process.until(pipe.read()); chunk !== undefined; chunk = await this.process.until(pipe.read()))
      chunks.push(chunk);
    reader.release();
    this.#captured = (await this.process.until(child.exit)).exitCode;
    this.state.status = this.#captured;
    return decoder.decode(Buffer.concat(chunks)).replace(/\n+$/, '');
  }

  /** Runs a command in a process of its own, with a copy of this shell's state. */
  fork(body: Command, descriptors: Descriptors): Process {
    const copy = copyState(this.state);
    const program: Program = async (call) => new Shell(call.process, copy).runToEnd(body);
    return this.process.spawn(program, { argv: this.process.argv, descriptors, env: new Map(), cwd: copy.cwd });
  }

  /** Runs a whole script and its EXIT trap. */
  async runToEnd(body: Command): Promise<number> {
    return this.finish(() => this.execute(body, this.descriptors));
  }

  /** Runs something that may leave the script, then the EXIT trap; gives the script's status. */
  async finish(run: () => Promise<number>): Promise<number> {
    let status = await this.#leaving(run);
    const trap = this.traps.get('EXIT');
    if (trap !== undefined && trap !== '') {
      this.traps.delete('EXIT');
      this.state.status = status;
      status = await this.#leaving(async () => {
        await this.source(trap, this.descriptors);
        return status;
      });
    }
    return status;
  }

  async #leaving(run: () => Promise<number>): Promise<number> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof Leave) return error.status;
      if (error instanceof ShellSyntaxError || error instanceof ExpansionError) {
        await this.complain(this.descriptors, error.message);
        return 2;
      }
      throw error;
    }
  }

  /** Parses and runs text in this shell: `eval`, `.`, traps. */
  source(text: string, descriptors: Descriptors): Promise<number> {
    return this.execute(parseScript(text), descriptors);
  }

  async complain(descriptors: Descriptors, message: string): Promise<void> {
    await descriptors.get(2)?.sink?.write(encoder.encode(`${this.state.name}: ${message}\n`));
  }

  readLine(descriptor: Descriptor | undefined): Promise<{ readonly line: string; readonly ended: boolean }> {
    return readLine(this.process, descriptor);
  }

  async #runTraps(descriptors: Descriptors): Promise<void> {
    while (this.#pending.length > 0) {
      const text = this.traps.get(this.#pending.shift() ?? '');
      if (text === undefined || text === '') continue;
      const { status } = this.state;
      await this.source(text, descriptors);
      this.state.status = status;
    }
  }

  /** Waits for a child in the foreground: traps run only afterwards. */
  async foreground(child: Process): Promise<number> {
    return (await this.process.until(child.exit)).exitCode;
  }

  /** `wait`: ends early, above 128, when a trapped signal comes. */
  async waitFor(child: Process): Promise<number> {
    if (this.#pending.length > 0) return 143;
    const interrupted = new Promise<undefined>((resolve) => {
      this.#interrupt = () => resolve(undefined);
    });
    const end = await this.process.until(Promise.race([child.exit, interrupted]));
    this.#interrupt = undefined;
    if (end !== undefined) return end.exitCode;
    return 128 + (signalNumber(this.#pending[0] ?? 'TERM') ?? 15);
  }

  async execute(command: Command, descriptors: Descriptors): Promise<number> {
    if (++this.#depth > deepest) throw new ExpansionError('recursion too deep');
    try {
      this.state.status = await this.#execute(command, descriptors);
      if (this.#pending.length > 0) await this.#runTraps(descriptors);
      return this.state.status;
    } finally {
      this.#depth--;
    }
  }

  async #execute(command: Command, descriptors: Descriptors): Promise<number> {
    switch (command.type) {
      case 'simple':
        return this.#simple(command, descriptors);
      case 'list': {
        let status = 0;
        for (const each of command.commands) status = await this.execute(each, descriptors);
        return status;
      }
      case 'and':
      case 'or': {
        const left = await this.#condition(command.left, descriptors);
        return (left === 0) === (command.type === 'and') ? this.execute(command.right, descriptors) : left;
      }
      case 'pipeline':
        return this.#pipeline(command.commands, command.negated, descriptors);
      case 'background': {
        const input = new Map([
          ...descriptors,
          [0, descriptors.get(0)?.terminal === true ? nullDescriptor() : (descriptors.get(0) ?? nullDescriptor())],
        ] as const);
        this.jobs.push(this.fork(command.command, input));
        if (this.jobs.length > 1000) this.jobs.shift();
        return 0;
      }
      case 'if':
        for (const { condition, body } of command.branches) {
          if ((await this.#condition(condition, descriptors)) === 0) return this.execute(body, descriptors);
        }
        return command.otherwise === undefined ? 0 : this.execute(command.otherwise, descriptors);
      case 'while':
        return this.#loop(
          descriptors,
          command.body,
          async () => ((await this.#condition(command.condition, descriptors)) === 0) !== command.until,
        );
      case 'for': {
        const values = command.words === undefined ? [...this.state.positional] : await expandFields(this, command.words);
        return this.#loop(descriptors, command.body, async () => {
          const value = values.shift();
          if (value !== undefined) this.assign(command.name, value);
          return value !== undefined;
        });
      }
      case 'case': {
        const subject = await expandText(this, command.subject);
        for (const { patterns, body } of command.items) {
          for (const pattern of patterns) {
            if (patternExpression(await expandPattern(this, pattern)).test(subject)) return this.execute(body, descriptors);
          }
        }
        return 0;
      }
      case 'function':
        this.state.functions.set(command.name, command.body);
        return 0;
      case 'group':
        return this.execute(command.body, descriptors);
      case 'subshell':
        return this.#checked(await this.foreground(this.fork(command.body, descriptors)));
      case 'redirected':
        return this.#redirected(command.redirects, descriptors, (inside) => this.execute(command.command, inside));
    }
  }

  /** Runs a command whose failure does not end a script under `set -e`. */
  async #condition(command: Command, descriptors: Descriptors): Promise<number> {
    this.#conditional++;
    try {
      return await this.execute(command, descriptors);
    } finally {
      this.#conditional--;
    }
  }

  #checked(status: number): number {
    if (status !== 0 && this.#conditional === 0 && this.state.options.has('e')) throw new Leave('exit', status);
    return status;
  }

  #loop(descriptors: Descriptors, body: Command, next: () => Promise<boolean>): Promise<number> {
    return loop(next, async () => {
      await this.process.step();
      return this.execute(body, descriptors);
    });
  }

  async #pipeline(commands: readonly Command[], negated: boolean, descriptors: Descriptors): Promise<number> {
    const [only] = commands;
    if (commands.length === 1 && only !== undefined) return (await this.#condition(only, descriptors)) === 0 ? 1 : 0;
    const children: Process[] = [];
    let input: Descriptor | undefined;
    for (const [index, command] of commands.entries()) {
      const inside = new Map(descriptors);
      if (input !== undefined) inside.set(0, input);
      input = undefined;
      if (index < commands.length - 1) {
        const { reader, writer } = new Pipe().ends();
        inside.set(1, writer);
        input = reader;
      }
      children.push(this.fork(command, inside));
    }
    let status = 0;
    for (const child of children) status = await this.foreground(child);
    if (negated) return status === 0 ? 1 : 0;
    return this.#checked(status);
  }

  async #simple(command: Command & { readonly type: 'simple' }, descriptors: Descriptors): Promise<number> {
    await this.process.step();
    this.#captured = 0;
    const argv = await expandFields(this, command.words);
    const assigned = new Map<string, string>();
    for (const { name, value } of command.assignments) {
      const text = await expandText(this, value);
      if (argv.length === 0) this.assign(name, text);
      else assigned.set(name, text);
    }
    if (argv.length === 0) {
      const status = this.#captured;
      if (command.redirects.length > 0) return this.#redirected(command.redirects, descriptors, async () => status);
      return this.#checked(status);
    }
    if (this.state.options.has('x')) await descriptors.get(2)?.sink?.write(encoder.encode(`+ ${argv.join(' ')}\n`));
    if (argv[0] === 'exec' && argv.length === 1) {
      this.descriptors = await openRedirects(this, this.process, command.redirects, descriptors);
      for (const [number, descriptor] of this.descriptors) {
        const own = this.process.descriptors.get(number);
        if (own === descriptor) continue;
        this.process.descriptors.set(number, descriptor.retain());
        own?.release();
      }
      return 0;
    }
    return this.#redirected(command.redirects, descriptors, async (inside) => this.#checked(await this.#run(argv, assigned, inside)));
  }

  async #run(argv: readonly string[], assigned: ReadonlyMap<string, string>, descriptors: Descriptors): Promise<number> {
    const [name = ''] = argv;
    const { state, process } = this;
    const defined = state.functions.get(name);
    if (defined !== undefined) return this.#function(defined, argv, assigned, descriptors);
    const builtin = builtins.get(name);
    if (builtin !== undefined) {
      for (const [variable, value] of assigned) this.assign(variable, value);
      return builtin({ shell: this, argv, descriptors });
    }
    const program = process.surroundings.find(name, state.cwd, assigned.get('PATH') ?? state.variables.get('PATH') ?? '');
    if (program === undefined) {
      await this.complain(descriptors, `${name}: not found`);
      return 127;
    }
    return this.foreground(process.spawn(program, { argv, descriptors, env: this.environment(assigned), cwd: state.cwd }));
  }

  /** Runs a builtin or program by its name, past any function of that name. */
  async runNamed(argv: readonly string[], descriptors: Descriptors): Promise<number> {
    const [name = ''] = argv;
    const { functions } = this.state;
    const hidden = functions.get(name);
    functions.delete(name);
    try {
      return await this.#run(argv, new Map(), descriptors);
    } finally {
      if (hidden !== undefined) functions.set(name, hidden);
    }
  }

  /** `exec PROGRAM`: the program takes this process, its number included. */
  async become(argv: readonly string[], descriptors: Descriptors): Promise<never> {
    const { state, process } = this;
    const program = process.surroundings.find(argv[0] ?? '', state.cwd, state.variables.get('PATH') ?? '');
    if (program === undefined) {
      await this.complain(descriptors, `exec: ${argv[0]}: not found`);
      throw new Leave('exit', 127);
    }
    process.onSignal = undefined;
    this.traps.clear();
    throw new Leave('exit', await program({ process, argv, descriptors, env: this.environment(), cwd: state.cwd }));
  }

  async #function(
    body: Command,
    argv: readonly string[],
    assigned: ReadonlyMap<string, string>,
    descriptors: Descriptors,
  ): Promise<number> {
    const outer = this.state.positional;
    this.state.positional = argv.slice(1);
    for (const [name, value] of assigned) this.assign(name, value);
    try {
      return await this.execute(body, descriptors);
    } catch (error) {
      if (error instanceof Leave && error.what === 'return') return error.status;
      throw error;
    } finally {
      this.state.positional = outer;
    }
  }

  async #redirected(
    redirects: readonly Redirect[],
    descriptors: Descriptors,
    run: (inside: Descriptors) => Promise<number>,
  ): Promise<number> {
    if (redirects.length === 0) return run(descriptors);
    let inside: Descriptors;
    try {
      inside = await openRedirects(this, this.process, redirects, descriptors);
    } catch (error) {
      if (!(error instanceof RedirectError)) throw error;
      await this.complain(descriptors, error.message);
      return this.#checked(1);
    }
    for (const descriptor of inside.values()) descriptor.retain();
    try {
      return await run(inside);
    } finally {
      for (const descriptor of inside.values()) descriptor.release();
    }
  }
}
