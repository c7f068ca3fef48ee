// Owns a control plane of this process with a scheduler and nodes that are objects only, for benches through the API.

import type { Namespace, Pod } from '../src/api/core/v1.ts';
import type { Draft } from '../src/api/object.ts';
import type { ApiServer } from '../src/apiserver/api-server.ts';
import { apiServerUser, componentUser } from '../src/apiserver/auth/user.ts';
import { systemClock } from '../src/base/clock.ts';
import { systemEntropy } from '../src/base/entropy.ts';
import { silentLog } from '../src/base/log.ts';
import type { Client } from '../src/client/client.ts';
import { Informer } from '../src/client/informer.ts';
import { resources } from '../src/client/resources.ts';
import { makeCa, makeKey } from '../src/cluster/certificates.ts';
import { openControlPlane } from '../src/cluster/control-plane.ts';
import { createScheduler, type Scheduler } from '../src/scheduler/scheduler.ts';
import { memoryStore } from '../src/store/memory.ts';
import { benchNode } from './lib-scheduling.ts';

/** A cluster to measure. */
export interface BenchCluster {
  readonly client: Client;
  readonly scheduler: Scheduler;
  /** Creates pods with so many requests under way, and waits until `count` of the pods so far are bound; milliseconds. */
  place(pods: readonly Pod[], count?: number): Promise<number>;
  /** Waits until so many of all pods are bound. */
  bound(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Opens one with so many nodes of 4 cores. */
export async function openBenchCluster(nodes: number): Promise<BenchCluster> {
  const store = memoryStore();
  const ca = await makeCa(systemClock.now());
  const server: ApiServer = await openControlPlane({
    store,
    clock: systemClock,
    entropy: systemEntropy,
    log: silentLog,
    caPem: ca.cert,
    serviceAccountKey: await makeKey(),
    serviceCidrs: ['10.96.0.0/16'],
    apiIp: '10.42.0.1',
    apiPort: 6443,
    nodeConnections: () => undefined,
    ownNodes: false,
  });
  const client = server.client(apiServerUser);
  for (const namespace of ['bench'])
    await client
      .create(resources.namespaces, { metadata: { name: namespace }, spec: {} } as Draft<Namespace>)
      .then(() => client.create(resources.serviceAccounts, { metadata: { name: 'default', namespace } }));
  for (const [name, value] of Object.entries({ low: 10, high: 1000 }))
    await client.create(resources.priorityClasses, { metadata: { name }, value });
  await all(
    Array.from({ length: nodes }, (_, index) => index),
    async (index) => {
      const { metadata, status } = benchNode(index);
      const { name, labels = {} } = metadata;
      await client.create(resources.nodes, { metadata: { name, labels }, spec: {} });
      const merge = (body: Record<string, unknown>) => ({ type: 'merge', body }) as const;
      await client.patch(resources.nodes, { name }, merge({ spec: { taints: null } }));
      await client.patch(resources.nodes, { name }, merge({ status: { ...status, capacity: status?.allocatable } }), {
        subresource: 'status',
      });
    },
  );
  const own = server.client(componentUser('system:kube-scheduler'));
  const scheduler = createScheduler({ client: own, clock: systemClock, entropy: systemEntropy, log: silentLog });
  const bound = new Set<string>();
  let wake: (() => void) | undefined;
  const informer = new Informer({ client, resource: resources.pods, clock: systemClock, log: silentLog });
  const see = ({ metadata, spec }: Pod): void => {
    if (!spec.nodeName) return;
    bound.add(metadata.uid);
    wake?.();
  };
  informer.on({ added: see, updated: see });
  await informer.start().synced;
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        if (bound.size >= count) resolve();
      };
      wake();
    });
  // Timers of the parts keep nobody awake: whoever waits for pods must.
  const awake = setInterval(() => {}, 1_000);
  return {
    client,
    scheduler,
    bound: until,
    async place(pods, count = bound.size + pods.length) {
      const startMs = performance.now();
      const creating = all(pods, async ({ metadata: { name, namespace = 'bench', labels = {} }, spec }) => {
        await client.create(resources.pods, {
          metadata: { name, namespace, labels },
          spec: { ...spec, automountServiceAccountToken: false },
        });
      });
      await Promise.all([creating, until(count)]);
      return performance.now() - startMs;
    },
    async stop() {
      await Promise.all([scheduler.stop(), informer.stop()]);
      await server.close();
      await store.close();
      clearInterval(awake);
    },
  };
}

/** Does something for each, 32 at a time. */
async function all<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next++];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
}
