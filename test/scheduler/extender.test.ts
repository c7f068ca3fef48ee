// Owns the story of an extender: it is asked, its word counts, its silence is an error or is ignored, as it was configured.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Node, Pod } from '../../src/api/core/v1.ts';
import { silentLog } from '../../src/base/log.ts';
import { ClusterState } from '../../src/scheduler/cluster-state.ts';
import { extendedAttempt } from '../../src/scheduler/extended-attempt.ts';
import { askBind, type ExtenderOptions, minds } from '../../src/scheduler/extender.ts';
import { defaultProfile } from '../../src/scheduler/profile.ts';
import { RankingMemory } from '../../src/scheduler/schedule.ts';

type Asked = {
  readonly Nodes?: { readonly items: readonly Node[] };
  readonly NodeNames?: readonly string[];
  readonly NodeNameToVictims?: Readonly<Record<string, { readonly Pods: readonly Pod[]; readonly NumPDBViolations: number }>>;
  readonly Node?: string;
};
let server: Server;
let answers: Record<string, (asked: Asked) => unknown> = {};
const asked: string[] = [];

beforeEach(async () => {
  answers = {};
  asked.length = 0;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const verb = (request.url ?? '').slice(1);
      asked.push(verb);
      const answer = answers[verb];
      response.statusCode = answer === undefined ? 500 : 200;
      response.end(answer === undefined ? '' : JSON.stringify(answer(JSON.parse(body) as Asked)));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise<void>((resolve) => void server.close(() => resolve())));

const options = (more: Partial<ExtenderOptions> = {}): ExtenderOptions => ({
  urlPrefix: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  weight: 1,
  timeoutMs: 2_000,
  nodeCacheCapable: false,
  managedResources: [],
  ignorable: false,
  ...more,
});
const metadata = (name: string): Pod['metadata'] => ({
  name,
  uid: name,
  namespace: 'default',
  resourceVersion: '1',
  creationTimestamp: '',
});
const pod: Pod = { metadata: metadata('p'), spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] } };
const attemptWith = (...extenders: readonly ExtenderOptions[]) => {
  const cluster = new ClusterState();
  for (const name of ['n1', 'n2', 'n3'])
    cluster.putNode({ metadata: metadata(name), spec: {}, status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10' } } });
  return extendedAttempt(pod, {
    cluster,
    profile: defaultProfile,
    memory: new RankingMemory(),
    extenders,
    fraction: () => 0,
    log: silentLog,
  });
};

test('what it leaves is what there is to choose from, and its scores decide among equals', async () => {
  answers = {
    // Extenders in Go answer in Go's spelling, others as they like.
    filter: ({ Nodes }) => ({
      Nodes: { metadata: {}, items: Nodes?.items.filter(({ metadata: { name } }) => name !== 'n1') },
      NodeNames: null,
      FailedNodes: { n1: 'no license' },
      FailedAndUnresolvableNodes: null,
      Error: '',
    }),
    prioritize: ({ Nodes }) => Nodes?.items.map(({ metadata: { name } }) => ({ host: name, score: name === 'n3' ? 10 : 0 })),
  };
  expect(await attemptWith(options({ filterVerb: 'filter', prioritizeVerb: 'prioritize' }))).toEqual({ outcome: 'placed', node: 'n3' });
  expect(asked).toEqual(['filter', 'prioritize']);
});

test('one with a cache of its own is sent names', async () => {
  answers = { filter: ({ NodeNames }) => ({ nodenames: NodeNames?.slice(1, 2) }) };
  expect(await attemptWith(options({ filterVerb: 'filter', nodeCacheCapable: true }))).toEqual({ outcome: 'placed', node: 'n2' });
});

test('where it leaves nothing the pod waits, in its words', async () => {
  const tail = 'no new claims to deallocate, preemption: 0/3 nodes are available:';
  answers = { filter: () => ({ nodes: { items: [] }, failedNodes: { n1: 'no license', n2: 'no license', n3: 'on fire' } }) };
  expect(await attemptWith(options({ filterVerb: 'filter' }))).toMatchObject({
    outcome: 'unschedulable',
    message: `0/3 nodes are available: 1 on fire, 2 no license. ${tail} 3 No preemption victims found for incoming pod.`,
  });
  answers = { filter: () => ({ nodes: { items: [] }, failedNodes: { n1: 'busy' }, failedAndUnresolvableNodes: { n2: 'no', n3: 'no' } }) };
  expect(await attemptWith(options({ filterVerb: 'filter' }))).toMatchObject({
    message: `0/3 nodes are available: 1 busy, 2 no. ${tail} 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.`,
  });
});

test('where it leaves nothing others may still have to go from a node that plugins turned down', async () => {
  const cluster = new ClusterState();
  for (const [name, cpu] of [
    ['n1', '4'],
    ['n2', '1'],
  ] as const)
    cluster.putNode({ metadata: metadata(name), spec: {}, status: { allocatable: { cpu, memory: '8Gi', pods: '10' } } });
  cluster.putPod({ metadata: metadata('low'), spec: { ...pod.spec, nodeName: 'n2', priority: 0 } });
  answers = { filter: () => ({ nodes: { items: [] }, failedNodes: { n1: 'no license' } }) };
  const parts = { cluster, profile: defaultProfile, memory: new RankingMemory(), fraction: () => 0, log: silentLog };
  const asking = { ...pod, spec: { ...pod.spec, priority: 10 } };
  const tried = await extendedAttempt(asking, { ...parts, extenders: [options({ filterVerb: 'filter' })] });
  expect(tried).toMatchObject({ outcome: 'unschedulable', candidate: { node: 'n2', pods: [{ metadata: { name: 'low' } }] } });
});

test('one that does not answer is an error, unless it may be ignored', async () => {
  expect(await attemptWith(options({ filterVerb: 'filter' }))).toMatchObject({
    outcome: 'error',
    message: expect.stringContaining('code 500'),
  });
  expect(await attemptWith(options({ filterVerb: 'filter', ignorable: true }))).toEqual({ outcome: 'placed', node: 'n1' });
});

test('it is shown every candidate of a preemption, and what it leaves of them is weighed again', async () => {
  const cluster = new ClusterState();
  for (const [at, name] of ['n1', 'n2', 'n3'].entries()) {
    cluster.putNode({ metadata: metadata(name), spec: {}, status: { allocatable: { cpu: '1', memory: '8Gi', pods: '10' } } });
    cluster.putPod({ metadata: metadata(`low-${name}`), spec: { ...pod.spec, nodeName: name, priority: at } });
  }
  const shown: string[][] = [];
  answers = {
    preempt({ NodeNameToVictims = {} }) {
      shown.push(Object.keys(NodeNameToVictims).sort());
      const { n1: _, ...others } = NodeNameToVictims;
      const uids = (pods: readonly Pod[]) => pods.map(({ metadata: { uid } }) => ({ UID: uid }));
      const left = Object.entries(others).map(([name, { Pods }]) => [name, { Pods: uids(Pods), NumPDBViolations: 0 }]);
      return { NodeNameToMetaVictims: Object.fromEntries(left) };
    },
  };
  const parts = { cluster, profile: defaultProfile, memory: new RankingMemory(), fraction: () => 0, log: silentLog };
  const asking = { ...pod, spec: { ...pod.spec, priority: 10 } };
  const tried = await extendedAttempt(asking, { ...parts, extenders: [options({ preemptVerb: 'preempt' })] });
  expect(shown).toEqual([['n1', 'n2', 'n3']]);
  expect(tried).toMatchObject({ outcome: 'unschedulable', candidate: { node: 'n2' } });
});

test('it minds pods that ask for what it manages, and binds', async () => {
  const own = options({ managedResources: [{ name: 'example.com/gpu', ignoredByScheduler: false }], bindVerb: 'bind' });
  expect(minds(own, pod)).toBe(false);
  expect(minds(own, { ...pod, spec: { containers: [{ name: 'c', resources: { requests: { 'example.com/gpu': '1' } } }] } })).toBe(true);
  let bound = '';
  answers = {
    bind({ Node: name }) {
      bound = name ?? '';
      return {};
    },
  };
  await askBind(own, pod, 'n2');
  expect(bound).toBe('n2');
  answers = { bind: () => ({ Error: 'taken' }) };
  await expect(askBind(own, pod, 'n2')).rejects.toThrow('taken');
});
