// Owns ending connections that say nothing: those that ask for nothing once they are open, and HTTP/2 sessions that have nothing left to do.
// It refuses to look at bytes: whoever sends a head one letter at a time has asked for nothing either.
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';

/** How long the first request of an HTTP/1.1 connection may take to come whole: upstream's bound for a head. */
export const firstRequestMs = 32_000;
/** How long a session of HTTP/2 may be without a stream: upstream's bound for idle connections. */
export const idleSessionMs = 90_000;
/** What a session that was asked to end may take to do so. */
const farewellMs = 10_000;

/** Ends quiet connections by the clock's time. */
export class QuietConnections {
  readonly #clock: Clock;
  readonly #spoken = new WeakSet<object>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A connection of HTTP/1.1 was opened. */
  opened(socket: Socket): void {
    const timer = this.#clock.after(firstRequestMs, () => {
      if (!this.#spoken.has(socket)) socket.destroy();
    });
    socket.once('close', () => timer[Symbol.dispose]());
  }

  /** A whole head came over it. */
  spoke(socket: Socket): void {
    this.#spoken.add(socket);
  }

  /** A session of HTTP/2 was opened. */
  began(session: ServerHttp2Session): void {
    let streams = 0;
    let quietSince = this.#clock.now();
    const look = (): void => {
      const left = streams > 0 ? idleSessionMs : quietSince + idleSessionMs - this.#clock.now();
      if (left > 0) timer = this.#clock.after(left, look);
      else {
        session.close();
        timer = this.#clock.after(farewellMs, () => session.destroy());
      }
    };
    let timer = this.#clock.after(idleSessionMs, look);
    const ended = (): void => {
      streams--;
      quietSince = this.#clock.now();
    };
    session.on('stream', (stream: ServerHttp2Stream) => {
      streams++;
      stream.on('close', ended);
    });
    session.once('close', () => timer[Symbol.dispose]());
  }
}
