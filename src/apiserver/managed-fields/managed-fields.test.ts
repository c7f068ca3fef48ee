// Owns the story of field ownership: who comes to own what by creating, updating and applying, and who is in whose way.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFields } from '../../api/decode.ts';
import { builtInCatalog } from '../../api/kinds/built-in.ts';
import type { AnyObject } from '../../api/object.ts';
import { hollowOf } from '../hollow.ts';
import { freezeDeeply } from '../stored-object.ts';
import { applyConfiguration } from './apply.ts';
import { recordOwnership } from './record-ownership.ts';

const catalog = builtInCatalog();
const kindOf = (group: string, version: string, kind: string) => {
  const found = catalog.byKind(group, version, kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
};
const configMap = kindOf('', 'v1', 'ConfigMap');
const pod = kindOf('', 'v1', 'Pod');
const read = (object: AnyObject): AnyObject => decodeFields(configMap, object, { fieldValidation: 'Ignore' }).object;

function data(values: Readonly<Record<string, string>>): AnyObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } as AnyObject['metadata'], data: values };
}

function apply(live: AnyObject | undefined, manager: string, values: Readonly<Record<string, string>>, force = false): AnyObject {
  return applyConfiguration({ kind: configMap, live, applied: data(values), manager, force, subresource: '', nowMs: 0, read });
}

const managers = (object: AnyObject): unknown =>
  (object.metadata.managedFields ?? []).map(({ manager, operation, fieldsV1 }) => [manager, operation, JSON.stringify(fieldsV1)]);

describe('recording', () => {
  test('a create owns what it says, with lists by their keys', () => {
    const next = decodeFields(
      pod,
      { metadata: { name: 'p', labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      { fieldValidation: 'Ignore' },
    );
    const recorded = recordOwnership({ kind: pod, old: undefined, next: next.object, manager: 'm', subresource: '', nowMs: 0 });
    expect(recorded.metadata.managedFields?.[0]).toMatchObject({
      manager: 'm',
      operation: 'Update',
      apiVersion: 'v1',
      time: '1970-01-01T00:00:00Z',
      fieldsV1: {
        'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
        'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
      },
    });
  });

  test('an update takes what it changes from others, and nothing else', () => {
    const first = recordOwnership({
      kind: configMap,
      old: undefined,
      next: data({ a: '1', b: '1' }),
      manager: 'one',
      subresource: '',
      nowMs: 0,
    });
    const second = recordOwnership({
      kind: configMap,
      old: first,
      next: data({ a: '1', b: '2' }),
      manager: 'two',
      subresource: '',
      nowMs: 1000,
    });
    expect(managers(second)).toEqual([
      ['one', 'Update', '{"f:data":{".":{},"f:a":{}}}'],
      ['two', 'Update', '{"f:data":{"f:b":{}}}'],
    ]);
  });
});

test('managers whom a stored object has and a change leaves alone stay as they are written', () => {
  const change = (old: AnyObject | undefined, next: AnyObject, manager: string) =>
    recordOwnership({ kind: configMap, old, next, manager, subresource: '', nowMs: 0 });
  const uid = (object: AnyObject): AnyObject => ({ ...object, metadata: { ...object.metadata, uid: 'u' } });
  const first = freezeDeeply(uid(change(undefined, read(data({ a: '1' })), 'one')));
  const second = freezeDeeply(change(first, { ...first, data: { a: '1', b: '2' } }, 'two'));
  const [one, two] = second.metadata.managedFields ?? [];
  expect(one).toBe(first.metadata.managedFields?.[0]);
  const third = change(second, { ...second, data: { a: '1', b: '3' } }, 'two').metadata.managedFields ?? [];
  expect(third[0]).toBe(one);
  expect(third[1]?.fieldsV1).toBe(two?.fieldsV1);
  const taken = change(second, { ...second, data: { a: '2', b: '2' } }, 'two');
  expect(managers(taken)).toEqual([
    ['one', 'Update', '{"f:data":{}}'],
    ['two', 'Update', '{"f:data":{"f:a":{},"f:b":{}}}'],
  ]);
});

describe('applying', () => {
  test('gives up what is no longer said, unless others say it', () => {
    const one = apply(undefined, 'one', { a: '1', b: '1' });
    const both = apply(one, 'two', { b: '1' });
    const less = apply(both, 'one', {});
    expect(less['data']).toEqual({ b: '1' });
    expect(managers(less)).toEqual([
      ['two', 'Apply', '{"f:data":{"f:b":{}}}'],
      ['one', 'Apply', '{"f:data":{}}'],
    ]);
  });

  test('is refused where others own another value, and takes it by force', () => {
    const one = apply(undefined, 'one', { a: '1' });
    expect(() => apply(one, 'two', { a: '2' })).toThrow('Apply failed with 1 conflict: conflict with "one": .data.a');
    const forced = apply(one, 'two', { a: '2' }, true);
    expect(forced['data']).toEqual({ a: '2' });
    expect(managers(forced)).toEqual([['two', 'Apply', '{"f:data":{"f:a":{}}}']]);
  });
});

describe('what a create comes to own is remembered by its form', () => {
  const scalar = fc.oneof(fc.constantFrom('', 'a', 'TCP', 'UDP'), fc.string({ maxLength: 3 }));
  const map = fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', 'f:a', '1:a', '{', '__proto__'), fc.string({ maxLength: 2 })), scalar);
  const container = fc.record(
    {
      name: scalar,
      image: scalar,
      command: fc.array(scalar, { maxLength: 2 }),
      ports: fc.array(fc.record({ containerPort: fc.integer({ min: 0, max: 2 }), protocol: scalar }, { requiredKeys: ['containerPort'] }), {
        maxLength: 2,
      }),
      resources: fc.record({ limits: fc.constantFrom({}, { cpu: '1' }) }, { requiredKeys: [] }),
      tty: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const drafts = fc.record(
    {
      metadata: fc.record({ name: scalar, labels: map, finalizers: fc.array(scalar, { maxLength: 2 }) }, { requiredKeys: [] }),
      spec: fc.record(
        { containers: fc.array(container, { maxLength: 2 }), nodeName: scalar, hostNetwork: fc.boolean(), nodeSelector: map },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );

  test('and is what a comparison with nothing gives', () => {
    fc.assert(
      fc.property(drafts, (draft) => {
        const { object: next } = decodeFields(pod, draft, { fieldValidation: 'Ignore' });
        const change = { kind: pod, next, manager: 'm', subresource: '', nowMs: 0 };
        // A change of an object with nothing in it is compared anew.
        const compared = recordOwnership({ ...change, old: hollowOf(pod) });
        expect(managers(recordOwnership({ ...change, old: undefined }))).toEqual(managers(compared));
      }),
      { numRuns: 500 },
    );
  });
});
