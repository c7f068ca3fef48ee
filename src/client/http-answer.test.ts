// Owns the proof of reading answers: bounds of bodies and lines, refusals that are no Status, lines however they are cut.
import { expect, test } from 'vitest';
import { linesOf, objectOf } from './http-answer.ts';
import type { Exchange } from './http-transport.ts';

async function* chunks(...texts: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

const answer = (status: number, text: string): Exchange => ({ status, body: chunks(text) });

test('an answer longer than 64 MiB is refused as soon as it is', async () => {
  let given = 0;
  const mebibyte = Buffer.alloc(1 << 20, ' ');
  const body = (async function* () {
    for (; given < 100; given++) yield mebibyte;
  })();
  await expect(objectOf({ status: 200, body })).rejects.toThrow('the answer is longer than 67108864 bytes');
  expect(given).toBe(64);
});

test.each([
  [404, '404 page not found', 'NotFound', 'the server could not find the requested resource'],
  [401, '', 'Unauthorized', 'the server answered 401'],
  [502, '<html>bad gateway', 'InternalError', '<html>bad gateway'],
  [418, '{"kind":"Teapot"}', '', '{"kind":"Teapot"}'],
  [409, '{"kind":"Status","reason":"AlreadyExists","message":"taken","code":409}', 'AlreadyExists', 'taken'],
])('a refusal %i %j is read as %s', async (code, text, reason, message) => {
  await expect(objectOf(answer(code, text))).rejects.toMatchObject({ name: 'StatusError', code, reason, message });
});

test('lines come whole, however they are cut; one that never ended is dropped', async () => {
  const lines: string[] = [];
  for await (const line of linesOf(
    chunks('a', 'b\nü'.slice(0, 2), Buffer.from('ü\n').subarray(0, 1), Buffer.from('ü\n').subarray(1), '\nlast'),
  ))
    lines.push(line);
  expect(lines).toEqual(['ab', 'ü']);
});
