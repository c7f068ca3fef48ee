// Owns the tables of what the first controllers plan.
import { expect, test } from 'vitest';
import type { ConfigMap, Namespace, Node } from '../api/core/v1.ts';
import { planLabels, planTaints } from './node-lifecycle/plan.ts';
import { planRootCa } from './root-ca/plan.ts';
import { missingAccounts } from './service-account/plan.ts';

const metadata = { name: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const namespace: Namespace = { metadata, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
const ending: Namespace = { ...namespace, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };

test.each([
  ['a new namespace', namespace, [], ['default']],
  ['one that has it', namespace, ['default'], []],
  ['one that is going', ending, [], []],
  ['one that is gone', undefined, [], []],
])('service accounts: %s', (_, one, present, expected) => {
  expect(missingAccounts(one, present)).toEqual(expected);
});

const map = (data: Record<string, string>): ConfigMap => ({ metadata, data });
test.each([
  ['missing', namespace, undefined, 'create'],
  ['right', namespace, map({ 'ca.crt': 'CA' }), 'nothing'],
  ['another CA', namespace, map({ 'ca.crt': 'old' }), 'replace'],
  ['something added', namespace, map({ 'ca.crt': 'CA', more: 'y' }), 'replace'],
  ['missing in a namespace that is going', ending, undefined, 'nothing'],
] as const)('root CA: %s', (_, one, present, expected) => {
  expect(planRootCa(one, present, 'CA').do).toBe(expected);
});

const node = (conditions: Record<string, string>, spec: Node['spec'] = {}): Node => ({
  metadata,
  spec,
  status: { conditions: Object.entries(conditions).map(([type, status]) => ({ type, status })) },
});
const keys = (one: Node): readonly string[] | undefined => planTaints(one, 0)?.map(({ key, effect }) => `${key}:${effect}`);
const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const;
const theirs = { key: 'dedicated', value: 'x', effect: 'NoSchedule' } as const;
test.each([
  ['ready, clean', node({ Ready: 'True' }), undefined],
  ['became ready: the taint of its birth goes', node({ Ready: 'True' }, { taints: [notReady, theirs] }), ['dedicated:NoSchedule']],
  ['not ready', node({ Ready: 'False' }), ['node.kubernetes.io/not-ready:NoSchedule']],
  ['not ready and tainted already', node({ Ready: 'False' }, { taints: [notReady] }), undefined],
  ['says nothing of itself', node({}), undefined],
  ['unknown after not ready', node({ Ready: 'Unknown' }, { taints: [notReady] }), ['node.kubernetes.io/unreachable:NoSchedule']],
  ['low on memory', node({ Ready: 'True', MemoryPressure: 'True' }), ['node.kubernetes.io/memory-pressure:NoSchedule']],
  ['cordoned', node({ Ready: 'True' }, { unschedulable: true }), ['node.kubernetes.io/unschedulable:NoSchedule']],
  [
    'the same key with NoExecute is not this plan’s',
    node({ Ready: 'True' }, { taints: [{ ...notReady, effect: 'NoExecute' }] }),
    undefined,
  ],
] as const)('taints: a node that is %s', (_, one, expected) => {
  expect(keys(one)).toEqual(expected);
});

test('old labels follow the new ones', () => {
  expect(
    planLabels({ ...node({}), metadata: { ...metadata, labels: { 'kubernetes.io/os': 'linux', 'beta.kubernetes.io/os': 'old' } } }),
  ).toEqual({ 'beta.kubernetes.io/os': 'linux' });
});
