// Tests what a node tells of itself: status, patch, events and lease, and the agent that sends them, on virtual time.
import { afterEach, expect, test } from 'vitest';
import type { Lease } from '../../api/coordination/v1.ts';
import type { Node, NodeStatus } from '../../api/core/v1.ts';
import { alreadyExists, notFound } from '../../api/status-error.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { seededEntropy } from '../../base/entropy.ts';
import { silentLog } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import type { ImageStatus, Runtime, RuntimeCondition } from '../../runtime/runtime.ts';
import { RuntimeError } from '../../runtime/runtime.ts';
import { type NodeAgent, nodeAgent } from './node-agent.ts';
import { countCpus, machineFacts, osImageOf } from './node-facts.ts';
import { conditionEvents, nextReportMs, statusChanged, statusPatch } from './node-report.ts';
import { imagesOf, type NodeIdentity, type NodeObserved, nodeStatus, readinessProblems } from './node-status.ts';

const nowMs = Date.UTC(2026, 0, 1);
const identity: NodeIdentity = {
  nodeName: 'node1',
  nodeIp: '10.0.0.1',
  kubeletVersion: 'v1.36.3',
  kubeletPort: 10250,
  maxPods: 110,
  machine: {
    cpus: 2,
    memoryBytes: 8 * 1024 ** 3 + 512,
    storageBytes: 100 * 1024 ** 3,
    machineId: 'm',
    systemUuid: 's',
    bootId: 'b',
    kernelVersion: '6.1.0',
    osImage: 'Debian GNU/Linux 12 (bookworm)',
    architecture: 'amd64',
  },
};
const ready: readonly RuntimeCondition[] = ['RuntimeReady', 'NetworkReady'].map((type) => ({ type, ready: true, reason: '', message: '' }));
const version = { name: 'containerd', version: '1.6.20' };
const well: NodeObserved = { runtime: { version, conditions: ready }, images: [], pressures: { memory: false, disk: false, pid: false } };

test('sizes are Kubernetes’ quantities, and the eviction threshold is not to be had', () => {
  const { capacity, allocatable } = nodeStatus(identity, well, undefined, nowMs);
  expect(capacity).toEqual({
    cpu: '2',
    memory: '8388608Ki',
    'ephemeral-storage': '104857600Ki',
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    pods: '110',
  });
  expect(allocatable).toMatchObject({ cpu: '2', memory: `${8388608 - 102400}Ki`, pods: '110', 'ephemeral-storage': '106300440576' });
});

test('conditions come in upstream’s order with its words', () => {
  const { conditions } = nodeStatus(identity, well, undefined, nowMs);
  expect(conditions?.map(({ type, status, reason, message }) => [type, status, reason, message])).toEqual([
    ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
  ]);
  const under = nodeStatus(identity, { ...well, pressures: { memory: true, disk: true, pid: true } }, undefined, nowMs);
  expect(under.conditions?.map(({ status, reason }) => [status, reason]).slice(0, 3)).toEqual([
    ['True', 'KubeletHasInsufficientMemory'],
    ['True', 'KubeletHasDiskPressure'],
    ['True', 'KubeletHasInsufficientPID'],
  ]);
});

const broken: RuntimeCondition = {
  type: 'NetworkReady',
  ready: false,
  reason: 'NetworkPluginNotReady',
  message: 'cni plugin not initialized',
};
const network = 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized';
test.each<[string, NodeObserved['runtime'], readonly string[]]>([
  ['nothing', { version, conditions: ready }, []],
  ['no runtime', { down: 'connect ENOENT' }, ['container runtime is down']],
  ['no network', { version, conditions: [broken] }, [network]],
])('what keeps a node from being ready: %s', (_, runtime, expected) => expect(readinessProblems(runtime)).toEqual(expected));

