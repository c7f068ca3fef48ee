// Owns small protobuf bodies, byte by byte: zero values, maps, unions, lists, and bytes that are no bodies.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { builtInCatalog } from '../kinds/built-in.ts';
import { StatusError } from '../status-error.ts';
import { decodeProtobuf, encodeProtobuf, encodeStatusProtobuf, encodeWatchFrame, hasProtobuf, isProtobuf } from './envelope.ts';

const catalog = builtInCatalog();
const kindOf = (group: string, version: string, kind: string) => {
  const found = catalog.byKind(group, version, kind);
  if (found === undefined) throw new Error(kind);
  return found;
};
const pod = kindOf('', 'v1', 'Pod');
const body = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');
/** The message behind the envelope of `apiVersion: v1` and a kind of five letters or fewer, by its bytes. */
const wrapped = (kind: string, hex: string): Uint8Array => {
  const raw = body(hex);
  const meta = Buffer.concat([body('0a02'), Buffer.from('v1'), Buffer.from([0x12, kind.length]), Buffer.from(kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x0a, meta.length]), meta, Buffer.from([0x12, raw.length]), raw]);
};

test.each<readonly [string, string, string, Record<string, unknown>]>([
  ['a name', 'Pod', '0a 03 0a 01 61', { metadata: { name: 'a' } }],
  ['empty values of Go are no values', 'Pod', '0a 08 0a 01 61 12 00 1a 00 38 00', { metadata: { name: 'a' } }],
  ['labels', 'Pod', '0a 08 5a 06 0a 01 78 12 01 79', { metadata: { labels: { x: 'y' } } }],
  ['an empty label value', 'Pod', '0a 05 5a 03 0a 01 78', { metadata: { labels: { x: '' } } }],
  ['false that was set on purpose', 'Secret', '28 00', { immutable: false }],
  ['bytes', 'Secret', '12 07 0a 01 6b 12 02 68 69', { data: { k: 'aGk=' } }],
  ['a creation time of nothing', 'Pod', '0a 02 42 00', { metadata: {} }],
  ['fields that nobody knows', 'Pod', '0a 03 0a 01 61 fa 3f 01 00', { metadata: { name: 'a' } }],
])('%s', (_, kind, hex, fields) => {
  expect(decodeProtobuf(catalog, wrapped(kind, hex)).object).toEqual({ apiVersion: 'v1', kind, ...fields });
});

test('what the URL names stands in for a body that does not say', () => {
  const bytes = Buffer.concat([Buffer.from('k8s\0'), body('0a 04 0a 00 12 00 12 05 0a 03 0a 01 61')]);
  expect(decodeProtobuf(catalog, bytes, pod)).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
  });
});

test.each<readonly [string, Uint8Array]>([
  ['JSON', Buffer.from('{}')],
  ['nothing behind the magic', Buffer.from('k8s\0')],
  ['a kind that is not served', wrapped('Nope', '')],
  ['a length beyond the end', wrapped('Pod', '0a 7f 0a')],
  ['a wrong wire type', wrapped('Pod', '08 01')],
])('%s is a bad request', (_, bytes) => {
  expect(() => decodeProtobuf(catalog, bytes)).toThrow(expect.objectContaining({ code: 400 }));
});

test('a schema nested without end is refused and not followed', () => {
  const definition = kindOf('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition');
  const schema = (depth: number): Record<string, unknown> => (depth === 0 ? { type: 'string' } : { not: schema(depth - 1) });
  const object = (depth: number) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: schema(depth) } }] },
  });
  expect(decodeProtobuf(catalog, encodeProtobuf(definition, object(50))).object).toMatchObject(object(50));
  expect(() => decodeProtobuf(catalog, encodeProtobuf(definition, object(300)))).toThrow(expect.objectContaining({ code: 400 }));
});

test('the unions of JSON schemas keep their member', () => {
  const definition = kindOf('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition');
  const schema = {
    items: { type: 'string' },
    additionalProperties: { type: 'integer' },
    default: { a: [1] },
    minimum: 0,
    'x-kubernetes-preserve-unknown-fields': false,
  };
  const other = {
    items: [{ type: 'string' }],
    additionalProperties: false,
    enum: ['a', 1, null],
    dependencies: { a: ['b'], c: { type: 'string' } },
  };
  const object = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    spec: { versions: [schema, other].map((openAPIV3Schema) => ({ name: 'v1', schema: { openAPIV3Schema } })) },
  };
  expect(decodeProtobuf(catalog, encodeProtobuf(definition, object)).object).toMatchObject(object);
});

test('a list carries its items without kinds', () => {
  const list = {
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: { resourceVersion: '7' },
    items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
  };
  const back = decodeProtobuf(catalog, encodeProtobuf(pod, list));
  expect(back.object).toMatchObject(list);
  expect(back.kind).toBe('PodList');
});

test('a Status and a watch frame', () => {
  const bytes = encodeStatusProtobuf({ status: 'Failure', reason: 'NotFound', code: 404, details: { name: 'a' } });
  expect(decodeProtobuf(catalog, bytes).object).toMatchObject({ kind: 'Status', apiVersion: 'v1', reason: 'NotFound', code: 404 });
  const frame = Buffer.from(encodeWatchFrame('ADDED', bytes));
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
  expect(frame.includes(Buffer.from(bytes))).toBe(true);
});

test('custom resources have no protobuf', () => {
  expect(hasProtobuf(pod)).toBe(true);
  expect(hasProtobuf({ ...pod, type: 'com.example.v1.Crate' })).toBe(false);
});

test('bytes of any sort are read or refused, never worse', () => {
  const whole = encodeProtobuf(pod, {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'a', labels: { a: 'b' } },
    spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] },
  });
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
      const bent = Buffer.from(whole);
      bent[at] = value;
      try {
        decodeProtobuf(catalog, bent);
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
      }
    }),
  );
  expect(isProtobuf(whole)).toBe(true);
});
