// Owns a whole node for tests of the kubelet: a real API in this process, files in memory, virtual time, and whichever runtime a test brings.

import type { Node, Pod, PodSpec, PodStatus } from '../../src/api/core/v1.ts';
import { builtInCatalog } from '../../src/api/kinds/built-in.ts';
import type { Draft } from '../../src/api/object.ts';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import { apiServerUser } from '../../src/apiserver/auth/user.ts';
import { VirtualClock } from '../../src/base/clock-virtual.ts';
import { seededEntropy } from '../../src/base/entropy.ts';
import type { Log } from '../../src/base/log.ts';
import type { Client } from '../../src/client/client.ts';
import { resources } from '../../src/client/resources.ts';
import { createKubelet, type Kubelet } from '../../src/kubelet/kubelet.ts';
import { conditionLine } from '../../src/kubelet/pod/world-for-tests.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { type MemoryFiles, memoryFiles } from '../../src/runtime/simulated/memory-files.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { ScriptedRuntime } from './scripted-runtime.ts';

/** Where the pods of tests live. */
export const namespace = 'default';

/** A node with everything around it. `R`: the runtime that the test wants. */
export class Bench<R extends Runtime = ScriptedRuntime> {
  readonly clock = new VirtualClock();
  readonly files: MemoryFiles = memoryFiles({ clock: this.clock });
  readonly runtime: R;
  readonly client: Client;
  readonly problems: string[] = [];
  readonly history = new Map<string, PodStatus[]>();
  readonly #stop = new AbortController();
  kubelet: Kubelet | undefined;

  constructor(runtimeOf: (clock: VirtualClock, files: MemoryFiles) => R) {
    this.runtime = runtimeOf(this.clock, this.files);
    const server = createApiServer({
      store: memoryStore(),
      catalog: builtInCatalog(),
      clock: this.clock,
      entropy: seededEntropy(1),
      log: this.#log(),
      authenticator: { authenticate: async () => apiServerUser },
      authorizer: { authorize: () => ({ verdict: 'allow', reason: '' }), rulesFor: () => ({ rules: [], errors: [], incomplete: false }) },
      admission: [],
    });
    this.client = server.client(apiServerUser);
  }

  #log(): Log {
    const keep = (message: string, facts?: Readonly<Record<string, unknown>>): void => {
      const error = facts?.['error'];
      this.problems.push(`${message} ${error instanceof Error ? error.stack : JSON.stringify(facts)}`);
    };
    const log: Log = { debug() {}, info() {}, warn: keep, error: keep, with: () => log };
    return log;
  }

  startKubelet(): Kubelet {
    this.kubelet = createKubelet({
      client: this.client,
      runtime: this.runtime,
      files: this.files,
      clock: this.clock,
      entropy: seededEntropy(2),
      log: this.#log(),
      nodeName: 'node1',
      nodeIp: '10.0.0.1',
      rootDir: '/kubelet',
      logDir: '/logs',
      cgroupRoot: '/kubepods',
      clusterDns: ['10.96.0.10'],
      clusterDomain: 'cluster.local',
      memoryBytes: 8 * 2 ** 30,
      manifestsDir: '/manifests',
    });
    return this.kubelet;
  }

  async start(): Promise<this> {
    const status = { allocatable: { cpu: '2', memory: '4Gi', pods: '110' } };
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node1' }, status } as unknown as Draft<Node>;
    await this.client.create(resources.nodes, node);
    await this.client.updateStatus(resources.nodes, node);
    this.#record().catch(() => {});
    const { ready } = this.startKubelet();
    let done = false;
    void ready.then(() => (done = true));
    await this.clock.until(() => done);
    return this;
  }

  async #record(): Promise<void> {
    for await (const { type, object } of this.client.watch(resources.pods, { namespace, signal: this.#stop.signal })) {
      if (type === 'BOOKMARK') continue;
      const name = object.metadata.name ?? '';
      this.history.set(name, [...(this.history.get(name) ?? []), object.status ?? {}]);
    }
  }

  async create(name: string, spec: Omit<PodSpec, 'containers'> & Partial<PodSpec>): Promise<Pod> {
    const full = {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      nodeName: 'node1',
      containers: [{ name: 'c', image: 'busybox:1.36' }],
      ...spec,
    };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: full };
    return this.client.create(resources.pods, pod as Draft<Pod>);
  }

  async pod(name: string): Promise<Pod | undefined> {
    const list = await this.client.list(resources.pods, { namespace });
    return list.items.find((pod) => pod.metadata.name === name);
  }

  async until(name: string, condition: (status: PodStatus, pod: Pod) => boolean, limitMs = 600_000): Promise<Pod> {
    await this.clock.until(async () => {
      const pod = await this.pod(name);
      return pod !== undefined && condition(pod.status ?? {}, pod);
    }, limitMs);
    return (await this.pod(name)) as Pod;
  }

  sequence(name: string, of: (status: PodStatus) => string): readonly string[] {
    const values = (this.history.get(name) ?? []).map(of);
    return values.filter((value, index) => value !== values[index - 1]);
  }

  async events(): Promise<readonly string[]> {
    const { items } = await this.client.list(resources.events, { namespace });
    return items.map(({ reason, message, count }) => `${reason}: ${message} x${count}`).toSorted();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    const stopping = this.kubelet?.stop();
    let done = false;
    void stopping?.then(() => (done = true));
    await this.clock.until(() => done || stopping === undefined);
  }
}

/** A bench whose containers are scripted. */
export function scriptedBench(): Bench {
  return new Bench((clock) => new ScriptedRuntime(clock));
}

/** True for a pod that is ready. */
export const isReady = (status: PodStatus): boolean => conditionLine(status, 'Ready') === 'True';
