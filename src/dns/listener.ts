// Owns the sockets of the DNS server: UDP and TCP on one address, with bounds on connections, their idleness and their sizes.
import { createSocket, type SocketOptions, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';

/** Answers a message; undefined: nothing is to be said. */
export type Respond = (message: Buffer, transport: 'udp' | 'tcp') => Buffer | undefined | Promise<Buffer>;

/** Where to listen, and with what. */
export interface ListenerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly respond: Respond;
  readonly clock: Clock;
  readonly log: Log;
}

/** A server that listens. */
export interface DnsListener extends Service {
  readonly port: number;
}

const connectionBound = 200;
const idleMs = 10_000;
const receiveBytes = 4 * 1024 * 1024;
const gatheredBytes = 128 * 1024;

/** Listens on UDP and TCP. Rejects with the system's error where the address cannot be had. */
export async function listenDns(options: ListenerOptions): Promise<DnsListener> {
  const { host } = options;
  const open = new Set<Socket>();
  const tcp = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Where there are too many the oldest goes: whoever keeps connections open keeps nobody else out.
    for (const oldest of open) {
      if (open.size <= connectionBound) break;
      open.delete(oldest);
      oldest.destroy();
    }
    serveConnection(socket, options);
  });
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(options.port, host, resolve);
  });
  const address = tcp.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const closeTcp = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => tcp.close(() => resolve()));
    for (const socket of open) socket.destroy();
    await closed;
  };
  try {
    const udp = await listenUdp(options, port);
    return { port, stop: async () => void (await Promise.all([closeTcp(), new Promise<void>((resolve) => udp.close(() => resolve()))])) };
  } catch (error) {
    await closeTcp();
    throw error;
  }
}

/** What is done with each message over UDP: answered, but for those from port 0, where nobody can be answered and trying throws. */
export function answering(
  respond: Respond,
  send: (answer: Buffer, port: number, address: string) => void,
): (message: Buffer, from: { readonly address: string; readonly port: number }) => void {
  return (message, { address, port }) => {
    if (port === 0) return;
    const answer = respond(message, 'udp');
    if (answer instanceof Promise)
      void answer
        .then((later) => send(later, port, address))
        // The server was stopped while somebody else was asked: there is no way back any more.
        .catch(() => {});
    else if (answer !== undefined) send(answer, port, address);
  };
}

async function listenUdp({ host, respond, log }: ListenerOptions, port: number): Promise<UdpSocket> {
  // Who asked has an address, not a name: looking it up would only put each answer off.
  const lookup = (address: string, _options: unknown, found: (error: null, address: string, family: number) => void): void =>
    found(null, address, 4);
  const udp = createSocket({ type: 'udp4', recvBufferSize: receiveBytes, lookup: lookup as SocketOptions['lookup'] });
  udp.on(
    'message',
    answering(respond, (answer, port, address) => udp.send(answer, port, address)),
  );
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(port, host, resolve);
  });
  // An answer that could not be sent is one that was lost on the way: whoever asked asks again.
  udp.on('error', (error) => log.debug('the DNS socket', { error }));
  return udp;
}

/** One message after the other; a client that is silent for long, or sends more than it reads, is let go. */
function serveConnection(socket: Socket, { respond, clock }: ListenerOptions): void {
  let gathered: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  let busy = false;
  let idle = clock.after(idleMs, () => socket.destroy());
  const again = (): void => {
    idle[Symbol.dispose]();
    idle = clock.after(idleMs, () => socket.destroy());
  };
  const next = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    while (gathered.length >= 2 && gathered.length >= 2 + gathered.readUInt16BE(0)) {
      const size = gathered.readUInt16BE(0);
      const message = gathered.subarray(2, 2 + size);
      gathered = gathered.subarray(2 + size);
      again();
      const answer = await respond(message, 'tcp');
      if (answer === undefined) return void socket.destroy();
      const head = Buffer.alloc(2);
      head.writeUInt16BE(answer.length);
      if (!socket.write(Buffer.concat([head, answer]))) await drained(socket);
    }
    busy = false;
    socket.resume();
  };
  socket.on('data', (chunk: Buffer) => {
    gathered = Buffer.concat([gathered, chunk]);
    if (gathered.length > gatheredBytes) socket.pause();
    void next();
  });
  socket.on('error', () => socket.destroy());
  socket.once('close', () => idle[Symbol.dispose]());
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', () => resolve());
  });
}
