// Owns one SPDY stream as a Duplex: writes become data frames, the end half-closes, what arrives is buffered up to a bound.
import { Duplex } from 'node:stream';
import type { SpdyHeaders } from './header-block.ts';

/** How a stream reaches its session. `send` resolves when more may be sent. */
export interface StreamPort {
  send(payload: Buffer, fin: boolean): Promise<void>;
  reset(): void;
}

const bufferBytes = 256 * 1024;
/** Frames carry at most this much, so that streams of one connection take turns. */
const chunkBytes = 32 * 1024;

/** What a stream breaks with when the other side resets it: that one no longer wants what is under way. */
export class SpdyResetError extends Error {
  constructor() {
    super('the other side reset the stream');
  }
}

export class SpdyStream extends Duplex {
  readonly id: number;
  /** What the opener sent with it. */
  readonly headers: SpdyHeaders;
  readonly #port: StreamPort;
  readonly #replied = Promise.withResolvers<void>();
  #wanted = Promise.withResolvers<void>();
  #ended = false;

  constructor(id: number, headers: SpdyHeaders, port: StreamPort) {
    super({ readableHighWaterMark: bufferBytes, writableHighWaterMark: bufferBytes, allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#port = port;
    this.#replied.promise.catch(() => {});
  }

  /** Whether the other side has reset it. */
  get wasReset(): boolean {
    return this.errored instanceof SpdyResetError;
  }

  /** Resolves when the other side accepted the stream. */
  get replied(): Promise<void> {
    return this.#replied.promise;
  }

  /** For the session: the other side's SYN_REPLY. */
  accept(): void {
    this.#replied.resolve();
  }

  /** For the session: data arrived. Resolves when there is room for more. */
  async receive(payload: Buffer, fin: boolean): Promise<void> {
    if (this.destroyed || this.#ended) return;
    if (payload.length > 0 && !this.push(payload)) await this.#wanted.promise;
    if (fin) this.finish();
  }

  /** For the session: nothing more will arrive. */
  finish(): void {
    if (this.#ended || this.destroyed) return;
    this.#ended = true;
    this.push(null);
  }

  override _read(): void {
    this.#wanted.resolve();
    this.#wanted = Promise.withResolvers<void>();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#sendAll(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#port.send(Buffer.alloc(0), true).then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#wanted.resolve();
    this.#replied.reject(error ?? new Error('the stream was closed'));
    if (!(this.#ended && this.writableFinished)) this.#port.reset();
    done(error);
  }

  async #sendAll(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; at += chunkBytes) await this.#port.send(chunk.subarray(at, at + chunkBytes), false);
  }
}
