// Owns proving that patches which say no version never lose to each other: each is made anew on what is there.
import { expect, test } from 'vitest';
import { resources } from '../../src/client/resources.ts';
import { openSimulatedCluster } from '../../src/testing/simulated-cluster.ts';

test('fifty patches of one object at once all succeed, and all are there', async () => {
  const cluster = await openSimulatedCluster({ nodes: 0 });
  try {
    const key = { namespace: 'default', name: 'shared' };
    await cluster.client.create(resources.configMaps, { metadata: key, data: {} });
    const names = Array.from({ length: 50 }, (_, index) => `k${index}`);
    await Promise.all(
      names.map((name) => cluster.client.patch(resources.configMaps, key, { type: 'merge', body: { data: { [name]: 'x' } } })),
    );
    const { data } = await cluster.client.get(resources.configMaps, key);
    expect(Object.keys(data ?? {}).sort()).toEqual([...names].sort());
  } finally {
    await cluster.stop();
  }
});

test('a patch that says a version which is not the present one is a Conflict', async () => {
  const cluster = await openSimulatedCluster({ nodes: 0 });
  try {
    const key = { namespace: 'default', name: 'guarded' };
    const { metadata } = await cluster.client.create(resources.configMaps, { metadata: key, data: {} });
    const patch = (value: string): Promise<unknown> =>
      cluster.client.patch(resources.configMaps, key, {
        type: 'merge',
        body: { metadata: { resourceVersion: metadata.resourceVersion }, data: { value } },
      });
    await patch('first');
    await expect(patch('second')).rejects.toMatchObject({ reason: 'Conflict' });
  } finally {
    await cluster.stop();
  }
});
