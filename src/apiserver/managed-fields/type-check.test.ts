// Owns the tests of what may be applied: the words are structured merge's.
import { expect, test } from 'vitest';
import { builtInCatalog } from '../../api/kinds/built-in.ts';
import { shapeOfType } from './field-shape.ts';
import { typeComplaint } from './type-check.ts';

const catalog = builtInCatalog();
const complaint = (group: string, kind: string, object: unknown): string | undefined => {
  const found = catalog.byKind(group, 'v1', kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return typeComplaint(shapeOfType(found.type, found.types), object);
};
const containers = (...list: readonly unknown[]) => ({ spec: { containers: list } });

test.each<[unknown, string | undefined]>([
  [{ spec: { nope: 1 } }, '.spec.nope: field not declared in schema'],
  [{ spec: 'x' }, '.spec: expected map, got &{x}'],
  [{ spec: { containers: 'x' } }, '.spec.containers: expected list, got &{x}'],
  [{ spec: { containers: { a: [1, { b: null }] } } }, '.spec.containers: expected list, got &{map[a:[1 map[b:<nil>]]]}'],
  [{ spec: { priority: 'x' } }, '.spec.priority: expected numeric (int or float), got string'],
  [{ spec: { priority: {} } }, '.spec.priority: expected numeric (int or float), got map[string]interface {}'],
  [{ spec: { hostNetwork: 'x' } }, '.spec.hostNetwork: expected boolean, got &{x}'],
  [{ spec: { nodeName: 1 } }, '.spec.nodeName: expected string, got &value.valueUnstructured{Value:1}'],
  [
    { spec: { nodeName: { a: ['b'] } } },
    '.spec.nodeName: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":[]interface {}{"b"}}}',
  ],
  [containers({ name: 'c' }, { name: 'c' }), '.spec.containers: duplicate entries for key [name="c"]'],
  [containers(null), '.spec.containers: element 0: associative list with keys may not have a null element'],
  [containers('c'), '.spec.containers: element 0: associative list with keys may not have non-map elements'],
  [{ metadata: { finalizers: ['a', 'a'] } }, '.metadata.finalizers: duplicate entries for key [="a"]'],
  [{ metadata: { finalizers: [{}] } }, ".metadata.finalizers: element 0: associative list without keys has an element that's a map type"],
  [
    { metadata: { finalizers: [null] } },
    ".metadata.finalizers: element 0: associative list without keys has an element that's an explicit null",
  ],
  [
    containers({ name: 'c', resources: { limits: { cpu: {} } } }),
    '.spec.containers[name="c"].resources.limits.cpu: expected any scalar, got &{map[]}',
  ],
  [
    { spec: { nodeName: 1, priority: 'x' } },
    'errors:\n  .spec.nodeName: expected string, got &value.valueUnstructured{Value:1}\n  .spec.priority: expected numeric (int or float), got string',
  ],
  [containers({ name: 'c', resources: { limits: { cpu: 1 } } }), undefined],
  [{ metadata: null, spec: null, status: null }, undefined],
  // The protocol is a key with a default.
  [
    containers({ name: 'c', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'TCP' }] }),
    '.spec.containers[name="c"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]',
  ],
  [containers({ name: 'c', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] }), undefined],
])('a pod %j', (object, why) => expect(complaint('', 'Pod', object)).toBe(why));

test('what a raw field holds is nobody’s business', () =>
  expect(complaint('apps', 'ControllerRevision', { data: { a: [{}, 1] } })).toBeUndefined());
