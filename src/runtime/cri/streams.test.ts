// Tests streams.ts against a stream server made of the same SPDY, behaving as containerd's does: it ends streams by resetting them.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { headerOf } from '../../base/spdy/header-block.ts';
import { SpdySession } from '../../base/spdy/session.ts';
import type { SpdyStream } from '../../base/spdy/stream.ts';
import { exitOf, openPortForward, openProcess } from './streams.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Serves the streams by their type once all `count` are there. */
async function serve(count: number, work: (streams: ReadonlyMap<string, SpdyStream>, end: () => void) => Promise<void>): Promise<string> {
  const server = createServer((_, response) => response.writeHead(400).end('not like this'));
  server.on('upgrade', (request, socket: Duplex) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${request.headers['x-stream-protocol-version']}\r\n\r\n`,
    );
    const streams = new Map<string, SpdyStream>();
    const session = new SpdySession(socket, {
      side: 'server',
      onStream(stream) {
        streams.set(headerOf(stream.headers, 'streamtype') ?? '', stream);
        const end = (): void => {
          for (const each of streams.values()) each.destroy();
          session.close();
        };
        if (streams.size === count) void work(streams, end);
      },
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/exec/token`;
}

const written = (stream: SpdyStream | undefined, text: string | Buffer): Promise<void> =>
  new Promise((resolve) => (stream === undefined ? resolve() : stream.write(text, () => resolve())));
const text = async (stream: AsyncIterable<Buffer> | undefined): Promise<string> =>
  Buffer.concat(await Array.fromAsync(stream ?? [])).toString('utf8');
const success = '{"status":"Success"}';
const nonZero = (code: number): string =>
  JSON.stringify({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: `${code}` }] } });

test.each([
  ['success', success, { exitCode: 0 }],
  ['a code', nonZero(137), { exitCode: 137 }],
  ['a failure', '{"status":"Failure","reason":"InternalError","message":"no such program"}', { failure: 'no such program' }],
  ['plain text', 'something broke', { failure: 'something broke' }],
  ['nothing', '', { failure: 'the runtime closed the streams without saying how the process ended' }],
])('an end told as %s', (_, told, expected) => expect(exitOf(told)).toEqual(expected));

test('output is whole and the exit code there, though the server resets the streams at once', async () => {
  const url = await serve(3, async (streams, end) => {
    await written(streams.get('stdout'), Buffer.alloc(200_000, 'o'));
    await written(streams.get('stderr'), 'err');
    await written(streams.get('error'), nonZero(7));
    end();
  });
  const process = await openProcess(url, { stdin: false, stdout: true, stderr: true, tty: false });
  const [out, err, exit] = await Promise.all([text(process.stdout), text(process.stderr), process.exit]);
  expect([out.length, err, exit]).toEqual([200_000, 'err', { exitCode: 7 }]);
});

test('input is half-closed: the process sees its end and still answers', async () => {
  const url = await serve(3, async (streams, end) => {
    const input = await text(streams.get('stdin'));
    await written(streams.get('stdout'), input.toUpperCase());
    await written(streams.get('error'), success);
    end();
  });
  const process = await openProcess(url, { stdin: true, stdout: true, stderr: false, tty: false });
  process.stdin?.end('through');
  expect(await Promise.all([text(process.stdout), process.exit])).toEqual(['THROUGH', { exitCode: 0 }]);
});

test('a terminal has no stderr, and its sizes are told', async () => {
  const url = await serve(3, async (streams, end) => {
    const [size] = await Array.fromAsync(take(streams.get('resize'), 1));
    await written(streams.get('stdout'), String(size));
    await written(streams.get('error'), success);
    end();
  });
  const process = await openProcess(url, { stdin: false, stdout: true, stderr: true, tty: true });
  process.resize(80, 24);
  expect(process.stderr).toBeUndefined();
  expect(JSON.parse(await text(process.stdout))).toEqual({ Width: 80, Height: 24 });
});

async function* take(stream: AsyncIterable<Buffer> | undefined, count: number): AsyncIterable<Buffer> {
  let left = count;
  for await (const chunk of stream ?? []) {
    yield chunk;
    if (--left === 0) return;
  }
}

test('a forwarded connection carries both ways and ends well', async () => {
  const url = await serve(2, async (streams, end) => {
    const input = await text(streams.get('data'));
    await written(streams.get('data'), `${headerOf(streams.get('data')?.headers ?? {}, 'port')}:${input}`);
    end();
  });
  const connection = await openPortForward(url, 8080);
  connection.end('hello');
  expect(await text(connection)).toBe('8080:hello');
});

test('a forwarded connection breaks with the runtime’s reason', async () => {
  const url = await serve(2, async (streams, end) => {
    await written(streams.get('error'), 'error forwarding port 9 to pod abc, uid : connection refused');
    end();
  });
  await expect(text(await openPortForward(url, 9))).rejects.toThrow(/^error forwarding port 9 to pod abc, uid : connection refused$/);
});

test('a server that is not there, or does not want to, is an error of the runtime', async () => {
  await expect(openProcess('http://127.0.0.1:1/exec/x', { stdin: false, stdout: true, stderr: true, tty: false })).rejects.toMatchObject({
    code: 'Unavailable',
  });
  const server = createServer((_, response) => response.writeHead(404).end('expired'));
  server.on('upgrade', (_, socket: Duplex) => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nexpired'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/exec/x`;
  await expect(openPortForward(url, 1)).rejects.toThrow('unable to upgrade connection: expired');
});
