// Owns what is charged to a quota and how refusals read, as tables.
import { expect, test } from 'vitest';
import type { ResourceQuota } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { spelled } from './amounts.ts';
import { charge } from './charge.ts';
import { quotaEvaluatorOf } from './evaluator.ts';

type Fields = Readonly<Record<string, unknown>>;

const quota = (
  hard: Fields,
  used: Fields = Object.fromEntries(Object.keys(hard).map((name) => [name, '0'])),
  spec: Fields = {},
): ResourceQuota => ({ metadata: { name: 'q' }, spec, status: { hard, used } }) as unknown as ResourceQuota;
const pod = (resources: Fields = {}, more: Fields = {}): AnyObject =>
  ({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', resources }], ...more } }) as unknown as AnyObject;

function verdict(group: string, resource: string, quotas: readonly ResourceQuota[], object: unknown, old?: unknown): unknown {
  const evaluator = quotaEvaluatorOf(group, resource);
  if (evaluator === undefined) return 'uncounted';
  const answer = charge(quotas, { evaluator, object: object as AnyObject, old: old as AnyObject | undefined, nowMs: 0 });
  return 'refused' in answer ? answer.refused : Object.fromEntries([...answer.used].map(([name, used]) => [name, spelled(used)]));
}

const half = { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '1' } };

test.each<[string, ResourceQuota, AnyObject, unknown]>([
  ['a pod is counted', quota({ pods: '2' }, { pods: '1' }), pod(), { q: { pods: '2' } }],
  [
    'short and long names are the same',
    quota({ cpu: '1', 'requests.cpu': '2' }),
    pod(half),
    { q: { cpu: '500m', 'requests.cpu': '500m' } },
  ],
  [
    'too much of two things',
    quota({ cpu: '100m', 'limits.cpu': '100m', pods: '9' }),
    pod(half),
    'exceeded quota: q, requested: cpu=500m,limits.cpu=1, used: cpu=0,limits.cpu=0, limited: cpu=100m,limits.cpu=100m',
  ],
  [
    'what must be said',
    quota({ 'limits.memory': '1Gi', cpu: '1' }),
    pod(),
    'failed quota: q: must specify cpu for: c; limits.memory for: c',
  ],
  ['said for the pod as a whole', quota({ cpu: '1' }), pod({}, { resources: { requests: { cpu: '1' } } }), { q: { cpu: '1' } }],
  ['not counted yet', quota({ pods: '1', cpu: '1' }, { cpu: '0' }), pod(half), 'status unknown for quota: q, resources: cpu,pods'],
  ['no status at all', quota({}), pod(half), {}],
  [
    'an ended pod is an object only',
    quota({ pods: '0', 'count/pods': '5' }),
    { ...pod(), status: { phase: 'Failed' } } as never,
    { q: { 'count/pods': '1', pods: '0' } },
  ],
  [
    'devices by their long name',
    quota({ 'requests.example.com/gpu': '1' }),
    pod({ requests: { 'example.com/gpu': '2' } }),
    'exceeded quota: q, requested: requests.example.com/gpu=2, used: requests.example.com/gpu=0, limited: requests.example.com/gpu=1',
  ],
  [
    'overhead and init containers',
    quota({ cpu: '9' }),
    pod(half, { overhead: { cpu: '250m' }, initContainers: [{ name: 'i', resources: { requests: { cpu: '2' } } }] }),
    { q: { cpu: '2250m' } },
  ],
  ['scope BestEffort', quota({ pods: '0' }, undefined, { scopes: ['BestEffort'] }), pod(half), {}],
  [
    'scope NotBestEffort',
    quota({ pods: '0' }, undefined, { scopes: ['NotBestEffort'] }),
    pod(half),
    'exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
  ],
  [
    'scope PriorityClass In',
    quota({ pods: '0' }, undefined, {
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
    }),
    pod({}, { priorityClassName: 'high' }),
    'exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
  ],
  [
    'scope CrossNamespacePodAffinity',
    quota({ pods: '0' }, undefined, { scopes: ['CrossNamespacePodAffinity'] }),
    pod({}, { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'x', namespaces: ['o'] }] } } }),
    'exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
  ],
])('pods: %s', (_, one, object, expected) => {
  expect(verdict('', 'pods', [one], object)).toEqual(expected);
});

const service = (type: string, ports = 2, more: Fields = {}): unknown => ({
  metadata: { name: 's' },
  spec: { type, ports: Array.from({ length: ports }, () => ({ port: 1 })), ...more },
});
const claim = (storage: string, storageClassName?: string): unknown => ({
  metadata: { name: 'c' },
  spec: { resources: { requests: { storage } }, storageClassName },
});

test.each<[string, string, string, ResourceQuota, unknown, unknown, unknown]>([
  [
    'node ports',
    '',
    'services',
    quota({ 'services.nodeports': '1' }),
    service('NodePort'),
    undefined,
    'exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1',
  ],
  [
    'a change of type is charged by its difference',
    '',
    'services',
    quota({ services: '1', 'services.nodeports': '2' }),
    service('NodePort'),
    service('ClusterIP'),
    { q: { services: '0', 'services.nodeports': '2' } },
  ],
  [
    'less is always allowed',
    '',
    'services',
    quota({ 'services.nodeports': '0' }, { 'services.nodeports': '2' }),
    service('ClusterIP'),
    service('NodePort'),
    { q: { 'services.nodeports': '0' } },
  ],
  [
    'balancers without node ports',
    '',
    'services',
    quota({ 'services.loadbalancers': '1', 'services.nodeports': '0' }),
    service('LoadBalancer', 1, { allocateLoadBalancerNodePorts: false }),
    undefined,
    { q: { 'services.loadbalancers': '1', 'services.nodeports': '0' } },
  ],
  [
    'storage by class',
    '',
    'persistentvolumeclaims',
    quota({ 'requests.storage': '9Gi', 'x.storageclass.storage.k8s.io/requests.storage': '1Gi' }),
    claim('2Gi', 'x'),
    undefined,
    'exceeded quota: q, requested: x.storageclass.storage.k8s.io/requests.storage=2Gi, used: x.storageclass.storage.k8s.io/requests.storage=0, limited: x.storageclass.storage.k8s.io/requests.storage=1Gi',
  ],
  [
    'a larger claim',
    '',
    'persistentvolumeclaims',
    quota({ 'requests.storage': '9Gi' }, { 'requests.storage': '2Gi' }),
    claim('3Gi'),
    claim('2Gi'),
    { q: { 'requests.storage': '3Gi' } },
  ],
  [
    'counts by group',
    'apps',
    'deployments',
    quota({ 'count/deployments.apps': '1' }),
    { metadata: {} },
    undefined,
    { q: { 'count/deployments.apps': '1' } },
  ],
  [
    'counts of old',
    '',
    'secrets',
    quota({ secrets: '0' }),
    { metadata: {} },
    undefined,
    'exceeded quota: q, requested: secrets=1, used: secrets=0, limited: secrets=0',
  ],
  ['events', '', 'events', quota({ 'count/events': '0' }), { metadata: {} }, undefined, 'uncounted'],
])('%s', (_, group, resource, one, object, old, expected) => {
  expect(verdict(group, resource, [one], object, old)).toEqual(expected);
});
