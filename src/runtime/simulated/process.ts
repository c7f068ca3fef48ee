// Owns simulated processes: their numbers, signals, descriptors and ends. A program is an async function; it refuses to run anything real.
import type { Clock, Timer } from '../../base/clock.ts';
import type { Entropy } from '../../base/entropy.ts';
import { BrokenPipe, type Descriptor, nullDescriptor } from './descriptor.ts';
import type { FileTree } from './file-tree.ts';
import type { PodNetwork } from './network.ts';

/** Signals by name, without SIG. */
export const signalNumbers: Readonly<Record<string, number>> = {
  HUP: 1, INT: 2, QUIT: 3, ILL: 4, TRAP: 5, ABRT: 6, BUS: 7, FPE: 8, KILL: 9, USR1: 10, SEGV: 11, USR2: 12, PIPE: 13, ALRM: 14, TERM: 15,
  CHLD: 17, CONT: 18, STOP: 19, TSTP: 20, TTIN: 21, TTOU: 22, URG: 23, WINCH: 28,
}; // biome-ignore format: a table

/** The number of a signal said as `9`, `KILL`, `SIGKILL` or `RTMIN+3`; undefined where it is none. */
export function signalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= 64 ? Number(text) : undefined;
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realTime = /^RTMIN(?:\+(\d+))?$/.exec(name);
  if (realTime !== null) return 34 + Number(realTime[1] ?? 0);
  return signalNumbers[name];
}

const ignoredByDefault = new Set([17, 18, 19, 20, 21, 22, 23, 28]);

/** What a container's processes share: files, name, network, limits, and the programs that can be run. */
export interface Surroundings {
  readonly files: FileTree;
  readonly hostname: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly network: PodNetwork;
  readonly image: string;
  memoryLimitBytes: number | undefined;
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly namespace: PidNamespace;
  readonly processes: Set<Process>;
  /** Time on the processor so far; grows with what is done. */
  cpuNanoseconds: number;
  /** The program that a command's first word names, or undefined. */
  find(name: string, cwd: string, path: string): Program | undefined;
  /** Called when a process reached the memory limit: the process is killed, and the container remembers. */
  outOfMemory(): void;
}

/** One run of a program: its words, its descriptors, its environment. Builtins of a shell run in the shell's own process. */
export interface Call {
  readonly process: Process;
  readonly argv: readonly string[];
  readonly descriptors: ReadonlyMap<number, Descriptor>;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
}

/** A simulated program: runs to its exit code. It must wait only through its process, so that signals end it. */
export type Program = (call: Call) => Promise<number>;

/** How a process ended: its code as a shell sees it (128 and the signal's number where one ended it). */
export interface ProcessEnd {
  readonly exitCode: number;
  readonly signal: number;
}

/** Thrown at a process' next wait once it was killed: its program unwinds. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** The numbers of the processes that see one another. The first that takes number 1 is init: only signals it handles reach it. */
export class PidNamespace {
  readonly #processes = new Map<number, Process>();
  #last = 0;

  enter(process: Process): number {
    this.#processes.set(++this.#last, process);
    return this.#last;
  }

