// Owns the streams of a process inside a container, the same for exec and attach, real and simulated.
import type { Readable, Writable } from 'node:stream';

/** How a process ended. `failure` says why it could not be run, in the runtime's words. */
export type ProcessExit = { readonly exitCode: number } | { readonly failure: string };

/** A process under way. Ending `stdin` half-closes it; the output streams end before `exit` resolves. `exit` never rejects. */
export interface ProcessStreams {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  readonly exit: Promise<ProcessExit>;
  /** Terminal size in characters. */
  resize(width: number, height: number): void;
  /** Lets go of the streams; the process itself may go on. */
  close(): void;
}
