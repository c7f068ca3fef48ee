// Owns a control plane in virtual time with a scheduler and nothing else, for tests of the scheduler: nodes are objects, nobody runs pods.

import type { Node, Pod, PodSpec } from '../../src/api/core/v1.ts';
import { apiServerUser, componentUser } from '../../src/apiserver/auth/user.ts';
import { VirtualClock } from '../../src/base/clock-virtual.ts';
import { seededEntropy } from '../../src/base/entropy.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Client } from '../../src/client/client.ts';
import { resources } from '../../src/client/resources.ts';
import { makeCa, makeKey } from '../../src/cluster/certificates.ts';
import { openControlPlane } from '../../src/cluster/control-plane.ts';
import { createScheduler, type Scheduler } from '../../src/scheduler/scheduler.ts';
import type { SchedulerConfig } from '../../src/scheduler/scheduler-config.ts';
import { memoryStore } from '../../src/store/memory.ts';

/** A control plane whose scheduler can be stopped and started. */
export interface SchedulerForTests {
  readonly clock: VirtualClock;
  readonly client: Client;
  /** Starts a scheduler; `wrap` stands between it and the API. */
  start(config?: SchedulerConfig, wrap?: (client: Client) => Client): Scheduler;
  node(
    name: string,
    more?: { readonly cpu?: string; readonly labels?: Record<string, string>; readonly spec?: Partial<Node['spec']> },
  ): Promise<Node>;
  pod(
    name: string,
    more?: { readonly cpu?: string; readonly labels?: Record<string, string>; readonly spec?: Partial<PodSpec> },
  ): Promise<Pod>;
  get(name: string): Promise<Pod>;
  /** Waits until the pod is as wanted; fails after a minute of virtual time. */
  until(name: string, wanted: (pod: Pod) => boolean): Promise<Pod>;
  events(about: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Opens one. */
export async function openSchedulerForTests(): Promise<SchedulerForTests> {
  const clock = new VirtualClock();
  const entropy = seededEntropy(1);
  const store = memoryStore();
  const ca = await makeCa(clock.now());
  const server = await openControlPlane({
    store,
    clock,
    entropy,
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
  const running = new Set<Scheduler>();
  await client.create(resources.serviceAccounts, { metadata: { name: 'default', namespace: 'default' } });
  const get = (name: string): Promise<Pod> => client.get(resources.pods, { namespace: 'default', name });
  return {
    clock,
    client,
    start(config, wrap = (one) => one) {
      const own = wrap(server.client(componentUser('system:kube-scheduler')));
      const scheduler = createScheduler({ client: own, clock, entropy, log: silentLog, ...(config && { config }) });
      running.add(scheduler);
      return scheduler;
    },
    async node(name, { cpu = '1', labels = {}, spec = {} } = {}) {
      await client.create(resources.nodes, { metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } }, spec });
      const amounts = { cpu, memory: '8Gi', pods: '110' };
      // Admission taints a new node until it is ready.
      const merge = (body: Record<string, unknown>) => ({ type: 'merge', body }) as const;
      await client.patch(resources.nodes, { name }, merge({ spec: { taints: spec.taints ?? null } }));
      return client.patch(resources.nodes, { name }, merge({ status: { capacity: amounts, allocatable: amounts } }), {
        subresource: 'status',
      });
    },
    pod: (name, { cpu = '1', labels = {}, spec = {} } = {}) =>
      client.create(resources.pods, {
        metadata: { name, namespace: 'default', labels },
        spec: { containers: [{ name: 'c', image: 'app', resources: { requests: { cpu } } }], ...spec },
      }),
    get,
    async until(name, wanted) {
      let found: Pod | undefined;
      let last: Pod | undefined;
      for (let waited = 0; found === undefined && waited < 60_000; waited += 250) {
        await clock.advance(250);
        last = await get(name);
        if (wanted(last)) found = last;
      }
      if (found === undefined)
        throw new Error(`pod ${name} did not become as wanted: ${JSON.stringify([last?.spec.nodeName, last?.status])}`);
      return found;
    },
    async events(about) {
      await clock.advance(1_000);
      const { items } = await client.list(resources.events, { namespace: 'default', fieldSelector: `involvedObject.name=${about}` });
      return items.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
    },
    async stop() {
      await Promise.all([...running].map((scheduler) => scheduler.stop()));
      await server.close();
      await store.close();
    },
  };
}
