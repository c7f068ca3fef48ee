// Owns a class of volume attributes in virtual time: it stays while a claim is of it, and goes with the last one.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';
import { classFinalizer } from './plan.ts';

let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster();
});
afterAll(() => cluster.stop());

test('a class goes when no claim is of it any more', async () => {
  const { client, clock } = cluster;
  const gold = { name: 'gold' };
  const claim = { namespace: 'default', name: 'data' };
  const made = await client.create(resources.volumeAttributesClasses, {
    metadata: gold,
    driverName: 'd.example.com',
    parameters: { iops: '9' },
  });
  expect(made.metadata.finalizers).toEqual([classFinalizer]);
  await client.create(resources.persistentVolumeClaims, {
    metadata: claim,
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: '',
      volumeAttributesClassName: 'gold',
    },
  });
  const there = async (): Promise<boolean> => (await client.list(resources.volumeAttributesClasses, {})).items.length > 0;
  await clock.advance(1000);
  await client.delete(resources.volumeAttributesClasses, gold);
  await clock.advance(30_000);
  expect(await there()).toBe(true);
  await client.delete(resources.persistentVolumeClaims, claim);
  await clock.until(async () => !(await there()), 10_000);
});
