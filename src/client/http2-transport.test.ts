// Owns that answers over HTTP/2 are whole, whenever they are read.
import { createServer, type Http2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Http2Transport } from './http2-transport.ts';

const text = 'x'.repeat(40_000);
let server: Http2Server;
let closed: Promise<void>;
beforeAll(async () => {
  server = createServer();
  server.on('stream', (stream) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    closed = promise;
    stream.once('close', resolve);
    stream.respond({ ':status': 200 });
    stream.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

const open = (): Http2Transport => {
  const { port } = server.address() as AddressInfo;
  return new Http2Transport(`http://127.0.0.1:${port}`, connect(port, '127.0.0.1'));
};
const asked = { method: 'GET', path: '/', headers: {}, body: undefined, signal: undefined } as const;

test('an answer that came whole before anybody read it is whole', async () => {
  const transport = open();
  const { status, body } = await transport.request(asked);
  await closed;
  // The client hears of the end a turn later than the server.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  const chunks = await Array.fromAsync(body);
  expect([status, Buffer.concat(chunks).toString()]).toEqual([200, text]);
  await transport.close();
});

test('an answer that is left early lets the connection go', async () => {
  const transport = open();
  const { body } = await transport.request(asked);
  for await (const chunk of body) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
  await transport.close();
  expect(transport.usable).toBe(false);
});
