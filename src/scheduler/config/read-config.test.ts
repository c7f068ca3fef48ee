// Owns the table of configurations: what upstream's KubeSchedulerConfiguration means here, and what is said of one that is wrong.
import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import { attempt } from '../attempt.ts';
import { ClusterState } from '../cluster-state.ts';
import { defaultPlugins } from '../plugins/default-plugins.ts';
import { ConfigError } from './config-reader.ts';
import { readSchedulerConfig } from './read-config.ts';

const config = (more: Record<string, unknown> = {}) => ({
  apiVersion: 'kubescheduler.config.k8s.io/v1',
  kind: 'KubeSchedulerConfiguration',
  ...more,
});
const first = (value: unknown) => {
  const [profile] = readSchedulerConfig(value).profiles;
  if (profile === undefined) throw new Error('no profile');
  return profile;
};
/** What no profile can be without. */
const needed = [{ name: 'PrioritySort' }, { name: 'DefaultBinder' }];
const profile = (more: Record<string, unknown>) => config({ profiles: [more] });

test('nothing said is what upstream does', () => {
  const read = readSchedulerConfig(config());
  expect(read).toMatchObject({
    times: { initialBackoffMs: 1000, longestBackoffMs: 10_000 },
    bindTimeoutMs: 600_000,
    extenders: [],
    leaderElect: true,
  });
  expect(read.profiles).toHaveLength(1);
  expect(first(config())).toMatchObject({ schedulerName: 'default-scheduler', preemption: {}, claims: true });
  expect(first(config()).plugins.map(({ name, weight }) => [name, weight])).toEqual(
    defaultPlugins.map(({ name, weight }) => [name, weight]),
  );
});

test('the Lease and its times are those of the file', () => {
  const leaderElection = { leaderElect: true, leaseDuration: '3s', renewDeadline: '2s', retryPeriod: '500ms', resourceName: 'mine' };
  const election = { namespace: 'kube-system', name: 'mine', leaseMs: 3000, renewDeadlineMs: 2000, retryMs: 500 };
  expect(readSchedulerConfig(config({ leaderElection })).election).toEqual(election);
  expect(() => readSchedulerConfig(config({ leaderElection: { leaseDuration: '5s' } }))).toThrow('LeaseDuration must be greater than');
});

const names = (value: unknown): readonly string[] => first(value).plugins.map(({ name }) => name);

test('plugins are switched off and on, everywhere or at one point, and weighted', () => {
  expect(names(profile({ plugins: { multiPoint: { disabled: [{ name: 'ImageLocality' }] } } }))).not.toContain('ImageLocality');
  expect(
    names(
      profile({
        plugins: {
          multiPoint: { disabled: [{ name: '*' }], enabled: [{ name: 'NodeName' }, { name: 'NodeResourcesFit', weight: 7 }, ...needed] },
        },
      }),
    ),
  ).toEqual(['NodeName', 'NodeResourcesFit']);
  const weighted = first(
    profile({ plugins: { score: { disabled: [{ name: 'TaintToleration' }], enabled: [{ name: 'NodeResourcesFit', weight: 5 }] } } }),
  ).plugins;
  expect(weighted.find(({ name }) => name === 'NodeResourcesFit')?.weight).toBe(5);
  const said = weighted.find(({ name }) => name === 'TaintToleration')?.judge?.(pod(), new ClusterState());
  expect(said).toMatchObject({ test: expect.any(Function) });
  expect(said).not.toHaveProperty('scoring');
  expect(first(profile({ plugins: { postFilter: { disabled: [{ name: '*' }] } } }))).not.toHaveProperty('preemption');
});

test('arguments reach their plugins', () => {
  const packed = {
    pluginConfig: [
      { name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }] } } },
    ],
  };
  const cluster = new ClusterState();
  cluster.putNode(node('n1'));
  cluster.putNode(node('n2'));
  cluster.putPod({ ...pod('q'), spec: { ...pod('q').spec, nodeName: 'n1' } });
  const only = { plugins: { multiPoint: { disabled: [{ name: '*' }], enabled: [{ name: 'NodeResourcesFit' }, ...needed] } } };
  const where = (value: unknown): unknown => attempt(pod(), cluster, first(value), () => 0);
  expect(where(profile({ ...only }))).toEqual({ outcome: 'placed', node: 'n2' });
  expect(where(profile({ ...only, ...packed }))).toEqual({ outcome: 'placed', node: 'n1' });
  expect(first(profile({ pluginConfig: [{ name: 'DefaultPreemption', args: { minCandidateNodesAbsolute: 5 } }] })).preemption).toEqual({
    minCandidateNodesAbsolute: 5,
  });
  expect(readSchedulerConfig(profile({ pluginConfig: [{ name: 'VolumeBinding', args: { bindTimeoutSeconds: 20 } }] })).bindTimeoutMs).toBe(
    20_000,
  );
});

test('an extender is read, and what it manages alone is left to it', () => {
  const read = readSchedulerConfig(
    config({
      extenders: [
        {
          urlPrefix: 'http://127.0.0.1:1/x/',
          filterVerb: 'filter',
          httpTimeout: '1m30s',
          managedResources: [{ name: 'example.com/foo', ignoredByScheduler: true }],
        },
      ],
    }),
  );
  expect(read.extenders[0]).toMatchObject({ urlPrefix: 'http://127.0.0.1:1/x', filterVerb: 'filter', timeoutMs: 90_000, ignorable: false });
  const cluster = new ClusterState();
  cluster.putNode(node('n1'));
  const wants = { ...pod(), spec: { containers: [{ name: 'c', resources: { requests: { 'example.com/foo': '1' } } }] } };
  const [own] = read.profiles;
  expect(own && attempt(wants, cluster, own, () => 0).outcome).toBe('placed');
});

