// Owns proving exec and port-forward on the wire: each protocol that a kubectl speaks, against streams in memory.
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Duplex, duplexPair, PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { StatusError } from '../../api/status-error.ts';
import type { ProcessStreams } from '../../base/process-streams.ts';
import { SpdySession } from '../../base/spdy/session.ts';
import { exitText } from './exit-status.ts';
import { type Carried, serveUpgrade } from './upgrade.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

async function serve(carried: Carried): Promise<number> {
  server = createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    serveUpgrade(request, socket, head, carried).catch((error: StatusError) =>
      socket.end(`HTTP/1.1 ${error.code} No\r\nContent-Length: 0\r\n\r\n`),
    );
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** `cat`: what comes in goes out; at the end of the input it ends with `exitCode`. */
function cat(exitCode: number, sizes: string[] = []): Carried {
  const open = async (): Promise<ProcessStreams> => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    stdin.pipe(stdout);
    return {
      stdin,
      stdout,
      stderr: undefined,
      exit: new Promise((resolve) => stdout.once('end', () => resolve({ exitCode }))),
      resize: (width, height) => void sizes.push(`${width}x${height}`),
      close: () => stdout.destroy(),
    };
  };
  return { is: 'process', streams: { stdin: true, stdout: true, stderr: false, tty: false }, open };
}

test.each([
  ['success', { exitCode: 0 }, true, '{"metadata":{},"status":"Success"}'],
  ['success, old protocol', { exitCode: 0 }, false, ''],
  ['failure to start, old protocol', { failure: 'no such file' }, false, 'no such file'],
] as const)('the end is told: %s', (_, exit, asStatus, text) => {
  expect(exitText(exit, asStatus)).toBe(text);
});

test('websocket v5: input, resize, closing the input, output, the exit code, and the end', async () => {
  const sizes: string[] = [];
  const port = await serve(cat(3, sizes));
  const socket = new WebSocket(`ws://127.0.0.1:${port}/exec`, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
  const heard: string[] = [];
  socket.on('message', (message: Buffer) => heard.push(`${message[0]}:${message.toString('utf8', 1)}`));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => socket.on('open', resolve));
  expect(socket.protocol).toBe('v5.channel.k8s.io');
  socket.send(Buffer.from('\x00hello'));
  socket.send(Buffer.from('\x04{"Width":80,"Height":24}'));
  socket.send(Buffer.from([255, 0]));
  expect(await closed).toBe(1000);
  expect(heard.slice(0, 2)).toEqual(['1:', '1:hello']);
  expect(JSON.parse((heard.at(-1) ?? '').slice(2))).toMatchObject({
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  });
  expect(sizes).toEqual(['80x24']);
});

/** Upgrades as an old kubectl does, and returns the session. */
function spdy(port: number, protocols: string): Promise<{ readonly session: SpdySession; readonly protocol: unknown }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/exec',
      headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': protocols },
    });
    request.on('upgrade', (response, socket) =>
      resolve({ session: new SpdySession(socket, { side: 'client' }), protocol: response.headers['x-stream-protocol-version'] }),
    );
    request.on('response', (response) => reject(new Error(`answered ${response.statusCode}`)));
    request.on('error', reject);
    request.end();
  });
}
const textOf = async (stream: Duplex): Promise<string> => Buffer.concat(await stream.toArray()).toString('utf8');

test('SPDY v4: streams by type, half-close of the input, the exit code as a Status', async () => {
  const port = await serve(cat(0));
  const { session, protocol } = await spdy(port, 'v4.channel.k8s.io');
  expect(protocol).toBe('v4.channel.k8s.io');
  const [error, stdin, stdout] = ['error', 'stdin', 'stdout'].map((streamType) => session.open({ streamType }));
  stdin?.end('x'.repeat(400_000));
  expect((await textOf(stdout as Duplex)).length).toBe(400_000);
  expect(await textOf(error as Duplex)).toBe('{"metadata":{},"status":"Success"}');
  await session.closed;
});

test('SPDY with a terminal: a process that ends at once waits for the stream of sizes, which clients open last', async () => {
  const over: Carried = {
    is: 'process',
    streams: { stdin: true, stdout: true, stderr: false, tty: true },
    open: async () => ({
      stdin: new PassThrough(),
      stdout: new PassThrough().end('bye'),
      stderr: undefined,
      exit: Promise.resolve({ exitCode: 0 }),
      resize: () => {},
      close: () => {},
    }),
  };
  const { session } = await spdy(await serve(over), 'v4.channel.k8s.io');
  const streams: Duplex[] = [];
  for (const streamType of ['error', 'stdin', 'stdout', 'resize']) {
    const stream = session.open({ streamType });
    await stream.replied;
    streams.push(stream);
  }
  expect(await textOf(streams[2] as Duplex)).toBe('bye');
  await session.closed;
});