  /** Takes number 1 for the sandbox's own process, which runs nothing. */
  reserveInit(): void {
    if (this.#last === 0) this.#last = 1;
  }

  leave(pid: number): void {
    this.#processes.delete(pid);
  }

  get(pid: number): Process | undefined {
    return this.#processes.get(pid);
  }

  all(): readonly Process[] {
    return [...this.#processes.values()];
  }
}

/** What one step of a program (a command of a shell) costs on the processor. */
const stepNanoseconds = 100_000;
/** A program that never waits is made to wait this often, so that a busy loop cannot stop the world. */
const stepsAtOnce = 100;

type Words = readonly string[];

/** A process: starts when `run` is called, ends by its program or a signal, and then lets go of its descriptors. */
export class Process {
  readonly pid: number;
  readonly parent: Process | undefined;
  readonly surroundings: Surroundings;
  readonly argv: readonly string[];
  readonly descriptors: Map<number, Descriptor>;
  /** Signals that are ignored; children inherit them. */
  readonly ignored: Set<number>;
  /** Takes a signal that is neither ignored nor KILL; false leaves it to the default. */
  onSignal: ((signal: number) => boolean) | undefined;
  readonly exit: Promise<ProcessEnd>;
  readonly #resolve: (end: ProcessEnd) => void;
  readonly #blocked = new Set<() => void>();
  #steps = 0;
  #end: ProcessEnd | undefined;

  constructor(surroundings: Surroundings, argv: Words, descriptors: ReadonlyMap<number, Descriptor>, parent?: Process) {
    this.surroundings = surroundings;
    this.argv = argv;
    this.parent = parent;
    this.ignored = new Set(parent?.ignored);
    this.descriptors = new Map([...descriptors].map(([number, descriptor]) => [number, descriptor.retain()]));
    const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
    this.exit = promise;
    this.#resolve = resolve;
    this.pid = surroundings.namespace.enter(this);
    surroundings.processes.add(this);
  }

  get end(): ProcessEnd | undefined {
    return this.#end;
  }

  /** Runs a program to its end in this process. */
  run(program: Program, env: ReadonlyMap<string, string>, cwd: string): this {
    void (async () => {
      // A process never starts within its parent's turn: the parent sees its number first.
      await Promise.resolve();
      try {
        if (this.#end !== undefined) return;
        this.#finish(await program({ process: this, argv: this.argv, descriptors: this.descriptors, env, cwd }), 0);
      } catch (error) {
        if (error instanceof Killed) this.#finish(137, 9);
        else if (error instanceof BrokenPipe) this.#finish(141, 13);
        else {
          const said = new TextEncoder().encode(`${this.argv[0]}: ${error instanceof Error ? error.message : String(error)}\n`);
          await this.descriptors
            .get(2)
            ?.sink?.write(said)
            .catch(() => {});
          this.#finish(1, 0);
        }
      }
    })();
    return this;
  }

  /** Sends a signal, as the kernel would treat it. `inside`: from a process of the same namespace, which cannot kill init at all. */
  signal(signal: number, inside = false): void {
    if (this.#end !== undefined || signal === 0) return;
    if (signal === 9) {
      if (!(inside && this.pid === 1)) this.#finish(137, 9);
      return;
    }
    if (this.ignored.has(signal) || this.onSignal?.(signal) === true) return;
    if (ignoredByDefault.has(signal) || this.pid === 1) return;
    this.#finish(128 + signal, signal);
  }

  #finish(exitCode: number, signal: number): void {
    if (this.#end !== undefined) return;
    this.#end = { exitCode: exitCode & 255, signal };
    this.surroundings.namespace.leave(this.pid);
    this.surroundings.processes.delete(this);
    for (const unblock of [...this.#blocked]) unblock();
    for (const descriptor of this.descriptors.values()) descriptor.release();
    this.descriptors.clear();
    this.#resolve(this.#end);
  }

  /** Waits for a promise as a process does: being killed ends the wait. */
  until<T>(promise: Promise<T>): Promise<T> {
    if (this.#end !== undefined) return Promise.reject(new Killed());
    return new Promise((resolve, reject) => {
      const kill = (): void => reject(new Killed());
      this.#blocked.add(kill);
      promise.then(resolve, reject).finally(() => this.#blocked.delete(kill));
    });
  }

  async sleep(durationMs: number): Promise<void> {
    let timer: Timer | undefined;
    const { clock } = this.surroundings;
    this.#steps = 0;
    try {
      await this.until(
        new Promise<void>((resolve) => {
          timer = clock.after(durationMs, resolve);
        }),
      );
    } finally {
      timer?.[Symbol.dispose]();
    }
  }

  /** Until a signal ends it. */
  forever(): Promise<never> {
    return this.until(new Promise<never>(() => {}));
  }

  /** Accounts for one step of work. */
  async step(): Promise<void> {
    if (this.#end !== undefined) throw new Killed();
    this.surroundings.cpuNanoseconds += stepNanoseconds;
    if (++this.#steps >= stepsAtOnce) await this.sleep((stepsAtOnce * stepNanoseconds) / 1e6);
  }

  /** Starts a child. */
  spawn(program: Program, start: Omit<Call, 'process'>): Process {
    return new Process(this.surroundings, start.argv, start.descriptors, this).run(program, start.env, start.cwd);
  }

  /** The memory limit was reached: SIGKILL from the kernel, which spares nobody. */
  exhaustMemory(): never {
    this.surroundings.outOfMemory();
    this.#finish(137, 9);
    throw new Killed();
  }
}

/** Standard descriptors; what is not given is /dev/null. */
export function standardDescriptors(ends: {
  readonly stdin?: Descriptor;
  readonly stdout?: Descriptor;
  readonly stderr?: Descriptor;
}): Map<number, Descriptor> {
  return new Map([
    [0, ends.stdin ?? nullDescriptor()],
    [1, ends.stdout ?? nullDescriptor()],
    [2, ends.stderr ?? ends.stdout ?? nullDescriptor()],
  ]);
}