test.each([
  ['another kind', { apiVersion: 'v1', kind: 'Pod' }, 'no kind "Pod" is registered for version "v1"'],
  ['a field that nobody knows', config({ profile: [] }), 'strict decoding error: unknown field "profile"'],
  [
    'a plugin that nobody knows',
    profile({ plugins: { score: { enabled: [{ name: 'Coffee' }] } } }),
    'profiles[0].plugins.score.enabled[0]: plugin "Coffee" does not exist',
  ],
  [
    'a name twice',
    config({ profiles: [{ schedulerName: 'a' }, { schedulerName: 'a' }] }),
    'profiles[1].schedulerName: Duplicate value: "a"',
  ],
  ['a back-off that shrinks', config({ podInitialBackoffSeconds: 20 }), 'podMaxBackoffSeconds: Invalid value: 10'],
  [
    'a weight out of range',
    profile({ pluginConfig: [{ name: 'InterPodAffinity', args: { hardPodAffinityWeight: 101 } }] }),
    'profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]',
  ],
  [
    'a shape that falls back',
    profile({
      pluginConfig: [
        {
          name: 'NodeResourcesFit',
          args: {
            scoringStrategy: {
              type: 'RequestedToCapacityRatio',
              requestedToCapacityRatio: {
                shape: [
                  { utilization: 50, score: 1 },
                  { utilization: 50, score: 2 },
                ],
              },
            },
          },
        },
      ],
    }),
    'utilization values must be sorted',
  ],
  ['one of several without a name', config({ profiles: [{}, { schedulerName: 'b' }] }), 'profiles[0].schedulerName: Required value'],
  ['no order of the queue', profile({ plugins: { queueSort: { disabled: [{ name: '*' }] } } }), 'only one queue sort plugin required'],
  ['nobody who binds', profile({ plugins: { bind: { disabled: [{ name: '*' }] } } }), 'at least one bind plugin is needed'],
  ['no pods at a time', config({ parallelism: 0 }), 'parallelism: Invalid value: 0: should be an integer value greater than zero'],
  [
    'a constraint with a selector',
    profile({
      pluginConfig: [
        {
          name: 'PodTopologySpread',
          args: {
            defaultingType: 'List',
            defaultConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} }],
          },
        },
      ],
    }),
    'labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod',
  ],
  [
    'a resource that is nobody to extend',
    config({ extenders: [{ urlPrefix: 'http://a', managedResources: [{ name: 'cpu' }] }] }),
    'extenders[0].managedResources[0].name: Invalid value: "cpu": is an invalid extended resource name',
  ],
  [
    'a lock of another kind',
    config({ leaderElection: { resourceLock: 'endpoints' } }),
    'leaderElection.resourceLock: Invalid value: "endpoints": resourceLock value must be "leases"',
  ],
  ['a text for a list', config({ profiles: 'all' }), 'profiles must be a list'],
  ['an extender without a place', config({ extenders: [{ filterVerb: 'filter' }] }), 'extenders[0].urlPrefix: Required value'],
])('%s is refused, saying where', (_, value, message) => {
  expect(() => readSchedulerConfig(value)).toThrow(ConfigError);
  expect(() => readSchedulerConfig(value)).toThrow(message);
});

function node(name: string): Node {
  return {
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '' },
    spec: {},
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10' } },
  };
}

function pod(name = 'p'): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '' },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] },
  };
}

test('a percentage of nodes to score is that of the profile, or that of all', () => {
  const of = (all: number | undefined, own: number | undefined) =>
    first(
      config({
        ...(all !== undefined && { percentageOfNodesToScore: all }),
        profiles: [own === undefined ? {} : { percentageOfNodesToScore: own }],
      }),
    ).percentageOfNodesToScore;
  expect([of(undefined, undefined), of(30, undefined), of(30, 70), of(30, 0), of(0, undefined)]).toEqual([
    undefined,
    30,
    70,
    undefined,
    undefined,
  ]);
});

test.each<readonly [string, unknown, string]>([
  [
    'all values that are wrong',
    config({
      parallelism: 0,
      podInitialBackoffSeconds: 0,
      extenders: [{ urlPrefix: 'nowhere' }],
      profiles: [{ pluginConfig: [{ name: 'Nobody' }, { name: 'DefaultPreemption', args: { minCandidateNodesPercentage: 200 } }] }],
    }),
    `[${[
      'parallelism: Invalid value: 0: should be an integer value greater than zero',
      'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0',
      'extenders[0].urlPrefix: Required value: a URL such as http://127.0.0.1:8888/scheduler',
      'profiles[0].pluginConfig[0]: plugin "Nobody" does not exist',
      'profiles[0].pluginConfig[1].args.minCandidateNodesPercentage: Invalid value: 200: not in valid range [0, 100]',
    ].join(', ')}]`,
  ],
  [
    'fields that there are not before all else',
    config({
      parallelism: 0,
      profiles: [
        { colour: 'red', size: 1 },
        { schedulerName: 'b', plugins: { score: { on: [] } } },
      ],
    }),
    'strict decoding error: unknown field "profiles[0].colour", unknown field "profiles[0].size", unknown field "profiles[1].plugins.score.on"',
  ],
])('everything is told of together: %s', (_, value, message) => {
  const read = (): unknown => readSchedulerConfig(value);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(message);
});
