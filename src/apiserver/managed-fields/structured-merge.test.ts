// Owns the story of shared objects: lists of all sorts merged, owned, given up and fought over.
import { describe, expect, test } from 'vitest';
import { decodeFields } from '../../api/decode.ts';
import { builtInCatalog } from '../../api/kinds/built-in.ts';
import type { AnyObject } from '../../api/object.ts';
import { rulesOf } from '../../api/rules.ts';
import { applyConfiguration } from './apply.ts';
import { shapeOfMember, shapeOfType } from './field-shape.ts';
import { elementOfItem } from './path-element.ts';
import { recordOwnership } from './record-ownership.ts';
import { ownersOfParent, ownersOfScale } from './scale-owners.ts';

const catalog = builtInCatalog();
const deployments = catalog.byKind('apps', 'v1', 'Deployment');
const configMaps = catalog.byKind('', 'v1', 'ConfigMap');
if (deployments === undefined || configMaps === undefined) throw new Error('no kinds');

const read = (merged: AnyObject): AnyObject =>
  rulesOf(deployments).default(decodeFields(deployments, merged, { fieldValidation: 'Ignore' }).object);
const env = (...vars: readonly (readonly [string, string])[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: { template: { spec: { containers: [{ name: 'c', env: vars.map(([name, value]) => ({ name, value })) }] } } },
});
const apply = (live: AnyObject | undefined, manager: string, applied: object, force = false): AnyObject =>
  applyConfiguration({ kind: deployments, catalog, live, applied: applied as AnyObject, manager, force, subresource: '', nowMs: 0, read });
