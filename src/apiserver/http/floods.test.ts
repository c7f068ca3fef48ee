// Owns what too much or too slow input costs its sender: bodies that never end, and more requests at once than are served.
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { VirtualClock } from '../../base/clock-virtual.ts';
import type { ApiServer } from '../api-server.ts';
import { bareServer } from '../bare-server-for-tests.ts';

let server: ApiServer | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
});

async function open(): Promise<{ readonly clock: VirtualClock; readonly port: number }> {
  const clock = new VirtualClock();
  server = bareServer({ clock });
  return { clock, port: (await server.listen({ port: 0 })).port };
}

/** A connection that says `head` and keeps what comes back. */
function say(port: number, head: string): { readonly heard: () => string; readonly closed: Promise<void> } {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(head);
  return { heard: () => text, closed };
}

const post =
  'POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{';

test('a body that does not come is given up, and so is its connection', async () => {
  const { clock, port } = await open();
  const slow = say(port, post);
  // The request is being read once a probe behind it has been answered.
  await expect.poll(() => probe(port), { timeout: 10_000 }).toContain('200 OK');
  await clock.advance(61_000);
  await slow.closed;
  expect(slow.heard()).toContain('HTTP/1.1 504');
  expect(slow.heard()).toContain('"reason":"Timeout"');
});

test('requests beyond the bound are told to come again; whoever asks how the server is gets an answer', async () => {
  const { port } = await open();
  for (let index = 0; index < 1000; index++) say(port, post);
  const list = 'GET /api/v1/configmaps HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
  const refused = async (): Promise<string> => {
    const asked = say(port, list);
    await asked.closed;
    return asked.heard();
  };
  await expect.poll(refused, { timeout: 10_000 }).toMatch(/^HTTP\/1.1 429 [\s\S]*retry-after: 1\r\n/i);
  expect(await probe(port)).toContain('200 OK');
});

test('a head that is too long is refused, and so is its connection', async () => {
  const { port } = await open();
  const flood = say(port, `GET /api HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(128 * 1024)}\r\n\r\n`);
  await flood.closed;
  expect(flood.heard()).toMatch(/^HTTP\/1.1 431 /);
  const many = say(port, `GET /api HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(20_000)}\r\n`);
  await many.closed;
  expect(many.heard()).toMatch(/^HTTP\/1.1 431 /);
  expect(await probe(port)).toContain('200 OK');
});

async function probe(port: number): Promise<string> {
  const asked = say(port, 'GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await asked.closed;
  return asked.heard();
}

test('a connection between two requests is kept as long as upstream keeps it', async () => {
  const { port } = await open();
  const asked = say(port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
  await expect.poll(asked.heard, { timeout: 10_000 }).toMatch(/^HTTP\/1.1 200 [\s\S]*keep-alive: timeout=90\r\n/i);
});
