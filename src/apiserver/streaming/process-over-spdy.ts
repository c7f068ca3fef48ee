// Owns a process' streams over SPDY/3.1, as kubectl up to 1.29 asks for them: one SPDY stream for each, named by its `streamtype`.
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ProcessStreams } from '../../base/process-streams.ts';
import { headerOf } from '../../base/spdy/header-block.ts';
import { SpdySession } from '../../base/spdy/session.ts';
import type { SpdyStream } from '../../base/spdy/stream.ts';
import type { StreamOptions } from '../../client/node-connection.ts';
import { exitText, terminalSize } from './exit-status.ts';

/** The best first. Only the fourth tells the exit as a Status. */
export const spdyProcessProtocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'] as const;

const maxResizeBytes = 64 * 1024;

/** Waits for the client's streams, carries them until the process ends or the client goes. Never rejects. */
export async function serveProcessOverSpdy(
  socket: Duplex,
  protocol: string,
  wanted: Omit<StreamOptions, 'signal'>,
  streams: ProcessStreams,
): Promise<void> {
  const arrived = new Map<string, SpdyStream>();
  const complete = Promise.withResolvers<void>();
  const needed = ['error', ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => wanted[name])];
  // A client opens this one last, and waits for its answer: a process that ends sooner must not take the connection away from it.
  if (wanted.tty && /^v[34]/.test(protocol)) needed.push('resize');
  const session = new SpdySession(socket, {
    side: 'server',
    onStream(stream) {
      const type = headerOf(stream.headers, 'streamtype') ?? '';
      arrived.set(type, stream);
      if (type === 'resize') void takeSizes(stream, streams);
      if (needed.every((name) => arrived.has(name))) complete.resolve();
    },
  });
  void session.closed.then(() => {
    complete.reject(new Error('the client went away'));
    streams.close();
  });
  try {
    await complete.promise;
    const { stdin } = streams;
    const [input, output, errors, error] = ['stdin', 'stdout', 'stderr', 'error'].map((name) => arrived.get(name));
    // What the process does not read, because it ended, is no failure of the others.
    if (input !== undefined && stdin !== undefined) void pipeline(input, stdin).catch(() => {});
    await Promise.all([pump(streams.stdout, output), pump(streams.stderr, errors)]);
    const text = exitText(await streams.exit, protocol.startsWith('v4'));
    await ended(error, text);
    for (const stream of arrived.values()) if (!stream.writableEnded) stream.end();
    session.close();
  } catch {
    streams.close();
    socket.destroy();
  }
}

async function pump(from: Readable | undefined, to: SpdyStream | undefined): Promise<void> {
  if (from !== undefined && to !== undefined) await pipeline(from, to);
}

function ended(stream: SpdyStream | undefined, text: string): Promise<void> {
  return new Promise((resolve) => (stream === undefined ? resolve() : stream.end(text, () => resolve())));
}

/** JSON values one after the other, each a size. */
async function takeSizes(stream: SpdyStream, streams: ProcessStreams): Promise<void> {
  let text = '';
  try {
    for await (const chunk of stream) {
      text += String(chunk);
      for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}')) {
        const size = terminalSize(text.slice(0, end + 1));
        if (size !== undefined) streams.resize(size.width, size.height);
        text = text.slice(end + 1);
      }
      if (text.length > maxResizeBytes) return;
    }
  } catch {
    // The client went away: the session tells everybody.
  }
}
