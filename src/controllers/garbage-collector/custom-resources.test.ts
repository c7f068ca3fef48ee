// Tests that custom resources own, are owned, and go with their namespace as built-in ones do, and that their definition may come and go.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AnyObject } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import { type Resource, resource } from '../../client/resource.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';

const widgets = resource<AnyObject>('example.com/v1', 'widgets', 'Widget', true);
const namespace = 'shop';
let cluster: SimulatedCluster;

beforeAll(async () => {
  cluster = await openSimulatedCluster({ nodes: 0 });
  const { client, clock } = cluster;
  await client.create(resources.namespaces, { metadata: { name: namespace }, spec: {} });
  await client.create(resources.customResourceDefinitions, {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  });
  await clock.until(async () => {
    const { status } = await client.get(resources.customResourceDefinitions, { name: 'widgets.example.com' });
    return status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True') ?? false;
  }, 90_000);
});
afterAll(() => cluster.stop());

const make = async (of: Resource<AnyObject>, name: string, owner?: AnyObject): Promise<AnyObject> => {
  const reference = owner && { apiVersion: 'example.com/v1', kind: 'Widget', name: owner.metadata.name, uid: owner.metadata.uid };
  const metadata = { name, namespace, ...(reference === undefined ? {} : { ownerReferences: [reference] }) };
  return cluster.client.create(of, { apiVersion: 'example.com/v1', kind: of.kind, metadata } as AnyObject);
};
const maps = resources.configMaps as Resource<never> as Resource<AnyObject>;
const isThere = (of: Resource<AnyObject>, name: string): Promise<boolean> =>
  cluster.client.get(of, { namespace, name }).then(
    () => true,
    (error: unknown) => {
      if (hasReason(error, 'NotFound')) return false;
      throw error;
    },
  );

test('what a custom object owns goes with it, custom or not', async () => {
  const { client, clock } = cluster;
  const owner = await make(widgets, 'owner');
  const middle = await make(widgets, 'middle', owner);
  await client.create(resources.configMaps, {
    metadata: {
      name: 'leaf',
      namespace,
      ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'middle', uid: middle.metadata.uid }],
    },
  });
  await clock.advance(5000);
  expect([await isThere(widgets, 'middle'), await isThere(maps, 'leaf')]).toEqual([true, true]);
  await client.delete(widgets, { namespace, name: 'owner' });
  await clock.until(async () => !(await isThere(widgets, 'middle')) && !(await isThere(maps, 'leaf')), 60_000);
});

test('custom objects go with their namespace', async () => {
  const { client, clock } = cluster;
  await make(widgets, 'last');
  await client.delete(resources.namespaces, { name: namespace });
  await clock.until(
    async () => (await client.list(resources.namespaces)).items.every(({ metadata }) => metadata.name !== namespace),
    60_000,
  );
  expect(await isThere(widgets, 'last')).toBe(false);
});