const varsOf = (object: AnyObject): unknown => {
  const { containers } = (object['spec'] as { template: { spec: { containers: { env?: { name: string; value?: string }[] }[] } } }).template
    .spec;
  return (containers[0]?.env ?? []).map(({ name, value }) => `${name}=${value ?? ''}`);
};
const managersOf = (object: AnyObject): unknown =>
  (object.metadata.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`);

describe('lists with keys', () => {
  test.each<[string, readonly (readonly [string, string])[], readonly (readonly [string, string])[], readonly string[]]>([
    ['keep what the applier does not name', [['A', '1']], [['B', '1']], ['A=1', 'B=1']],
    [
      'take the order of the applier where both have items',
      [
        ['A', '1'],
        ['B', '1'],
      ],
      [
        ['B', '1'],
        ['A', '1'],
      ],
      ['B=1', 'A=1'],
    ],
    [
      'keep others between those that they stood between',
      [
        ['A', '1'],
        ['X', '1'],
        ['B', '1'],
      ],
      [
        ['A', '1'],
        ['B', '1'],
      ],
      ['A=1', 'X=1', 'B=1'],
    ],
  ])('%s', (_, first, second, expected) => {
    const live = apply(undefined, 'one', env(...first));
    expect(varsOf(apply(live, 'two', env(...second)))).toEqual(expected);
  });

  test('lose what their applier gives up, unless another one says it too', () => {
    const live = apply(apply(undefined, 'one', env(['A', '1'], ['B', '1'])), 'two', env(['B', '1']));
    expect(varsOf(apply(live, 'one', env(['C', '1'])))).toEqual(['B=1', 'C=1']);
  });

  test('are fought over by their fields', () => {
    const live = apply(undefined, 'one', env(['A', '1'], ['B', '1']));
    expect(() => apply(live, 'two', env(['A', '2'], ['B', '2']))).toThrow(
      'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.template.spec.containers[name="c"].env[name="A"].value\n- .spec.template.spec.containers[name="c"].env[name="B"].value',
    );
    const forced = apply(live, 'two', env(['A', '2']), true);
    expect(varsOf(forced)).toEqual(['A=2', 'B=1']);
    expect(() => apply(forced, 'one', env(['A', '1'], ['B', '1']))).toThrow('conflict with "two"');
  });

  test('with an item twice keep both, and nobody owns what is in them', () => {
    const twice = read(env(['A', '1'], ['A', '2']) as unknown as AnyObject);
    const live = recordOwnership({ kind: deployments, catalog, old: undefined, next: twice, manager: 'm', subresource: '', nowMs: 0 });
    expect(JSON.stringify(live.metadata.managedFields)).toContain('"k:{\\"name\\":\\"A\\"}":{}'.replaceAll('\\"', '\\"'));
    const more = apply(live, 'one', env(['B', '1']));
    expect(varsOf(more)).toEqual(['A=1', 'A=2', 'B=1']);
    expect(varsOf(apply(more, 'one', env(['A', '3']), true))).toEqual(['A=3']);
  });
});

describe('managers', () => {
  test('whose version is not served any more are forgotten', () => {
    const live = apply(undefined, 'one', env(['A', '1']));
    const [entry] = live.metadata.managedFields ?? [];
    const aged = { ...live, metadata: { ...live.metadata, managedFields: [{ ...entry, apiVersion: 'apps/v1beta1' }] } } as AnyObject;
    expect(managersOf(apply(aged, 'two', env(['A', '2'])))).toEqual(['two Apply']);
  });

  test('an object that nobody manages is first managed by before-first-apply', () => {
    const live = { ...read(env(['A', '1']) as unknown as AnyObject) };
    expect(() => apply(live, 'two', env(['A', '2']))).toThrow('conflict with "before-first-apply" using apps/v1');
  });

  test('beyond ten updaters the oldest become one', () => {
    let object: AnyObject | undefined;
    for (let index = 0; index < 13; index++) {
      const next = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a', uid: 'u' },
        data: { ...(object?.['data'] as object), [`k${index}`]: '1' },
      };
      object = recordOwnership({
        kind: configMaps,
        old: object,
        next: next as unknown as AnyObject,
        manager: `m${index}`,
        subresource: '',
        nowMs: index * 1000,
      });
    }
    const names = (object?.metadata.managedFields ?? []).map(({ manager }) => manager);
    expect(names).toHaveLength(10);
    expect(names[0]).toBe('ancient-changes');
  });

  test('kubectl takes over what its client-side apply noted and nobody changed since', () => {
    const note = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: '1', l: '1' } });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': note };
    const config = (data: Readonly<Record<string, string>>): AnyObject =>
      ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data }) as unknown as AnyObject;
    const made = { ...config({ k: '1', l: '2' }), metadata: { name: 'a', annotations } } as unknown as AnyObject;
    const live = recordOwnership({
      kind: configMaps,
      old: undefined,
      next: made,
      manager: 'kubectl-client-side-apply',
      subresource: '',
      nowMs: 0,
    });
    const serverSide = (manager: string, data: Readonly<Record<string, string>>): AnyObject =>
      applyConfiguration({
        kind: configMaps,
        live,
        applied: config(data),
        manager,
        force: false,
        subresource: '',
        nowMs: 0,
        read: (one) => one,
      });
    const taken = serverSide('kubectl', { k: '3' });
    expect(taken['data']).toEqual({ k: '3', l: '2' });
    expect(taken.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration']).toContain('"data":{"k":"3"}');
    expect(() => serverSide('kubectl', { l: '3' })).toThrow('.data.l');
    expect(() => serverSide('other', { k: '3' })).toThrow('.data.k');
  });
});

describe('scales', () => {
  const paths = (): readonly string[] => ['f:spec', 'f:replicas'];
  const parent = [
    {
      manager: 'one',
      operation: 'Apply',
      apiVersion: 'apps/v1',
      time: '2026-01-01T00:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } },
    },
  ];

  test('show who manages the replicas, and give them away', () => {
    const shown = ownersOfScale(parent, paths);
    expect(shown).toMatchObject([{ manager: 'one', apiVersion: 'autoscaling/v1', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }]);
    expect(ownersOfParent(parent, shown, paths, 'apps/v1')).toEqual(parent);
    const two = [
      {
        manager: 'two',
        operation: 'Update',
        apiVersion: 'autoscaling/v1',
        subresource: 'scale',
        fieldsType: 'FieldsV1',
        fieldsV1: shown[0]?.fieldsV1,
      },
    ];
    expect(ownersOfParent(parent, two as never, paths, 'apps/v1')).toMatchObject([
      { manager: 'one', fieldsV1: { 'f:spec': { 'f:paused': {} } } },
      { manager: 'two', apiVersion: 'apps/v1', subresource: 'scale', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ]);
  });
});

test.each(['c', '', 'a b/c.d:1+2=3-4', 'quote"', 'back\\slash', 'grün', 'line\nbreak', '\u2028', '\ud800'])(
  'an item goes by its key as JSON writes it: %j',
  (name) => {
    const shape = shapeOfType('io.k8s.api.core.v1.PodSpec', deployments.types);
    const containers = shape.is === 'map' ? shapeOfMember(shape, 'containers') : undefined;
    if (containers?.is !== 'list') throw new Error('containers are no list');
    expect(elementOfItem(containers, { name })).toBe(`k:${JSON.stringify({ name })}`);
  },
);
