// Owns port-forwarding over plain websocket channels, as clients other than kubectl ask for it: two channels a port (data, error), named first by the port.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { forwardFailure, type OpenPort } from './forward-over-spdy.ts';

/** Protocols of plain channels. */
export const forwardProtocols = [
  'v4.channel.k8s.io',
  'v5.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const;

const maxEarlyMessages = 32;

/** Carries the ports until the client goes. Never rejects. */
export async function serveForwardOverWebsocket(socket: WebSocket, ports: readonly number[], open: OpenPort): Promise<void> {
  const base64 = socket.protocol.includes('base64');
  const send = (channel: number, data: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const message = base64 ? `${channel}${data.toString('base64')}` : Buffer.concat([Buffer.from([channel]), data]);
      socket.send(message, { binary: !base64 }, (error) => (error ? reject(error) : resolve()));
    });
  const targets = new Map<number, Duplex>();
  const waiting = new Map<number, Buffer[]>();
  socket.on('message', (message: Buffer) => {
    const channel = base64 ? (message[0] ?? 0) - 48 : (message[0] ?? 0);
    const data = base64 ? Buffer.from(message.toString('latin1', 1), 'base64') : Buffer.from(message.subarray(1));
    const target = targets.get(channel);
    if (target === undefined) {
      const early = waiting.get(channel);
      early?.push(data);
      // What comes before the port answers is held, but not without end: the rest waits in the connection.
      if (early !== undefined && early.length >= maxEarlyMessages) socket.pause();
    } else if (target.writable && !target.write(data)) waitFor(socket, target);
  });
  const gone = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
  });
  const serve = async (port: number, index: number): Promise<void> => {
    const [dataChannel, errorChannel] = [index * 2, index * 2 + 1];
    waiting.set(dataChannel, []);
    const name = Buffer.alloc(2);
    name.writeUInt16LE(port);
    try {
      await send(dataChannel, name);
      await send(errorChannel, name);
      const target = await open(port);
      target.on('error', () => {});
      targets.set(dataChannel, target);
      for (const data of waiting.get(dataChannel) ?? []) target.write(data);
      if (target.writableNeedDrain) waitFor(socket, target);
      else if (socket.isPaused) socket.resume();
      for await (const chunk of target) await send(dataChannel, chunk as Buffer);
    } catch (error) {
      if (socket.isPaused) socket.resume();
      await send(errorChannel, Buffer.from(forwardFailure(port, error))).catch(() => {});
    } finally {
      waiting.delete(dataChannel);
    }
  };
  await Promise.race([gone, Promise.all(ports.map(serve))]);
  for (const target of targets.values()) target.destroy();
  socket.close(1000);
}

/** Reads no further until the target has room again. A target that closes has no use for more, but the client's goodbye must still be heard. */
function waitFor(socket: WebSocket, target: Duplex): void {
  socket.pause();
  const go = (): void => {
    target.off('drain', go);
    target.off('close', go);
    socket.resume();
  };
  target.on('drain', go);
  target.on('close', go);
}
