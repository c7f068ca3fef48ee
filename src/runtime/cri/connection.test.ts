// Tests connection.ts against a server of gRPC's wire format on a socket: answers in pieces, failures in every place, deadlines, losses, streams.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeMessage } from './codec.ts';
import { isUnimplemented, RuntimeConnection } from './connection.ts';

type Serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

let directory: string;
let path: string;
let server: Http2Server | undefined;
let connection: RuntimeConnection;
const sessions = new Set<ServerHttp2Session>();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'peapod-rpc-'));
  path = join(directory, 's');
  connection = new RuntimeConnection(`unix://${path}`);
});
afterEach(async () => {
  connection.close();
  await stop();
  rmSync(directory, { recursive: true, force: true });
});

async function serve(handle: Serve): Promise<void> {
  server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    handle(stream, headers);
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
}

async function stop(): Promise<void> {
  for (const session of sessions) session.destroy();
  const closing = server;
  server = undefined;
  if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
}

function frame(message: Uint8Array, flags = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

const version = (runtime_name: string): Buffer => frame(encodeMessage('VersionResponse', { runtime_name }));

/** Answers with these pieces, then with this status. */
const answering =
  (pieces: readonly Buffer[], trailers: Readonly<Record<string, string>>): Serve =>
  (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    for (const piece of pieces) stream.write(piece);
    stream.end();
  };

const ask = (deadlineMs = 20_000, signal?: AbortSignal): Promise<string> =>
  connection.call('Version', { version: 'v1' }, deadlineMs, signal).then(({ runtime_name }) => runtime_name);

const whole = version('a name that is long enough to be cut in the middle of it');
const ok = { 'grpc-status': '0' };

test.each<[string, Serve, string]>([
  ['in one piece', answering([whole], ok), 'a name that'],
  [
    'byte by byte',
    answering(
      [...whole].map((byte) => Buffer.of(byte)),
      ok,
    ),
    'a name that',
  ],
  ['with nothing in it', answering([frame(Buffer.alloc(0))], ok), ''],
])('an answer %s', async (_, handle, expected) => {
  await serve(handle);
  const name = await ask();
  expect(name.startsWith(expected)).toBe(true);
  expect(name.length).toBe(expected === '' ? 0 : 56);
});

test.each<[string, Serve, string, string]>([
  [
    'a status after the body',
    answering([], { 'grpc-status': '5', 'grpc-message': 'no such 50%25 box%C3%A9' }),
    'NotFound',
    'no such 50% boxé',
  ],
  [
    'a status and nothing else',
    (stream) => stream.respond({ ':status': 200, 'grpc-status': '3', 'grpc-message': 'bad' }, { endStream: true }),
    'InvalidArgument',
    'bad',
  ],
  ['a message that is no escape', answering([], { 'grpc-status': '6', 'grpc-message': '100%' }), 'AlreadyExists', '100%'],
  ['a status that nobody knows', answering([], { 'grpc-status': '99', 'grpc-message': 'odd' }), 'Unknown', 'odd'],
  ['no message', answering([], ok), 'Unknown', 'without a message'],
  ['half a message', answering([whole.subarray(0, 20)], ok), 'Unknown', 'cut short'],
  ['a compressed message', answering([frame(Buffer.from('x'), 1)], ok), 'Unknown', 'compressed'],
  ['too large a message', answering([frame(Buffer.from('x'), 0, 2 ** 30)], ok), 'Unknown', 'larger than max'],
  ['bytes that are no message', answering([frame(Buffer.of(0x12, 0x7f))], ok), 'Unknown', 'cut short'],
  ['no status', answering([whole], {}), 'Unavailable', 'EOF'],
  ['another protocol', (stream) => stream.respond({ ':status': 404 }, { endStream: true }), 'Unknown', 'HTTP status code 404'],
  ['a session that ends', (stream) => stream.session?.destroy(), 'Unavailable', ''],
])('a failure: %s', async (_, handle, code, text) => {
  await serve(handle);
  const failure = await ask().catch((error: unknown) => error);
  expect(failure).toMatchObject({ code, message: expect.stringContaining(text) });
});

test('the server is told the deadline and the headers, and hears the request', async () => {
  const heard: unknown[] = [];
  await serve((stream, headers) => {
    const { te, 'grpc-timeout': timeout, ':path': at, 'content-type': type, x } = headers;
    heard.push([te, timeout, at, type, x]);
    stream.on('data', (chunk: Buffer) => heard.push(chunk.toString('hex')));
    answering([whole], ok)(stream, headers);
  });
  await connection.call('Version', { version: 'v1' }, 1234, undefined, { x: 'y' });
  expect(heard[0]).toEqual(['trailers', '1234m', '/runtime.v1.RuntimeService/Version', 'application/grpc', 'y']);
  expect(heard.slice(1).join('')).toBe(frame(encodeMessage('VersionRequest', { version: 'v1' })).toString('hex'));
});

test.each([
  [99_999_999, '99999999m'],
  [2 ** 31 + 14_999, '2147499S'],
])('a call may take %i ms', async (deadlineMs, text) => {
  let told: unknown;
  await serve((stream, headers) => {
    told = headers['grpc-timeout'];
    answering([whole], ok)(stream, headers);
  });
  await ask(deadlineMs);
  expect(told).toBe(text);
});

test('a call that nobody answers ends with its deadline, or as it is aborted, and the server hears of it', async () => {
  const closed: Promise<void>[] = [];
  await serve((stream) => void closed.push(new Promise((resolve) => stream.on('close', () => resolve()))));
  await expect(ask(20)).rejects.toMatchObject({ code: 'DeadlineExceeded' });
  const abort = new AbortController();
  const asked = ask(20_000, abort.signal);
  await expect.poll(() => closed.length).toBe(2);
  abort.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
  await Promise.all(closed);
  await expect(ask(20_000, abort.signal)).rejects.toThrow('enough');
});

test('where nothing listens a call fails at once, and works as soon as something does', async () => {
  const missing = `connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: no such file or directory"`;
  await expect(ask()).rejects.toMatchObject({ code: 'Unavailable', message: missing });
  await serve(answering([whole], ok));
  expect(await ask()).toContain('long enough');
  await stop();
  await expect.poll(() => ask().catch(({ code }) => code)).toBe('Unavailable');
  await serve(answering([whole], ok));
  expect(await Promise.all(Array.from({ length: 50 }, () => ask()))).toHaveLength(50);
});

const envelope = (topic: string): Buffer => frame(encodeMessage('Envelope', { topic }));

async function topics(signal: AbortSignal, into: string[]): Promise<string[]> {
  for await (const { topic } of connection.stream('Subscribe', {}, signal)) into.push(topic);
  return into;
}

test('a stream tells message after message until it ends', async () => {
  const all = Buffer.concat(Array.from({ length: 3000 }, (_, index) => envelope(`/t/${index}`)));
  await serve(answering([all.subarray(0, 7), all.subarray(7, 20_001), all.subarray(20_001)], ok));
  const heard = await topics(new AbortController().signal, []);
  expect(heard).toHaveLength(3000);
  expect(heard.at(-1)).toBe('/t/2999');
});

test('a stream that is aborted is no more; what came before was told', async () => {
  await serve((stream) => {
    stream.respond({ ':status': 200 });
    stream.write(envelope('/one'));
  });
  const abort = new AbortController();
  const heard: string[] = [];
  const reading = topics(abort.signal, heard);
  reading.catch(() => {});
  await expect.poll(() => heard).toEqual(['/one']);
  abort.abort();
  await expect(reading).rejects.toThrow('canceled');
});

test('a stream that the server does not know, and one that breaks', async () => {
  await serve(answering([], { 'grpc-status': '12', 'grpc-message': 'unknown service' }));
  const unknown = await topics(new AbortController().signal, []).catch((error: unknown) => error);
  expect(isUnimplemented(unknown)).toBe(true);
  await stop();
  await serve((stream) => {
    stream.respond({ ':status': 200 });
    stream.write(envelope('/one'), () => stream.session?.destroy());
  });
  const heard: string[] = [];
  const broken = await topics(new AbortController().signal, heard).catch((error: unknown) => error);
  expect(isUnimplemented(broken)).toBe(false);
  expect(broken).toMatchObject({ name: 'RpcFailure' });
});
