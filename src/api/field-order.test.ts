// Which order the members of an object have on the wire.
import { expect, test } from 'vitest';
import { inFieldOrder } from './field-order.ts';
import { builtInCatalog } from './kinds/built-in.ts';
import type { AnyObject } from './object.ts';

const catalog = builtInCatalog();
function kindOf(group: string, version: string, kind: string) {
  const found = catalog.byKind(group, version, kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found;
}
const pod = kindOf('', 'v1', 'Pod');

/** The members of an object, outermost first, as text. */
function order(value: unknown): string {
  return JSON.stringify(value).replaceAll(/"/g, '');
}

const table: [string, object, string][] = [
  [
    'metadata as Go declares it',
    { metadata: { labels: { b: '', a: '' }, uid: 'u', name: 'n' } },
    '{metadata:{name:n,uid:u,labels:{a:,b:}}}',
  ],
  ['kind before apiVersion', { apiVersion: 'v1', kind: 'Pod', metadata: {} }, '{kind:Pod,apiVersion:v1,metadata:{}}'],
  [
    'structs in lists',
    { metadata: {}, spec: { containers: [{ image: 'i', name: 'c', ports: [{ containerPort: 1, name: 'p' }] }], volumes: [] } },
    '{metadata:{},spec:{volumes:[],containers:[{name:c,image:i,ports:[{name:p,containerPort:1}]}]}}',
  ],
  ['unknown members at the end', { extra: 1, metadata: {}, kind: 'Pod' }, '{kind:Pod,metadata:{},extra:1}'],
  [
    'embedded structs where Go embeds them',
    { metadata: {}, spec: { containers: [{ name: 'c', livenessProbe: { periodSeconds: 1, exec: {} } }] } },
    '{metadata:{},spec:{containers:[{name:c,livenessProbe:{exec:{},periodSeconds:1}}]}}',
  ],
];

test.each(table)('%s', (_, object, expected) => {
  expect(order(inFieldOrder(pod, object as AnyObject))).toBe(expected);
});

test('what is in order is the same object', () => {
  const object = { kind: 'Pod', metadata: { name: 'n', labels: { a: '', b: '' } }, spec: { containers: [{ name: 'c' }] } };
  expect(inFieldOrder(pod, object as unknown as AnyObject)).toBe(object);
});

test('what is frozen is not looked into', () => {
  const labels = Object.freeze({ b: '', a: '' });
  expect(inFieldOrder(pod, { metadata: { name: 'n', labels } } as unknown as AnyObject).metadata.labels).toBe(labels);
});
