// Owns the lines of container logs as runtimes write them: `2026-01-01T00:00:00.123456789Z stdout F text`. Pure.

/** A line of a log. `partial`: the text goes on in the next line of the same stream. */
export interface LogLine {
  /** As it was written, with nanoseconds. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly partial: boolean;
  readonly text: Uint8Array;
}

const space = 0x20;

/** A line without its newline; undefined where it is not in the format (cut off, or not a log). */
export function parseLogLine(line: Uint8Array): LogLine | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  const third = line.indexOf(space, second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const head = Buffer.from(line.buffer, line.byteOffset, third).toString('latin1');
  const [time = '', stream = '', tags = ''] = head.split(' ');
  if ((stream !== 'stdout' && stream !== 'stderr') || !/^\d{4}-\d\d-\d\dT/.test(time)) return undefined;
  return { time, stream, partial: tags.split(':')[0] === 'P', text: line.subarray(third + 1) };
}

/** How lines are to be shown. */
export interface LineFilter {
  readonly timestamps: boolean;
  readonly stream: 'All' | 'Stdout' | 'Stderr';
  /** Lines before this instant, milliseconds since the epoch, are left out. */
  readonly sinceMs: number | undefined;
}

/** The line as a person is shown it, with its newline where it is whole; undefined where it is left out. */
export function shownLine(line: LogLine, filter: LineFilter): Uint8Array | undefined {
  if (filter.stream !== 'All' && filter.stream.toLowerCase() !== line.stream) return undefined;
  if (filter.sinceMs !== undefined && !(Date.parse(line.time) >= filter.sinceMs)) return undefined;
  const pieces: Uint8Array[] = [];
  if (filter.timestamps) pieces.push(Buffer.from(`${line.time} `));
  pieces.push(line.text);
  if (!line.partial) pieces.push(Buffer.from('\n'));
  return Buffer.concat(pieces);
}

/** Cuts bytes into lines, whatever pieces they come in. A line that grows beyond the bound is given out in pieces. */
export class LineSplitter {
  static readonly #longest = 256 * 1024;
  #rest: Uint8Array = new Uint8Array();

  /** Bytes that wait for the end of their line. */
  get pendingBytes(): number {
    return this.#rest.length;
  }

  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    let bytes: Uint8Array = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a)) {
      yield bytes.subarray(0, end);
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.length > LineSplitter.#longest) {
      yield bytes;
      bytes = new Uint8Array();
    }
    this.#rest = Uint8Array.from(bytes);
  }
}
