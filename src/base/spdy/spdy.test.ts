// Owns proving SPDY/3.1: headers as a compressing peer sends them, frames in any pieces, streams both ways, half-close, resets, bounds.
import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { constants, createDeflate } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerDictionary } from './dictionary.ts';
import { controlFrame, dataHead, FrameReader, frameTypes } from './frames.ts';
import { HeaderReader, HeaderWriter } from './header-block.ts';
import { SpdySession } from './session.ts';
import type { SpdyStream } from './stream.ts';

const textOf = async (stream: Duplex): Promise<string> => Buffer.concat(await stream.toArray()).toString('utf8');

function pair(onStream: (stream: SpdyStream) => void): { readonly client: SpdySession; readonly server: SpdySession } {
  const [a, b] = duplexPair();
  return { client: new SpdySession(a, { side: 'client' }), server: new SpdySession(b, { side: 'server', onStream }) };
}

test('the dictionary is the one of the protocol: 1,423 bytes', () => {
  expect(headerDictionary.length).toBe(1423);
});

test('what is written is read again, block after block', async () => {
  const [writer, reader] = [new HeaderWriter(), new HeaderReader()];
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.stringMatching(/^[a-z-]{1,12}$/),
        fc.string({ maxLength: 40 }).filter((text) => !text.includes('\0')),
      ),
      async (headers) => {
        expect({ ...(await reader.decode(writer.encode(headers))) }).toEqual({ ...headers });
      },
    ),
    { numRuns: 50 },
  );
});

test('every block ends with a flush: peers wait for it', () => {
  const writer = new HeaderWriter();
  for (const name of ['a', 'b'])
    expect(
      writer
        .encode({ [name]: 'x' })
        .subarray(-5)
        .toString('hex'),
    ).toBe('000000ffff');
});

test('a peer that really compresses is understood', async () => {
  const deflate = createDeflate({ dictionary: headerDictionary });
  const reader = new HeaderReader();
  for (const value of ['stdin', 'stdout']) {
    const block = Buffer.concat([
      Buffer.from([0, 0, 0, 1, 0, 0, 0, 10]),
      Buffer.from('streamtype'),
      Buffer.from([0, 0, 0, value.length]),
      Buffer.from(value),
    ]);
    const squeezed: Buffer[] = [];
    const collect = (chunk: Buffer): void => void squeezed.push(chunk);
    deflate.on('data', collect);
    deflate.write(block);
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    deflate.off('data', collect);
    expect(await reader.decode(Buffer.concat(squeezed))).toEqual({ streamtype: value });
  }
});

test('a small block that unfolds to megabytes is refused, and so is everything after it', async () => {
  const deflate = createDeflate({ dictionary: headerDictionary, level: 9 });
  const squeezed: Buffer[] = [];
  deflate.on('data', (chunk: Buffer) => squeezed.push(chunk));
  deflate.write(Buffer.alloc(50_000_000));
  await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
  const bomb = Buffer.concat(squeezed);
  expect(bomb.length).toBeLessThan(100_000);
  const reader = new HeaderReader();
  await expect(reader.decode(bomb)).rejects.toThrow('too long');
  await expect(reader.decode(new HeaderWriter().encode({}))).rejects.toThrow('too long');
});

test('frames are the same in whatever pieces they come', () => {
  const bytes = Buffer.concat([
    controlFrame(frameTypes.ping, 0, Buffer.from([0, 0, 0, 1])),
    dataHead(3, 1, 5),
    Buffer.from('hello'),
    dataHead(3, 0, 0),
  ]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 40, maxLength: 40 }), (sizes) => {
      const reader = new FrameReader();
      const seen: string[] = [];
      let at = 0;
      for (const size of sizes) {
        for (const frame of reader.push(bytes.subarray(at, at + size))) seen.push(`${frame.kind} ${frame.payload.toString('hex')}`);
        at += size;
      }
      expect(seen).toEqual(['control 00000001', 'data 68656c6c6f', 'data ']);
    }),
  );
});

test('a stream carries bytes both ways, and its halves close one by one', async () => {
  const { client } = pair((stream) => {
    expect(stream.headers).toEqual({ streamtype: 'data', port: '80' });
    void textOf(stream).then((said) => stream.end(`you said ${said}`));
  });
  const stream = client.open({ streamType: 'data', port: '80' });
  await stream.replied;
  stream.end('hello');
  expect(await textOf(stream)).toBe('you said hello');
});

test('megabytes pass, and a slow reader holds the writer back', async () => {
  const { client } = pair((stream) => void stream.end(Buffer.alloc(3_000_000, 'x')));
  const stream = client.open({});
  stream.end();
  expect((await textOf(stream)).length).toBe(3_000_000);
});

test('closing the session ends its streams on both sides', async () => {
  const opened = Promise.withResolvers<SpdyStream>();
  const { client, server } = pair((stream) => opened.resolve(stream));
  const stream = client.open({});
  const other = await opened.promise;
  other.resume();
  const ended = once(other, 'close');
  client.close();
  await Promise.all([ended, server.closed]);
  expect(stream.destroyed).toBe(true);
  expect(() => client.open({})).toThrow('closed');
});

test('a reset reaches the other side as an error', async () => {
  const { client } = pair((stream) => void stream.destroy());
  const stream = client.open({});
  const [error] = (await once(stream, 'error')) as [Error];
  expect(error.message).toContain('reset');
});

test('what is no SPDY ends the session', async () => {
  const [a, b] = duplexPair();
  const session = new SpdySession(b, { side: 'server', onStream: () => {} });
  a.on('error', () => {});
  a.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'.padEnd(2000, ' ')));
  a.end();
  await session.closed;
  expect(b.destroyed).toBe(true);
});
