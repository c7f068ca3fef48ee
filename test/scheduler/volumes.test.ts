// Owns the stories of pods and volumes through the API: a claim that waits for its pod gets its volume before the pod is bound.
import { expect, test } from 'vitest';
import type { Pod } from '../../src/api/core/v1.ts';
import { resources } from '../../src/client/resources.ts';
import { openVirtualCluster } from '../../src/cluster/virtual-cluster.ts';
import { openSchedulerForTests } from './scheduler-for-tests.ts';

const usesClaim = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] };
const claim = (storageClassName: string) => ({
  metadata: { name: 'data', namespace: 'default' },
  spec: { storageClassName, accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } },
});

test('a volume of one node draws the pod there, and is bound before the pod is', async () => {
  const cluster = await openVirtualCluster({ nodes: 3 });
  try {
    const { client, clock } = cluster;
    const nodes = (await client.list(resources.nodes)).items.map(({ metadata }) => metadata.name).sort();
    await client.create(resources.storageClasses, {
      metadata: { name: 'late' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await client.create(resources.persistentVolumes, {
      metadata: { name: 'pv1' },
      spec: {
        storageClassName: 'late',
        capacity: { storage: '2Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/tmp/pv1' },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodes[1] ?? ''] }] }],
          },
        },
      },
    });
    await client.create(resources.persistentVolumeClaims, claim('late'));
    await clock.advance(2_000);
    await client.create(resources.pods, {
      metadata: { name: 'p', namespace: 'default' },
      spec: { ...usesClaim, containers: [{ name: 'c', image: 'app' }] },
    });
    let pod: Pod | undefined;
    for (let waited = 0; waited < 30 && !pod?.spec.nodeName; waited++) {
      await clock.advance(1_000);
      pod = await client.get(resources.pods, { namespace: 'default', name: 'p' });
    }
    expect(pod?.spec.nodeName).toBe(nodes[1]);
    const bound = await client.get(resources.persistentVolumeClaims, { namespace: 'default', name: 'data' });
    expect(bound.spec?.volumeName).toBe('pv1');
  } finally {
    await cluster.stop();
  }
});

test('a volume that is still to be made: the node is written on the claim, and the pod waits with its nomination', async () => {
  const world = await openSchedulerForTests();
  try {
    await world.node('n1', { labels: { zone: 'a' } });
    await world.node('n2', { labels: { zone: 'b' } });
    await world.client.create(resources.storageClasses, {
      metadata: { name: 'dyn' },
      provisioner: 'example.com/prov',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['b'] }] }],
    });
    await world.client.create(resources.persistentVolumeClaims, claim('dyn'));
    world.start();
    await world.pod('p', { spec: usesClaim });
    await world.until('p', ({ status }) => status?.nominatedNodeName === 'n2');
    const asked = await world.client.get(resources.persistentVolumeClaims, { namespace: 'default', name: 'data' });
    expect(asked.metadata.annotations?.['volume.kubernetes.io/selected-node']).toBe('n2');
    expect((await world.get('p')).spec.nodeName ?? '').toBe('');
    const merge = {
      type: 'merge',
      body: { metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }, spec: { volumeName: 'made' } },
    } as const;
    await world.client.patch(resources.persistentVolumeClaims, { namespace: 'default', name: 'data' }, merge);
    expect((await world.until('p', ({ spec }) => Boolean(spec.nodeName))).spec.nodeName).toBe('n2');
  } finally {
    await world.stop();
  }
});

test('a provisioner that gives up sends the pod back to choose again', async () => {
  const world = await openSchedulerForTests();
  try {
    await world.node('n1');
    await world.client.create(resources.storageClasses, {
      metadata: { name: 'dyn' },
      provisioner: 'example.com/prov',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await world.client.create(resources.persistentVolumeClaims, claim('dyn'));
    world.start();
    await world.pod('p', { spec: usesClaim });
    await world.until('p', ({ status }) => status?.nominatedNodeName === 'n1');
    const give = { type: 'merge', body: { metadata: { annotations: { 'volume.kubernetes.io/selected-node': null } } } } as const;
    await world.client.patch(resources.persistentVolumeClaims, { namespace: 'default', name: 'data' }, give);
    await world.clock.advance(5_000);
    expect((await world.events('p')).some((event) => event.includes('selected node annotation was reset'))).toBe(true);
    const again = await world.client.get(resources.persistentVolumeClaims, { namespace: 'default', name: 'data' });
    expect(again.metadata.annotations?.['volume.kubernetes.io/selected-node']).toBe('n1');
  } finally {
    await world.stop();
  }
});
