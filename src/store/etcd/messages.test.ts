// Proves that etcd's messages are written and read as protobuf has them, whatever their size, and that damaged ones are refused.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRange, decodeTxn, decodeWatch, encodeRange, encodeTxn, encodeWatch } from './messages.ts';
import { fieldsOf, MessageWriter } from './wire.ts';

test.each([
  ['a range', encodeRange({ key: '/a', end: '/b', limit: 500, revision: 300 }), '0a022f6112022f6218f40320ac02'],
  ['one key', encodeRange({ key: '/a' }), '0a022f61'],
  ['a watch', encodeWatch('/a', '/b', 7), '0a0c0a022f6112022f6218074001'],
  [
    'a guard on what is not there, a put, a deletion, what to read otherwise',
    encodeTxn({
      compare: [{ key: 'k', modRevision: 0 }],
      puts: [{ key: 'k', value: Buffer.from('v') }],
      deletes: ['d'],
      otherwiseRead: ['k'],
    }),
    '0a0710021a016b30001208120' + '60a016b120176120' + '51a030a01641a050a030a016b',
  ],
])('%s is written as protobuf', (_, bytes, hex) => {
  expect(bytes.toString('hex')).toBe(hex);
});

test('numbers up to 2⁵³ and bytes of any length come back', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 1, maxLength: 300 }), (number, bytes) => {
      const message = new MessageWriter().union(3, number).bytes(90, bytes).finish();
      expect([...fieldsOf(message)].map((field) => [field.number, field.value, Buffer.from(field.bytes).toString('hex')])).toEqual([
        [3, number, ''],
        [90, 0, Buffer.from(bytes).toString('hex')],
      ]);
    }),
  );
});

const header = (revision: number): MessageWriter => new MessageWriter().number(3, revision);
const keyValue = (key: string, revision: number, value: string): MessageWriter =>
  new MessageWriter().bytes(1, key).number(2, 1).number(3, revision).bytes(5, value);

test('answers are read: a range, a refused transaction, changes, a compaction', () => {
  const range = new MessageWriter()
    .message(1, header(9))
    .message(2, keyValue('/a', 4, 'x'))
    .number(3, 1);
  expect(decodeRange(range.finish())).toEqual({
    revision: 9,
    entries: [{ key: '/a', value: Buffer.from('x'), createRevision: 1, modRevision: 4 }],
    more: true,
  });
  const found = new MessageWriter().message(1, new MessageWriter().message(2, keyValue('/a', 4, 'x')));
  const nothing = new MessageWriter().message(1, new MessageWriter());
  const refused = decodeTxn(new MessageWriter().message(1, header(9)).message(3, found).message(3, nothing).finish());
  expect([refused.succeeded, refused.read.map((one) => one?.modRevision)]).toEqual([false, [4, undefined]]);
  const gone = new MessageWriter().number(1, 1).message(2, new MessageWriter().bytes(1, '/b').number(3, 8));
  const changes = decodeWatch(
    new MessageWriter()
      .message(11, new MessageWriter().message(2, keyValue('/a', 7, 'y')))
      .message(11, gone)
      .finish(),
  );
  expect(changes.changes.map(({ type, entry }) => [type, entry.key, entry.modRevision])).toEqual([
    ['put', '/a', 7],
    ['delete', '/b', 8],
  ]);
  expect(decodeWatch(new MessageWriter().number(4, 1).number(5, 20).finish())).toMatchObject({ canceled: true, compactRevision: 20 });
});

test('whatever arrives is read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      for (const decode of [decodeRange, decodeTxn, decodeWatch]) {
        try {
          decode(Buffer.from(bytes));
        } catch (error) {
          expect(error).toMatchObject({ message: expect.stringContaining('message of etcd') });
        }
      }
    }),
  );
});
