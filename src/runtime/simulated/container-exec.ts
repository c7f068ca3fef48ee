// Owns running commands inside a simulated container: to their end, or with streams.
import type { Clock } from '../../base/clock.ts';
import type { ProcessExit, ProcessStreams } from '../../base/process-streams.ts';
import { type ExecResult, type ProcessOptions, RuntimeError } from '../runtime.ts';
import { Descriptor, nullDescriptor, Pipe } from './descriptor.ts';
import { type Process, standardDescriptors } from './process.ts';
import { inputStream, OutputStream, Terminal } from './process-streams.ts';

/** A container in which commands can be run. */
export interface ExecHost {
  readonly clock: Clock;
  readonly running: boolean;
  /** Starts a command. Throws RuntimeError where it cannot be started. */
  spawn(command: readonly string[], descriptors: Map<number, Descriptor>): Process;
  /** Sends a signal to a process and all it started. */
  signalTree(root: Process, signal: number): void;
}

const outputCutBytes = 16_384;

/** Runs a command to its end, at most `timeoutMs` (0: as long as it takes). Output is cut at 16 KiB a stream. */
export async function execToEnd(host: ExecHost, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
  const collect = (chunks: Uint8Array[]): Descriptor => {
    let room = outputCutBytes;
    const write = async (bytes: Uint8Array): Promise<void> => {
      if (room > 0) chunks.push(bytes.slice(0, room));
      room -= bytes.length;
    };
    return new Descriptor({ sink: { write } });
  };
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  const process = host.spawn(command, standardDescriptors({ stdout: collect(stdout), stderr: collect(stderr) }));
  let late = false;
  const giveUp = (): void => {
    late = true;
    host.signalTree(process, 9);
  };
  using _timer = timeoutMs > 0 ? host.clock.after(timeoutMs, giveUp) : undefined;
  const { exitCode } = await process.exit;
  if (late) {
    const limit = timeoutMs < 1000 ? `${timeoutMs}ms` : `${timeoutMs / 1000}s`;
    throw new RuntimeError('DeadlineExceeded', `failed to exec in container: timeout ${limit} exceeded: context deadline exceeded`);
  }
  return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}

/** Runs a command with streams, on a terminal where one is asked for. */
export function execWithStreams(host: ExecHost, command: readonly string[], options: ProcessOptions): ProcessStreams {
  const stdout = options.stdout ? new OutputStream() : undefined;
  const stderr = options.stderr && !options.tty ? new OutputStream() : undefined;
  const finish = (): void => {
    stdout?.end();
    stderr?.end();
  };
  let started: Process | undefined;
  const onInterrupt = (): void => {
    if (started !== undefined) host.signalTree(started, 2);
  };
  const pipe = new Pipe();
  const terminal = options.tty ? new Terminal(async (bytes) => stdout?.write(bytes), onInterrupt) : undefined;
  const hangUp = (): void => (terminal === undefined ? pipe.closeWriter() : terminal.hangUp());
  if (!options.stdin) hangUp();
  let exit: Promise<ProcessExit>;
  try {
    const process = host.spawn(
      command,
      terminal === undefined ? piped(options.stdin ? pipe : undefined, stdout, stderr) : onTerminal(terminal),
    );
    started = process;
    exit = process.exit.then(({ exitCode }) => {
      finish();
      return { exitCode };
    });
  } catch (error) {
    if (!(error instanceof RuntimeError) || !host.running) throw error;
    finish();
    exit = Promise.resolve({ failure: error.message });
  }
  const take = (bytes: Uint8Array): Promise<void> => (terminal === undefined ? pipe.write(bytes) : terminal.type(bytes));
  return {
    stdin: options.stdin ? inputStream(take, hangUp) : undefined,
    stdout: stdout?.stream,
    stderr: stderr?.stream,
    exit,
    resize() {},
    close() {
      hangUp();
      finish();
    },
  };
}

function piped(stdin: Pipe | undefined, stdout: OutputStream | undefined, stderr: OutputStream | undefined): Map<number, Descriptor> {
  const to = (stream: OutputStream | undefined): Descriptor => (stream === undefined ? nullDescriptor() : new Descriptor({ sink: stream }));
  const from = stdin === undefined ? nullDescriptor() : new Descriptor({ source: stdin, onClose: () => stdin.closeReader() });
  return standardDescriptors({ stdin: from, stdout: to(stdout), stderr: to(stderr) });
}

/** One descriptor for all three. */
export function onTerminal(terminal: Terminal): Map<number, Descriptor> {
  const whole = terminal.descriptor();
  return standardDescriptors({ stdin: whole, stdout: whole, stderr: whole });
}
