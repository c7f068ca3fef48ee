// Owns a process' streams over a websocket of Kubernetes' channel protocols: a byte with the channel, then the data.
import type { Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ProcessStreams } from '../../base/process-streams.ts';
import { exitText, terminalSize } from './exit-status.ts';

/** The protocols, the best last: v5 can close stdin, v4 tells the exit as a Status, base64 is for clients that cannot send bytes. */
export const processProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const;

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Carries the streams until the process ends or the client goes. Never rejects. */
export async function serveProcessOverWebsocket(socket: WebSocket, streams: ProcessStreams): Promise<void> {
  const { protocol } = socket;
  const base64 = protocol.includes('base64');
  const send = (channel: number, data: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const message = base64 ? `${channel}${data.toString('base64')}` : Buffer.concat([Buffer.from([channel]), data]);
      socket.send(message, { binary: !base64 }, (error) => (error ? reject(error) : resolve()));
    });
  const pump = async (channel: number, from: Readable | undefined): Promise<void> => {
    if (from === undefined) return;
    for await (const chunk of from) await send(channel, chunk as Buffer);
  };
  const { stdin } = streams;
  stdin?.on('error', () => {});
  socket.on('message', (message: Buffer) => {
    const channel = base64 ? (message[0] ?? 0) - 48 : (message[0] ?? 0);
    const data = base64 ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1);
    if (channel === channels.stdin && data.length > 0 && stdin?.writable && !stdin.write(data)) {
      socket.pause();
      const go = (): void => {
        stdin.off('drain', go);
        stdin.off('close', go);
        socket.resume();
      };
      stdin.on('drain', go);
      stdin.on('close', go);
    } else if (channel === channels.close && data[0] === channels.stdin) stdin?.end();
    else if (channel === channels.resize) {
      const size = terminalSize(data.toString('utf8'));
      if (size !== undefined) streams.resize(size.width, size.height);
    }
  });
  socket.on('close', () => streams.close());
  socket.on('error', () => streams.close());
  try {
    // Clients wait for a first frame to know that the channel is there.
    await send(channels.stdout, Buffer.alloc(0));
    await Promise.all([pump(channels.stdout, streams.stdout), pump(channels.stderr, streams.stderr)]);
    const exit = await streams.exit;
    // Upstream's server speaks SPDY to the node for its websocket clients, and frames what it was told once more.
    const told = 'failure' in exit ? { failure: `Internal error occurred: ${exit.failure}` } : exit;
    const text = exitText(told, protocol.startsWith('v'));
    if (text !== '') await send(channels.error, Buffer.from(text));
    socket.close(1000);
  } catch {
    streams.close();
    socket.terminate();
  }
}
