// Tests plain-http.ts: what is sent, and what is read of answers however their bytes come.
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { plainHttp, probeBodyBytes, ResponseReading, requestText } from './plain-http.ts';
import type { HttpProbeRequest } from './probe-dialer.ts';

const request: HttpProbeRequest = {
  scheme: 'http',
  host: '10.0.0.1',
  port: 80,
  path: '/x?y=z',
  headers: { Accept: '*/*' },
  timeoutMs: 1000,
};

test.each<[string, Partial<HttpProbeRequest>, readonly string[]]>([
  ['a plain one', {}, ['GET /x?y=z HTTP/1.1', 'Host: 10.0.0.1:80', 'Accept: */*']],
  ['IPv6, and a path without a slash', { host: 'fd00::1', path: 'x' }, ['GET /x HTTP/1.1', 'Host: [fd00::1]:80', 'Accept: */*']],
  ['a host of its own', { headers: { host: 'me' } }, ['GET /x?y=z HTTP/1.1', 'host: me']],
  ['a path that must be escaped', { path: '/a b/é\r\n', headers: {} }, ['GET /a%20b/%C3%A9%0D%0A HTTP/1.1', 'Host: 10.0.0.1:80']],
])('a request: %s', (_, more, lines) => {
  expect(requestText({ ...request, ...more })).toBe(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
});

test.each([
  [{ 'X-A': 'b\r\nX-C: d' }, 'Get "http://10.0.0.1:80/x?y=z": net/http: invalid header field value for "X-A"'],
  [{ 'X A': 'b' }, 'Get "http://10.0.0.1:80/x?y=z": net/http: invalid header field name "X A"'],
])('%o is never sent', (headers, text) => {
  expect(() => requestText({ ...request, headers })).toThrow(text);
});

const answers: readonly [string, string, number, string][] = [
  ['with its length', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyand more', 200, 'body'],
  ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
  ['without words', 'HTTP/1.0 503\r\nContent-Length: 0\r\n\r\n', 503, ''],
  ['in chunks', 'HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', 500, 'abcde'],
  ['behind others', 'HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx', 200, 'x'],
  [
    'longer than anybody reads',
    `HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n${'x'.repeat(probeBodyBytes)}`,
    200,
    'x'.repeat(probeBodyBytes),
  ],
];

test.each(answers)('an answer %s, at once and byte by byte', (_, text, status, body) => {
  expect(new ResponseReading().take(Buffer.from(text))).toEqual({ status, location: undefined, body });
  const reading = new ResponseReading();
  let found: unknown;
  for (const byte of Buffer.from(text)) found ??= reading.take(Buffer.of(byte));
  expect(found).toEqual({ status, location: undefined, body });
});

test('an answer that ends with its connection, and where it leads', () => {
  const reading = new ResponseReading();
  expect(reading.take(Buffer.from('HTTP/1.1 302 Found\r\nLOCATION: /y\r\n\r\nall of it'))).toBeUndefined();
  expect(reading.finish()).toEqual({ status: 302, location: '/y', body: 'all of it' });
});

test.each([
  ['no HTTP', 'SSH-2.0-x\r\n', 'malformed HTTP response "SSH-2.0-x"'],
  ['no status', 'HTTP/1.1 abc\r\n\r\n', 'malformed HTTP response "HTTP/1.1 abc"'],
  ['no chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'invalid byte in chunk length'],
  [
    'a chunk without end of its head',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(100_000)}`,
    'header line too long',
  ],
])('what is %s is refused', (_, text, why) => {
  expect(() => new ResponseReading().take(Buffer.from(text))).toThrow(why);
});

test('a body that is cut off is no answer, and neither is nothing', () => {
  const reading = new ResponseReading();
  reading.take(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo'));
  expect(() => reading.finish()).toThrow('unexpected EOF');
  expect(new ResponseReading().finish()).toBeUndefined();
});

async function against(handle: (socket: Socket) => void, ask: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => handle(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await ask((server.address() as { readonly port: number }).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const asked = (port: number, clock: Parameters<typeof plainHttp>[1] = systemClock) =>
  plainHttp({ ...request, host: '127.0.0.1', port, timeoutMs: 30_000 }, clock, ({ code }) => code ?? '');

test('a server that hangs up says EOF; one that trickles is late all the same', async () => {
  await against(
    (socket) => socket.end(),
    async (port) => {
      await expect(asked(port)).rejects.toThrow(`Get "http://127.0.0.1:${port}/x?y=z": EOF`);
    },
  );
  const clock = new VirtualClock(0);
  const heard = Promise.withResolvers<void>();
  await against(
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      heard.resolve();
    },
    async (port) => {
      const asking = asked(port, clock);
      asking.catch(() => {});
      await heard.promise;
      await clock.advance(30_000);
      await expect(asking).rejects.toThrow('context deadline exceeded');
    },
  );
});
