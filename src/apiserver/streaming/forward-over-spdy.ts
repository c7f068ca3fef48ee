// Owns port-forwarding over SPDY/3.1: each connection is a pair of streams, error and data, with a port and a request id in their headers.
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { headerOf } from '../../base/spdy/header-block.ts';
import { SpdySession } from '../../base/spdy/session.ts';
import type { SpdyStream } from '../../base/spdy/stream.ts';

/** The one protocol there is. */
export const spdyForwardProtocol = 'portforward.k8s.io';

/** Opens a byte stream to a port inside the pod. */
export type OpenPort = (port: number) => Promise<Duplex>;

/** Carries connections until the client goes. Never rejects. */
export async function serveForwardOverSpdy(socket: Duplex, open: OpenPort): Promise<void> {
  const pairs = new Map<string, { error?: SpdyStream; data?: SpdyStream }>();
  const session = new SpdySession(socket, {
    side: 'server',
    onStream(stream) {
      const port = Number(headerOf(stream.headers, 'port'));
      const id = headerOf(stream.headers, 'requestid') ?? `${port}`;
      const type = headerOf(stream.headers, 'streamtype');
      if (!Number.isInteger(port) || port < 1 || port > 65_535 || (type !== 'error' && type !== 'data')) {
        stream.destroy();
        return;
      }
      const pair = pairs.get(id) ?? {};
      pair[type] = stream;
      pairs.set(id, pair);
      if (pair.error === undefined || pair.data === undefined) return;
      pairs.delete(id);
      void carry(pair.data, pair.error, port, open);
    },
  });
  await session.closed;
}

/** What the person is told; runtimes that word it in full are left to their words. */
export function forwardFailure(port: number, failure: unknown): string {
  const why = failure instanceof Error ? failure.message : String(failure);
  return why.startsWith(`error forwarding port ${port} `) ? why : `error forwarding port ${port}: ${why}`;
}

/** One connection: both directions, and what went wrong as text on the error stream. */
async function carry(data: SpdyStream, error: SpdyStream, port: number, open: OpenPort): Promise<void> {
  error.resume();
  try {
    const target = await open(port);
    await Promise.all([pipeline(data, target), pipeline(target, data)]);
    error.end();
  } catch (failure) {
    // kubectl resets the stream of every connection that its user is done with: then nothing went wrong.
    if (data.wasReset) error.end();
    else error.end(forwardFailure(port, failure));
    data.destroy();
  }
}
