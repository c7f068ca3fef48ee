// Owns the process of a further node: a kubelet of its own in the node's network, started anew when it ends unasked, gone when Peapod is.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { defaultShutdownGrace } from '../kubelet/shutdown.ts';
import { findProgram } from '../runtime/cri/containerd.ts';

/** What is run, and where its words go. */
export interface NodeProcessOptions {
  readonly node: string;
  readonly command: readonly [string, readonly string[]];
  readonly logFile: string;
  readonly clock: Clock;
  readonly log: Log;
}

const againMs = 1000;
const endWithinMs = 5000;

/** A node's process. */
export class NodeProcess {
  readonly #options: NodeProcessOptions;
  #child: ChildProcess | undefined;
  #again: Timer | undefined;
  #wanted = false;
  readonly #told = new Map<string, string>();

  constructor(options: NodeProcessOptions) {
    this.#options = options;
  }

  /** Starts it, and starts it again whenever it ends. */
  start(): void {
    this.#wanted = true;
    const { node, command, logFile, clock, log } = this.#options;
    const [name, args] = command;
    const program = findProgram(name);
    if (program === undefined) throw new Error(`${name} is missing (Debian: apt-get install util-linux)`);
    const file = openSync(logFile, 'a', 0o640);
    // Its standard input is the thread that it hangs by: when this process is gone, however it went, the node's ends too.
    const child = spawn(program, args, { stdio: ['pipe', file, file] });
    closeSync(file);
    child.stdin?.on('error', () => {});
    for (const line of this.#told.values()) child.stdin?.write(line);
    child.once('error', (error) => log.error(`the process of ${node} could not be started`, { error }));
    child.once('close', (code, signal) => {
      if (this.#child === child) this.#child = undefined;
      if (!this.#wanted) return;
      log.warn(`the process of ${node} ended; it is started again`, { code, signal, see: logFile });
      this.#again = clock.after(againMs, () => this.start());
    });
    this.#child = child;
  }

  /** Has it end its pods as a machine does that goes down; resolves when the process has ended, at the latest a while after its time. */
  async shutDown(): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill('SIGPWR');
    const timer = this.#options.clock.after(defaultShutdownGrace.totalMs + endWithinMs, () => child.kill('SIGKILL'));
    await ended;
    timer[Symbol.dispose]();
  }

  /** Tells it a value (of JSON) by a name, on its standard input, and again whenever it is started; undefined: what was told is no more. */
  tell(name: string, value: unknown): void {
    const line = `${JSON.stringify({ name, value: value ?? null })}\n`;
    if (value === undefined) this.#told.delete(name);
    else this.#told.set(name, line);
    this.#child?.stdin?.write(line);
  }

  /** Ends it: with SIGTERM, and SIGKILL after a while; or at once. */
  async end(how: 'gently' | 'at once'): Promise<void> {
    this.#wanted = false;
    this.#again?.[Symbol.dispose]();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill(how === 'gently' ? 'SIGTERM' : 'SIGKILL');
    const timer = this.#options.clock.after(endWithinMs, () => child.kill('SIGKILL'));
    await ended;
    timer[Symbol.dispose]();
  }
}