const echo: Carried = {
  is: 'portForward',
  async open(port) {
    if (port === 1) throw new Error('connection refused');
    const [ours, theirs] = duplexPair();
    theirs.pipe(theirs);
    return ours;
  },
};

test('port-forward over SPDY: each pair is a connection, and a refusal is told on its error stream', async () => {
  const port = await serve(echo);
  const { session } = await spdy(port, 'portforward.k8s.io');
  const connect = (to: string, requestID: string): { readonly error: Duplex; readonly data: Duplex } => ({
    error: session.open({ streamType: 'error', port: to, requestID }),
    data: session.open({ streamType: 'data', port: to, requestID }),
  });
  const [good, bad] = [connect('80', '0'), connect('1', '1')];
  bad.data.on('error', () => {});
  good.data.end('ping');
  expect(await textOf(good.data)).toBe('ping');
  expect(await textOf(good.error)).toBe('');
  expect(await textOf(bad.error)).toContain('connection refused');
  session.close();
});

test('port-forward over SPDY: a client that resets its data stream is told of no error', async () => {
  const { session } = await spdy(await serve(echo), 'portforward.k8s.io');
  const head = { port: '80', requestID: '0' };
  const error = session.open({ ...head, streamType: 'error' });
  const data = session.open({ ...head, streamType: 'data' });
  data.write('ping');
  await new Promise((resolve) => data.once('data', resolve));
  data.destroy();
  expect(await textOf(error)).toBe('');
  session.close();
});

test('port-forward over plain websocket channels: the port first, then bytes', async () => {
  const port = await serve(echo);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/portforward?ports=80`, ['v4.channel.k8s.io']);
  const heard: Buffer[] = [];
  const back = new Promise<void>((resolve) => socket.on('message', (message: Buffer) => heard.push(message) === 3 && resolve()));
  await new Promise((resolve) => socket.on('open', resolve));
  socket.send(Buffer.from('\x00ping'));
  await back;
  expect(heard.map((message) => message.toString('hex'))).toEqual(['005000', '015000', `00${Buffer.from('ping').toString('hex')}`]);
  socket.close();
});

test('a target that refuses is answered before anything is upgraded; no protocol in common too', async () => {
  const refusing = await serve({
    is: 'process',
    streams: { stdin: false, stdout: true, stderr: false, tty: false },
    open: () => Promise.reject(new StatusError('BadRequest', 'container not running')),
  });
  await expect(spdy(refusing, 'v4.channel.k8s.io')).rejects.toThrow('answered 400');
  await expect(spdy(refusing, 'v9.channel.k8s.io')).rejects.toThrow('answered 400');
});

test('a client that goes while the process is being started leaves no process behind', async () => {
  const [asked, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const port = await serve({
    is: 'process',
    streams: { stdin: false, stdout: true, stderr: false, tty: false },
    async open(signal) {
      asked.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      const never = new Promise<never>(() => {});
      return { stdin: undefined, stdout: undefined, stderr: undefined, exit: never, resize() {}, close: () => closed.resolve() };
    },
  });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/exec`, ['v4.channel.k8s.io']);
  socket.on('error', () => {});
  await asked.promise;
  socket.terminate();
  await closed.promise;
});

test('port-forward over plain channels without a port is refused before anything is upgraded', async () => {
  const port = await serve(echo);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/portforward`, ['v4.channel.k8s.io']);
  const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
  expect(error.message).toContain('400');
});

test('what comes before a port answers is kept in order, however much it is', async () => {
  const opened = Promise.withResolvers<Duplex>();
  const port = await serve({ is: 'portForward', open: () => opened.promise });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/portforward?ports=80`, ['v4.channel.k8s.io']);
  await new Promise((resolve) => socket.on('open', resolve));
  const wanted = Array.from({ length: 100 }, (_, index) => `${index};`);
  for (const text of wanted) socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(text)]));
  const [ours, theirs] = duplexPair();
  opened.resolve(ours);
  let heard = '';
  for await (const chunk of theirs) {
    heard += String(chunk);
    if (heard.length >= wanted.join('').length) break;
  }
  expect(heard).toBe(wanted.join(''));
  socket.close();
});
