// Owns the bridge between a simulated process' descriptors and the node streams that exec and attach hand out.
import { Readable, Writable } from 'node:stream';
import { Descriptor, Pipe, type Sink } from './descriptor.ts';

/** A node stream that a sink fills; a writer waits while the reader is slow. */
export class OutputStream implements Sink {
  readonly stream: Readable;
  #resume: (() => void) | undefined;
  #ended = false;

  constructor() {
    this.stream = new Readable({
      read: () => {
        this.#resume?.();
        this.#resume = undefined;
      },
    });
    this.stream.on('error', () => {});
    this.stream.once('close', () => {
      this.#ended = true;
      this.#resume?.();
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#ended || bytes.length === 0) return;
    if (this.stream.push(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
    });
  }

  /** Takes bytes without waiting; false where too much is unread. */
  offer(bytes: Uint8Array, mostBytes: number): boolean {
    if (this.#ended) return true;
    this.stream.push(bytes);
    return this.stream.readableLength <= mostBytes;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.stream.push(null);
  }
}

/** A node stream whose bytes `take` gets, and its end `finish`. */
export function inputStream(take: (bytes: Uint8Array) => Promise<void>, finish: () => void): Writable {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) =>
      void take(new Uint8Array(chunk)).then(
        () => done(),
        () => done(),
      ),
    final: (done) => {
      finish();
      done();
    },
    destroy: (error, done) => {
      finish();
      done(error);
    },
  });
  stream.on('error', () => {});
  return stream;
}

const interrupt = 3;
const endOfFile = 4;
const erase = 127;
const carriageReturn = 13;
const newline = 10;

/** A terminal's line discipline: echoes what is typed, hands over whole lines, knows backspace, Ctrl-C and Ctrl-D; output gets CR LF. */
export class Terminal implements Sink {
  readonly input = new Pipe();
  readonly #show: (bytes: Uint8Array) => Promise<void>;
  readonly #onInterrupt: () => void;
  #line: number[] = [];

  constructor(show: (bytes: Uint8Array) => Promise<void>, onInterrupt: () => void) {
    this.#show = show;
    this.#onInterrupt = onInterrupt;
  }

  /** The one descriptor that is standard input, output and error. */
  descriptor(): Descriptor {
    return new Descriptor({ source: this.input, sink: this, terminal: true });
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#show(Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('\n', '\r\n'), 'latin1'));
  }

  async type(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) {
      if (byte === carriageReturn || byte === newline) {
        await this.#show(Buffer.from('\r\n'));
        await this.input.write(Uint8Array.from([...this.#line, newline]));
        this.#line = [];
      } else if (byte === interrupt) {
        this.#line = [];
        await this.#show(Buffer.from('^C\r\n'));
        this.#onInterrupt();
      } else if (byte === endOfFile) {
        if (this.#line.length > 0) await this.input.write(Uint8Array.from(this.#line));
        else this.hangUp();
        this.#line = [];
      } else if (byte === erase || byte === 8) {
        if (this.#line.pop() !== undefined) await this.#show(Buffer.from('\b \b'));
      } else {
        this.#line.push(byte);
        await this.#show(Uint8Array.of(byte));
      }
    }
  }

  hangUp(): void {
    this.input.closeWriter();
  }
}
