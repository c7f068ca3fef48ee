// Owns the proof that figures of nodes become metrics: amounts, labels, nodes that do not answer, pods that do not run.
import { expect, test } from 'vitest';
import type { Client } from '../client/client.ts';
import type { NodeConnection } from '../client/node-connection.ts';
import { metricsKinds } from './metrics-kinds.ts';

const time = '2026-01-01T00:00:00Z';
const summary = {
  node: {
    nodeName: 'node1',
    startTime: time,
    cpu: { time, usageNanoCores: 5, usageCoreNanoSeconds: 9 },
    memory: { workingSetBytes: 4096 },
  },
  pods: [
    {
      podRef: { name: 'p', namespace: 'ns', uid: 'u1' },
      cpu: { time },
      containers: [{ name: 'c', cpu: { usageNanoCores: 250 }, memory: { workingSetBytes: 2048 } }],
    },
  ],
};

const objects: Readonly<Record<string, readonly unknown[]>> = {
  nodes: [{ metadata: { name: 'node1', labels: { zone: 'a' } } }, { metadata: { name: 'gone' } }],
  pods: [
    {
      metadata: { name: 'p', namespace: 'ns', uid: 'u1', labels: { app: 'x' } },
      spec: { nodeName: 'node1' },
      status: { phase: 'Running' },
    },
    { metadata: { name: 'done', namespace: 'ns', uid: 'u2' }, spec: { nodeName: 'node1' }, status: { phase: 'Succeeded' } },
  ],
};

test('nodes and pods have the figures that their kubelets tell', async () => {
  let asked = 0;
  const client = { list: async ({ resource }: { resource: string }) => ({ items: objects[resource] }) } as unknown as Client;
  const connection = {
    proxy: async () => {
      asked++;
      const chunks = (async function* () {
        yield Buffer.from(JSON.stringify(summary));
      })();
      return { code: 200, contentType: 'application/json', chunks };
    },
  } as unknown as NodeConnection;
  const [nodes, pods] = metricsKinds({ client, connectionTo: (name) => (name === 'node1' ? connection : undefined), now: () => 0 });
  expect(await nodes?.list('')).toMatchObject([
    { metadata: { name: 'node1', labels: { zone: 'a' } }, usage: { cpu: '5n', memory: '4Ki' } },
  ]);
  expect(await pods?.list('ns')).toMatchObject([
    { metadata: { name: 'p', labels: { app: 'x' } }, containers: [{ name: 'c', usage: { cpu: '250n', memory: '2Ki' } }] },
  ]);
  expect(await pods?.get('ns', 'done')).toBeUndefined();
  expect(asked).toBe(1);
});
