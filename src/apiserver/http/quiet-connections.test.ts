// Owns the tests of connections that say nothing, or not enough: over plain sockets, over TLS, and as sessions of HTTP/2.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { X509CertificateGenerator } from '@peculiar/x509';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { type Listener, listen, type TlsOptions } from './listener.ts';

let tls: TlsOptions;
let listener: Listener | undefined;
const sockets: (Socket | ClientHttp2Session)[] = [];

beforeAll(async () => {
  const keys = (await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const now = systemClock.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=quiet',
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + 3_600_000),
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  tls = { cert: certificate.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n` };
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener?.close();
});

/** A server that answers `hi` to all but `/wait`, and how many connections it has heard of. */
async function open(secure: boolean): Promise<{ readonly clock: VirtualClock; readonly port: number }> {
  const clock = new VirtualClock(0);
  listener = await listen(
    { port: 0, ...(secure ? { tls } : {}) },
    (exchange) => void (exchange.url !== '/wait' && exchange.answer(200, {}, Buffer.from('hi'))),
    clock,
  );
  return { clock, port: listener.port };
}

/** Whether a connection was closed, once it was opened and has said `text`. */
async function opened(socket: Socket, event: 'connect' | 'secureConnect', text: string): Promise<{ closed: boolean; heard: string }> {
  const state = { closed: false, heard: '' };
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    state.heard += chunk;
  });
  socket.once('close', () => {
    state.closed = true;
  });
  await new Promise((resolve) => socket.once(event, resolve));
  if (text !== '') await new Promise((resolve) => socket.write(text, resolve));
  return state;
}

const halfHead = 'GET /livez HTTP/1.1\r\nhost: x\r\n';

test.each([
  ['nothing', ''],
  ['half a head', halfHead],
])('a connection that says %s is ended', async (_, text) => {
  for (const secure of [false, true]) {
    const { clock, port } = await open(secure);
    const socket = secure ? connectTls({ port, rejectUnauthorized: false }) : connect(port, '127.0.0.1');
    const state = await opened(socket, secure ? 'secureConnect' : 'connect', text);
    // The server has heard of it as well once another one, opened later, was answered.
    const asked = secure ? connectTls({ port, rejectUnauthorized: false }) : connect(port, '127.0.0.1');
    const other = await opened(asked, secure ? 'secureConnect' : 'connect', `${halfHead}\r\n`);
    await expect.poll(() => other.heard).toContain('hi');
    await clock.advance(31_000);
    expect(state.closed).toBe(false);
    socket.write('a: b\r\n');
    await clock.advance(2000);
    await expect.poll(() => state.closed).toBe(true);
    expect(other.closed).toBe(false);
    await listener?.close();
  }
});

async function session(port: number): Promise<{ readonly client: ClientHttp2Session; readonly isClosed: () => boolean }> {
  const client = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  sockets.push(client);
  client.on('error', () => undefined);
  await new Promise((resolve) => client.once('remoteSettings', resolve));
  return { client, isClosed: () => client.closed };
}

function get(client: ClientHttp2Session, path: string): Promise<void> {
  const stream = client.request({ ':path': path });
  stream.on('error', () => undefined);
  stream.resume();
  return new Promise((resolve) => stream.once('close', () => resolve()));
}

test('a session with nothing to do is ended, one with a stream that waits is not', async () => {
  const { clock, port } = await open(true);
  const [idle, busy] = [await session(port), await session(port)];
  void get(busy.client, '/wait');
  await get(idle.client, '/');
  await clock.advance(89_000);
  await get(idle.client, '/');
  await clock.advance(89_000);
  expect([idle.isClosed(), busy.isClosed()]).toEqual([false, false]);
  await clock.advance(2000);
  await expect.poll(idle.isClosed).toBe(true);
  await clock.advance(1_000_000);
  expect(busy.isClosed()).toBe(false);
});

test('half a head is no stream', async () => {
  const { clock, port } = await open(true);
  const socket = connectTls({ port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  const state = await opened(socket, 'secureConnect', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  // HEADERS that promise a CONTINUATION.
  socket.write(Buffer.from([0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]));
  await expect.poll(() => state.heard.length).toBeGreaterThan(0);
  await clock.advance(101_000);
  await expect.poll(() => state.closed).toBe(true);
});
