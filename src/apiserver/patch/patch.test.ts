// Owns the tests of patches: what they make of an object, and how bad ones are refused.
import { describe, expect, test } from 'vitest';
import type { KindDescription } from '../../api/kind.ts';
import { builtInCatalog } from '../../api/kinds/built-in.ts';
import { applyPatch } from './apply-patch.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicPatch } from './strategic-merge-patch.ts';

function kind(group: string, resource: string): KindDescription {
  const found = builtInCatalog().byResource(group, 'v1', resource);
  if (found === undefined) throw new Error(`no ${resource}`);
  return found;
}

const deployments = kind('apps', 'deployments');
const configMaps = kind('', 'configmaps');

function containers(patch: unknown, before: readonly object[]): unknown {
  const current = { spec: { template: { spec: { containers: before } } } };
  const patched = applyStrategicPatch(deployments.types, deployments.type, current, { spec: { template: { spec: patch } } } as never);
  return (patched as unknown as typeof current).spec.template.spec.containers;
}

describe('strategic lists', () => {
  const a = { name: 'a', image: '1' };
  const b = { name: 'b', image: '1' };
  const z = { name: 'z', image: 'z' };
  test.each([
    ['an item by its key', { containers: [{ name: 'b', image: '2' }] }, [a, { name: 'b', image: '2' }]],
    ['a new item comes first', { containers: [z] }, [z, a, b]],
    ['an item deleted', { containers: [{ name: 'a', $patch: 'delete' }] }, [b]],
    ['all replaced', { containers: [{ $patch: 'replace' }, z] }, [z]],
    ['an order', { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] }, [b, a]],
    [
      'an order and a change',
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'a', image: '2' }] },
      [b, { name: 'a', image: '2' }],
    ],
    ['nothing', { containers: [] }, [a, b]],
  ])('%s', (_, patch, after) => expect(containers(patch, [a, b])).toEqual(after));

  test.each([
    [{ containers: [{ image: 'x' }] }, 'map: map[image:x] does not contain declared merge key: name'],
    [{ containers: [{ name: 'a', $patch: 'wipe' }] }, 'unknown patch type: wipe in map: map[$patch:wipe name:a]'],
    [{ '$setElementOrder/containers': 'a' }, 'expected a []interface {}, but received a string'],
  ])('%j is refused', (patch, message) => expect(() => containers(patch, [a, b])).toThrow(message));
});

test('$retainKeys drops what it does not name, $patch: replace replaces a map', () => {
  const current = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } }, metadata: { labels: { a: '1' } } };
  const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } }, metadata: { labels: { $patch: 'replace', b: '2' } } };
  expect(applyStrategicPatch(deployments.types, deployments.type, current, patch)).toEqual({
    spec: { strategy: { type: 'Recreate' } },
    metadata: { labels: { b: '2' } },
  });
});

test('finalizers are a set: new ones first, deletions by a list', () => {
  const merge = (before: string[], metadata: object) =>
    applyStrategicPatch(configMaps.types, configMaps.type, { metadata: { finalizers: before } }, { metadata });
  expect(merge(['x/a', 'x/b'], { finalizers: ['x/c'] })).toEqual({ metadata: { finalizers: ['x/c', 'x/a', 'x/b'] } });
  expect(merge(['x/a', 'x/b'], { '$deleteFromPrimitiveList/finalizers': ['x/a'] })).toEqual({ metadata: { finalizers: ['x/b'] } });
});

test('a merge patch deletes with null, merges maps, replaces lists, and leaves the original alone', () => {
  const current = Object.freeze({ data: Object.freeze({ a: '1', b: '2' }), list: [1, 2] });
  expect(applyMergePatch(current, { data: { a: null, c: '3' }, list: [3], none: { x: null } })).toEqual({
    data: { b: '2', c: '3' },
    list: [3],
    none: {},
  });
});

describe('JSON patch', () => {
  const current = { data: { a: '1' }, list: ['x', 'y'] };
  test.each([
    [[{ op: 'add', path: '/data/b', value: '2' }], { data: { a: '1', b: '2' }, list: ['x', 'y'] }],
    [[{ op: 'replace', path: '/data/none', value: '2' }], { data: { a: '1', none: '2' }, list: ['x', 'y'] }],
    [[{ op: 'move', from: '/data/a', path: '/data/b' }], { data: { b: '1' }, list: ['x', 'y'] }],
    [[{ op: 'add', path: '/list/-', value: 'z' }], { data: { a: '1' }, list: ['x', 'y', 'z'] }],
    [[{ op: 'remove', path: '/list/0' }], { data: { a: '1' }, list: ['y'] }],
    [null, current],
  ])('%j', (patch, after) => expect(applyJsonPatch(current, patch)).toEqual(after));

  test.each([
    [[{ op: 'remove', path: '/data/none' }]],
    [[{ op: 'test', path: '/data/a', value: '2' }]],
    [[{ op: 'add', path: '/none/x', value: 1 }]],
    [[{ op: 'frob', path: '/data/a' }]],
    [[{ op: 'add', path: '/list/5', value: 1 }]],
  ])('%j is the opaque 422', (patch) =>
    expect(() => applyJsonPatch(current, patch)).toThrow('the server rejected our request due to an error in our request'),
  );

  test('what is no list is refused by its type', () =>
    expect(() => applyJsonPatch(current, {})).toThrow('into Go value of type []handlers.jsonPatchOp'));
});

const outcome = (member: string): string => JSON.stringify(`{"apiVersion":"v1",${member}}`);

test.each([
  [
    'merge-patch',
    '{"data":{"a":1}}',
    `${outcome('"data":{"a":1},"kind":"ConfigMap","metadata":{"name":"a"}')}: json: cannot unmarshal number into Go struct field ConfigMap.data of type string`,
  ],
  ['strategic-merge-patch', '{"metadata":{"labels":{"a":1}}}', '"map[metadata:map[labels:map[a:1]]]": cannot convert int64 to string'],
  ['strategic-merge-patch', '{"metadata":{"labels":[]}}', '"map[metadata:map[labels:[]]]": cannot restore map from slice'],
  [
    'merge-patch',
    '{"nope":1}',
    `${outcome('"kind":"ConfigMap","metadata":{"name":"a"},"nope":1')}: strict decoding error: unknown field "nope"`,
  ],
] as const)('%s %s is an Invalid of no kind', (sort, text, message) => {
  const current = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } } as never;
  expect(() => applyPatch(sort, configMaps, current, text, { fieldValidation: 'Strict' })).toThrow(
    ` "" is invalid: patch: Invalid value: ${message}`,
  );
});

test('what a patch leaves where it stood is not read again; what it puts elsewhere is', () => {
  const metadata = { name: 'a', labels: { l: '1' }, ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'n', uid: 'u' }] };
  const current = { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata as never, data: { k: 'v' } };
  const patched = (sort: 'merge-patch' | 'json-patch', patch: object) =>
    applyPatch(sort, configMaps, current, JSON.stringify(patch), { fieldValidation: 'Strict' }).object;
  expect(patched('merge-patch', { metadata: { labels: { l: '2' } } })['data']).toBe(current.data);
  const copied = patched('json-patch', [{ op: 'copy', from: '/metadata/labels', path: '/metadata/annotations' }]);
  expect(copied.metadata.annotations).toEqual({ l: '1' });
  expect(() => patched('json-patch', [{ op: 'copy', from: '/metadata/ownerReferences', path: '/metadata/finalizers' }])).toThrow(
    'cannot unmarshal object into Go struct field ObjectMeta.metadata.finalizers of type string',
  );
});
