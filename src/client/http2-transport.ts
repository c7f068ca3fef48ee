// Owns requests over one HTTP/2 session, which they share.
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../base/clock.ts';
import { bodyOf, type Exchange, type HttpTransport, type Outgoing } from './http-transport.ts';

/** After how much time a session is asked whether it lives, and how long the answer may take. */
export interface SilenceWatch {
  readonly clock: Clock;
  readonly askAfterMs: number;
  readonly answerWithinMs: number;
}

/** HTTP/2 over a connection on which it has been agreed. */
export class Http2Transport implements HttpTransport {
  readonly #session: ClientHttp2Session;

  constructor(origin: string, connection: Duplex, watch?: SilenceWatch) {
    this.#session = connect(origin, { createConnection: () => connection, settings: { initialWindowSize: 1 << 20 } });
    // Failures reach the requests through their streams; the session's own event must only not be unhandled.
    this.#session.on('error', () => {});
    if (watch !== undefined) endWhenSilent(this.#session, watch);
  }

  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  request({ method, path, headers, body, signal }: Outgoing): Promise<Exchange> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request(
        { [constants.HTTP2_HEADER_METHOD]: method, [constants.HTTP2_HEADER_PATH]: path, ...headers },
        { endStream: body === undefined },
      );
      // Reading begins at once: Node takes a stream whose end came before its first reader for one that was cut off.
      const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
      const first = chunks.next();
      first.catch(() => {});
      const onAbort = (): void => {
        stream.close(constants.NGHTTP2_CANCEL);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      // Stays to the end: an error while nobody reads the body must not be unhandled.
      stream.on('error', reject);
      stream.once('response', (answer) => {
        const cut = (): void => {
          if (!stream.destroyed) stream.close(constants.NGHTTP2_CANCEL);
        };
        resolve({ status: Number(answer[':status']), body: bodyOf(begun(first, chunks), signal, cut) });
      });
      stream.once('close', () => {
        signal?.removeEventListener('abort', onAbort);
        reject(new Error('the server closed the connection before it answered'));
      });
      if (body !== undefined) stream.end(body);
    });
  }

  async close(): Promise<void> {
    if (this.#session.destroyed) return;
    await new Promise<void>((resolve) => this.#session.close(() => resolve()));
  }

  cut(): void {
    this.#session.destroy();
  }
}

/** Asks now and then whether the other end lives, and ends the session when no answer comes: a machine that is gone ends no connection. */
function endWhenSilent(session: ClientHttp2Session, { clock, askAfterMs, answerWithinMs }: SilenceWatch): void {
  let timer: Timer;
  const ask = (): void => {
    timer = clock.after(answerWithinMs, () => session.destroy(new Error('the server does not answer any more')));
    session.ping((error) => {
      timer[Symbol.dispose]();
      if (error === null && !session.destroyed) timer = clock.after(askAfterMs, ask);
    });
  };
  timer = clock.after(askAfterMs, ask);
  session.once('close', () => timer[Symbol.dispose]());
}

/** An iteration whose first step was taken already. Leaving it ends the iteration. */
async function* begun<T>(first: Promise<IteratorResult<T>>, rest: AsyncIterator<T>): AsyncIterable<T> {
  try {
    for (let step = await first; step.done !== true; step = await rest.next()) yield step.value;
  } finally {
    await rest.return?.();
  }
}
