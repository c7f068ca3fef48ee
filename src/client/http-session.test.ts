// Proves that a session finds the API wherever it is served: when one server refuses, never answers, or falls silent, the next one is asked.
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { VirtualClock } from '../base/clock-virtual.ts';
import { makeCa, signServing } from '../cluster/certificates.ts';
import type { KeyPair } from '../cluster/key-pair.ts';
import { HttpSession } from './http-session.ts';

let ca: KeyPair;
let serving: KeyPair;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  ca = await makeCa(Date.now());
  serving = await signServing(ca, { dns: [], ips: ['127.0.0.1'] }, Date.now());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listening(server: Server | Http2SecureServer): Promise<{ readonly url: string; end(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  const end = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  closing.push(() => (server.listening ? end() : Promise.resolve()));
  return { url: `https://127.0.0.1:${port}`, end };
}
const answering = (text: string) => {
  const server = createSecureServer({ key: serving.key, cert: serving.cert });
  server.on('session', (session) => session.on('error', () => {}));
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200 });
    stream.end(text);
  });
  return listening(server);
};
const opened = (server: string, connectMs = 5000): HttpSession => {
  const session = new HttpSession({ server, ca: ca.cert }, { connectMs });
  closing.push(() => session.close());
  return session;
};
const ask = async (session: HttpSession): Promise<string> => {
  const { body } = await session.request('GET', '/', { headers: {}, body: undefined, signal: undefined });
  return Buffer.concat(await Array.fromAsync(body)).toString();
};
const eventually = async (session: HttpSession): Promise<string> => {
  for (;;) {
    const said = await ask(session).catch(() => undefined);
    if (said !== undefined) return said;
  }
};

test('the next one is asked when one is gone, and stays the one that is asked', async () => {
  const [one, other] = [await answering('one'), await answering('other')];
  const session = opened(one.url);
  session.alsoAt([other.url]);
  expect(await ask(session)).toBe('one');
  await one.end();
  expect(await eventually(session)).toBe('other');
  session.alsoAt([one.url, other.url]);
  expect(await ask(session)).toBe('other');
});

test('one that takes connections and says nothing is not waited for', async () => {
  const [mute, other] = [await listening(createServer()), await answering('other')];
  const session = opened(mute.url, 50);
  session.alsoAt([other.url]);
  expect(await ask(session)).toBe('other');
});

test('where nobody is, the failure is told', async () => {
  const [one, other] = [await answering('one'), await answering('other')];
  const session = opened(one.url);
  session.alsoAt([other.url]);
  await Promise.all([one.end(), other.end()]);
  await expect(ask(session)).rejects.toThrow('ECONNREFUSED');
});

test('a connection on which nothing comes any more is ended', async () => {
  const { Http2Transport } = await import('./http2-transport.ts');
  const { connect } = await import('node:net');
  const sockets: Socket[] = [];
  const mute = await listening(createServer((socket) => void sockets.push(socket)));
  const clock = new VirtualClock();
  const transport = new Http2Transport('http://127.0.0.1', connect(Number(new URL(mute.url).port), '127.0.0.1'), {
    clock,
    ...{ askAfterMs: 30_000, answerWithinMs: 15_000 },
  });
  const asked = transport.request({ method: 'GET', path: '/', headers: {}, body: undefined, signal: undefined });
  asked.catch(() => {});
  await clock.advance(44_000);
  expect(transport.usable).toBe(true);
  await clock.advance(2000);
  expect(transport.usable).toBe(false);
  await expect(asked).rejects.toThrow();
});
