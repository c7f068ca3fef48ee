// Whatever is written is read again by another program's decoder, and names are written once.
import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeMessage, questionEnd, type WireRecord } from './encode.ts';

const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
const ttl = fc.nat(86_400);
const record: fc.Arbitrary<WireRecord> = fc.oneof(
  fc.record({ name, ttl, type: fc.constant('A' as const), data: fc.ipV4() }),
  fc.record({ name, ttl, type: fc.constant('AAAA' as const), data: fc.nat(0xfffe).map((last) => `fd42::${(last + 1).toString(16)}`) }),
  fc.record({ name, ttl, type: fc.constantFrom('CNAME' as const, 'PTR' as const, 'NS' as const), data: name }),
  fc.record({
    name,
    ttl,
    type: fc.constant('SRV' as const),
    data: fc.record({ port: fc.nat(65_535), weight: fc.nat(100), target: name }),
  }),
);

test('what is written is what another program reads', () => {
  fc.assert(
    fc.property(name, fc.array(record, { maxLength: 30 }), fc.boolean(), (asked, answers, edns) => {
      const query = dnsPacket.encode({ type: 'query', id: 7, questions: [{ name: asked, type: 'A' }] });
      const question = query.subarray(12, questionEnd(query));
      const message = { id: 7, flags: 0x8400, question, answers, authorities: [], additionals: [], offers: edns ? 1232 : undefined };
      const read = dnsPacket.decode(encodeMessage(message));
      expect(read.questions).toMatchObject([{ name: asked, type: 'A' }]);
      expect(read.answers).toEqual(
        answers.map(({ data, ...rest }) =>
          expect.objectContaining({ ...rest, data: typeof data === 'object' ? expect.objectContaining(data) : data }),
        ),
      );
      expect(read.additionals?.length).toBe(edns ? 1 : 0);
    }),
  );
});

test('a name that was asked for costs two bytes each further time', () => {
  const asked = 'many.default.svc.cluster.local';
  const query = dnsPacket.encode({ type: 'query', id: 7, questions: [{ name: asked, type: 'A' }] });
  const size = (count: number): number =>
    encodeMessage({
      ...{ id: 7, flags: 0x8400, question: query.subarray(12, questionEnd(query)), authorities: [], additionals: [], offers: undefined },
      answers: Array.from({ length: count }, (_, index) => ({ name: asked, type: 'A', ttl: 5, data: `10.42.0.${index}` })),
    }).length;
  expect(size(11) - size(10)).toBe(16);
});

test.each([
  ['no question', Buffer.alloc(12), undefined],
  ['one that breaks off', Buffer.from('000000000001000000000000' + '0561', 'hex'), RangeError],
  ['one with a pointer', Buffer.from('000000000001000000000000' + 'c00c00010001', 'hex'), RangeError],
])('%s', (_, message, expected) => {
  if (expected === undefined) expect(questionEnd(message)).toBeUndefined();
  else expect(() => questionEnd(message)).toThrow(expected);
});
