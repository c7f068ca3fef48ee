// Owns a container's log file in CRI's format: `2026-01-01T00:00:00.000000000Z stdout F text`, long lines in pieces marked P.
import type { Clock } from '../../base/clock.ts';
import type { Sink } from './descriptor.ts';
import { type FileTree, OpenFile } from './file-tree.ts';

/** The longest piece of a line. */
const pieceBytes = 16_384;

/** Writes what a container says into its log file. Does nothing while the file cannot be written. */
export class ContainerLog {
  readonly #tree: FileTree;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #rest = new Map<string, Uint8Array>();
  #open: OpenFile | undefined;

  constructor(tree: FileTree, path: string, clock: Clock) {
    this.#tree = tree;
    this.#path = path;
    this.#clock = clock;
    this.reopen();
  }

  /** Opens the path anew: after a rotation it is another file. */
  reopen(): void {
    try {
      this.#tree.makeDirectories(this.#path.slice(0, this.#path.lastIndexOf('/')));
      const open = this.#tree.open(this.#path, { mode: 0o640 });
      this.#open = open instanceof OpenFile ? open : undefined;
    } catch {
      this.#open = undefined;
    }
  }

  sink(stream: 'stdout' | 'stderr'): Sink {
    return { write: async (bytes) => this.#take(stream, bytes) };
  }

  #take(stream: string, bytes: Uint8Array): void {
    const rest = this.#rest.get(stream);
    let pending = rest === undefined || rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const entries: Buffer[] = [];
    for (;;) {
      const end = pending.indexOf(10);
      const cut = end < 0 || end > pieceBytes ? pieceBytes : end;
      if (end < 0 && pending.length < pieceBytes) break;
      const whole = cut === end;
      entries.push(this.#entry(stream, whole ? 'F' : 'P', pending.subarray(0, cut)));
      pending = pending.subarray(whole ? cut + 1 : cut);
    }
    this.#rest.set(stream, pending.slice());
    if (entries.length > 0) this.#append(Buffer.concat(entries));
  }

  /** The container ended: what has no newline is written as it is. */
  end(): void {
    for (const [stream, bytes] of this.#rest) if (bytes.length > 0) this.#append(this.#entry(stream, 'P', bytes));
    this.#rest.clear();
  }

  #entry(stream: string, tag: 'F' | 'P', bytes: Uint8Array): Buffer {
    const time = `${new Date(this.#clock.now()).toISOString().slice(0, 23)}000000Z`;
    return Buffer.concat([Buffer.from(`${time} ${stream} ${tag} `), bytes, Buffer.from('\n')]);
  }

  #append(bytes: Uint8Array): void {
    try {
      this.#open?.append(bytes);
    } catch {
      // A full disk loses lines, as it does for a real runtime.
    }
  }
}