test('several reasons are told in brackets', () => {
  const runtime = { version, conditions: [{ ...broken, type: 'RuntimeReady', reason: 'R', message: 'm' }, broken] };
  expect(nodeStatus(identity, { ...well, runtime }, undefined, nowMs).conditions?.[3]).toMatchObject({
    status: 'False',
    reason: 'KubeletNotReady',
    message: `[container runtime not ready: RuntimeReady=false reason:R message:m, ${network}]`,
  });
});

test('a condition keeps its transition time while its status stays', () => {
  const first = nodeStatus(identity, well, undefined, nowMs);
  const second = nodeStatus(identity, { ...well, runtime: { down: 'x' } }, first, nowMs + 60_000);
  const times = second.conditions?.map(({ type, lastTransitionTime, lastHeartbeatTime }) => [type, lastTransitionTime, lastHeartbeatTime]);
  expect(times?.[0]).toEqual(['MemoryPressure', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z']);
  expect(times?.[3]).toEqual(['Ready', '2026-01-01T00:01:00Z', '2026-01-01T00:01:00Z']);
  expect(second.nodeInfo?.containerRuntimeVersion).toBe('containerd://1.6.20');
});

test('of the images the largest fifty are told, each with five names at most', () => {
  const image = (id: number): ImageStatus => ({
    id: `${id}`,
    repoDigests: [`r@sha256:${id}`],
    repoTags: ['1', '2', '3', '4', '5'].map((tag) => `r${id}:${tag}`),
    sizeBytes: id,
    pinned: false,
  });
  const images = imagesOf(Array.from({ length: 60 }, (_, id) => image(id)));
  expect(images).toHaveLength(50);
  expect(images[0]).toEqual({ names: ['r@sha256:59', 'r59:1', 'r59:2', 'r59:3', 'r59:4'], sizeBytes: 59 });
});

test('heartbeats are no change; a condition, an image or an address is', () => {
  const published = nodeStatus(identity, well, undefined, nowMs);
  expect(statusChanged(published, nodeStatus(identity, well, published, nowMs + 10_000))).toBe(false);
  const others = { ...published, conditions: [...(published.conditions ?? []), { type: 'NetworkUnavailable', status: 'False' }] };
  expect(statusChanged(others, nodeStatus(identity, well, others, nowMs))).toBe(false);
  expect(statusChanged(published, nodeStatus(identity, { ...well, runtime: { down: 'x' } }, published, nowMs))).toBe(true);
  expect(statusChanged(published, nodeStatus({ ...identity, nodeIp: '10.0.0.2' }, well, published, nowMs))).toBe(true);
  const image = { id: '1', repoTags: ['a:1'], repoDigests: [], sizeBytes: 1, pinned: false };
  expect(statusChanged(published, nodeStatus(identity, { ...well, images: [image] }, published, nowMs))).toBe(true);
});

test('the patch replaces addresses, merges conditions and leaves out what is as it was', () => {
  const published = nodeStatus(identity, well, undefined, nowMs);
  const moved = nodeStatus({ ...identity, nodeIp: '10.0.0.2' }, well, published, nowMs);
  const { status } = statusPatch(published, moved) as { status: Record<string, unknown> };
  expect(Object.keys(status).sort()).toEqual(['addresses', 'conditions']);
  expect(status['addresses']).toEqual([
    { $patch: 'replace' },
    { type: 'InternalIP', address: '10.0.0.2' },
    { type: 'Hostname', address: 'node1' },
  ]);
});

test('without a change the status is sent between half and one and a half times five minutes', () => {
  expect([nextReportMs(0, 0), nextReportMs(0, 0.5), nextReportMs(0, 0.999999)].map((ms) => Math.round(ms / 1000))).toEqual([150, 300, 450]);
});

test.each<[string, NodeStatus | undefined, boolean, readonly string[]]>([
  ['a new node', undefined, true, ['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID', 'NodeReady']],
  [
    'a restart',
    nodeStatus(identity, well, undefined, 0),
    true,
    ['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID'],
  ],
  ['nothing new', nodeStatus(identity, well, undefined, 0), false, []],
  ['ready again', nodeStatus(identity, { ...well, runtime: { down: '' } }, undefined, 0), false, ['NodeReady']],
])('events of %s', (_, before, starting, expected) => {
  const events = conditionEvents('node1', before, nodeStatus(identity, well, before, nowMs), starting);
  expect(events.map(({ reason }) => reason)).toEqual(expected);
  expect(events.map(({ message }) => message)).toEqual(expected.map((reason) => `Node node1 status is now: ${reason}`));
});

test('the machine is read from its files', async () => {
  const texts: Record<string, string> = {
    '/proc/meminfo': 'MemTotal:       16384 kB\nMemFree: 1 kB\n',
    '/sys/devices/system/cpu/online': '0-3,6\n',
    '/etc/machine-id': 'abc\n',
    '/proc/sys/kernel/osrelease': '6.1.0\n',
    '/etc/os-release': 'NAME="x"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  };
  const files = {
    readFile: async (path: string) => {
      if (texts[path] === undefined) throw new Error('ENOENT');
      return Buffer.from(texts[path]);
    },
    capacity: async () => ({ sizeBytes: 7, availableBytes: 1, inodes: 1, inodesFree: 1 }),
  } as unknown as Parameters<typeof machineFacts>[0];
  expect(await machineFacts(files, '/var/lib/x', 'x64')).toEqual({
    cpus: 5,
    memoryBytes: 16384 * 1024,
    storageBytes: 7,
    machineId: 'abc',
    systemUuid: 'abc',
    bootId: '',
    kernelVersion: '6.1.0',
    osImage: 'Debian GNU/Linux 12 (bookworm)',
    architecture: 'amd64',
  });
  texts['/proc/meminfo'] = '';
  await expect(machineFacts(files, '/', 'x64')).rejects.toThrow('does not say how much memory');
  expect([countCpus('0'), countCpus('0-63'), countCpus('')]).toEqual([1, 64, 0]);
  expect(osImageOf("PRETTY_NAME='Alpine'")).toBe('Alpine');
});

/** Just enough of an API: one node, one lease, and what was asked. */
function world(existing?: Node) {
  const clock = new VirtualClock(nowMs);
  const state = {
    node: existing,
    lease: undefined as Lease | undefined,
    down: undefined as string | undefined,
    created: 0,
    patches: [] as unknown[],
    renewals: 0,
    leaseFailures: 0,
    events: [] as string[],
  };
  const nodes = { group: '', resource: 'nodes' };
  const client = {
    async get({ resource }: { resource: string }) {
      const found = resource === 'nodes' ? state.node : state.lease;
      if (found === undefined) throw notFound({ group: '', resource }, 'node1');
      return found;
    },
    async create({ resource }: { resource: string }, object: Node & Lease) {
      if (resource === 'leases') {
        if (state.leaseFailures-- > 0) throw notFound({ group: '', resource: 'namespaces' }, 'kube-node-lease');
        state.lease = object;
        return object;
      }
      if (state.node !== undefined) throw alreadyExists(nodes, 'node1');
      state.created += 1;
      state.node = { ...object, metadata: { ...object.metadata, uid: 'u1' } };
      return state.node;
    },
    async update(_: unknown, object: Lease) {
      state.renewals += 1;
      state.lease = object;
      return object;
    },
    async patch(_: unknown, __: unknown, { body }: { body: { status?: NodeStatus; metadata?: object } }) {
      if (state.node === undefined) throw notFound(nodes, 'node1');
      state.patches.push(body);
      const addresses = body.status?.addresses?.slice(1) ?? state.node.status?.addresses;
      const status = { ...state.node.status, ...body.status, ...(addresses !== undefined && { addresses }) };
      state.node = { ...state.node, metadata: { ...state.node.metadata, ...body.metadata }, status };
      return state.node;
    },
  } as unknown as Client;
  const runtime = {
    async version() {
      if (state.down !== undefined) throw new RuntimeError('Unavailable', state.down);
      return version;
    },
    conditions: async () => ready,
    listImages: async () => [],
  } as unknown as Runtime;
  const start = (): NodeAgent => {
    const tell = (_: unknown, __: string, reason: string): void => void state.events.push(reason);
    const agent = nodeAgent({ ...identity, client, runtime, clock, entropy: seededEntropy(1), log: silentLog, tell });
    running.push(agent);
    return agent;
  };
  return { clock, state, start };
}
const running: NodeAgent[] = [];
afterEach(() => Promise.all(running.splice(0).map((agent) => agent.stop())));

test('a node is registered ready at once, told of, and not written again while nothing changes', async () => {
  const { clock, state, start } = world();
  const agent = start();
  await clock.advance(0);
  await agent.ready;
  expect(state.node?.metadata).toMatchObject({
    labels: { 'kubernetes.io/hostname': 'node1', 'beta.kubernetes.io/arch': 'amd64' },
    annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
  });
  expect(state.events).toEqual([
    'Starting',
    'NodeHasSufficientMemory',
    'NodeHasNoDiskPressure',
    'NodeHasSufficientPID',
    'NodeAllocatableEnforced',
    'NodeReady',
  ]);
  const written = state.patches.length;
  await clock.advance(100_000);
  expect(state.patches).toHaveLength(written);
  await clock.advance(400_000);
  expect(state.patches.length).toBeGreaterThan(written);
});

test('a runtime that comes late makes the node ready soon after', async () => {
  const { clock, state, start } = world();
  state.down = 'not yet';
  const agent = start();
  await clock.advance(1000);
  expect(state.node?.status?.conditions?.[3]).toMatchObject({ status: 'False', message: 'container runtime is down' });
  state.down = undefined;
  await clock.advance(200);
  await agent.ready;
  expect(state.events.at(-1)).toBe('NodeReady');
});

test('a runtime that goes away later makes it not ready within ten seconds', async () => {
  const { clock, state, start } = world();
  start();
  await clock.advance(1000);
  state.down = 'gone';
  await clock.advance(10_000);
  expect(state.node?.status?.conditions?.[3]?.status).toBe('False');
  expect(state.events.at(-1)).toBe('NodeNotReady');
});

test('a node that is there is adopted: its labels are put right, and NodeReady is not told again', async () => {
  const before = world();
  before.start();
  await before.clock.advance(10);
  const old = before.state.node;
  const { clock, state, start } = world({ ...old, metadata: { ...old?.metadata, labels: { mine: 'yes' } } } as Node);
  const agent = start();
  await clock.advance(10);
  await agent.ready;
  expect(state.created).toBe(0);
  expect(state.patches[0]).toMatchObject({ metadata: { labels: { 'kubernetes.io/os': 'linux' } } });
  expect(state.events).not.toContain('NodeReady');
});

test('a node that is deleted is not made again while the agent runs', async () => {
  const { clock, state, start } = world();
  start();
  await clock.advance(1000);
  state.node = undefined;
  await clock.advance(900_000);
  expect(state.node).toBeUndefined();
  expect(state.created).toBe(1);
});

test('the lease is made once its namespace is there, belongs to the node, and is renewed every ten seconds', async () => {
  const { clock, state, start } = world();
  state.leaseFailures = 2;
  start();
  await clock.advance(1000);
  expect(state.lease?.spec).toMatchObject({ holderIdentity: 'node1', leaseDurationSeconds: 40 });
  expect(state.lease?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Node', name: 'node1', uid: 'u1' });
  await clock.advance(60_000);
  expect(state.renewals).toBe(6);
  expect(state.lease?.spec.renewTime).toMatch(/^2026-01-01T00:01:0\d\.\d{6}Z$/);
});

test('stopping ends everything; ready is refused where it was not reached', async () => {
  const { clock, state, start } = world();
  state.down = 'never';
  const agent = start();
  await clock.advance(10);
  await agent.stop();
  await expect(agent.ready).rejects.toThrow('stopped');
  const { renewals } = state;
  await clock.advance(100_000);
  expect(state.renewals).toBe(renewals);
});
