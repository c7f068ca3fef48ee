// Tests claims for devices: in tables, and in virtual time from a template to the end of the pod.
import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import type { ResourceClaim } from '../../api/resource/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster } from '../../testing/simulated-cluster.ts';
import { planClaim, planEntry, protection } from './plan.ts';

const metadata = (name: string) => ({ name, namespace: 'ns', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' });
const pod = (more: Partial<Pod> = {}): Pod => ({ metadata: metadata('p'), spec: { containers: [], nodeName: 'n' }, ...more });
const made = (entry: string): ResourceClaim => ({
  metadata: { ...metadata(`p-${entry}-x`), annotations: { 'resource.kubernetes.io/pod-claim-name': entry } },
  spec: {},
});
const told = (name: string) => pod({ status: { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: name }] } });
const entry = { name: 'gpu', resourceClaimTemplateName: 't' };
test.each([
  ['a claim by name', pod(), { name: 'gpu', resourceClaimName: 'c' }, [], { do: 'use', name: 'c' }],
  ['none yet', pod(), entry, [], { do: 'make', template: 't' }],
  ['made and not told', pod(), entry, [made('gpu')], { do: 'tell', name: 'p-gpu-x' }],
  ['made and told', told('p-gpu-x'), entry, [made('gpu')], { do: 'use', name: 'p-gpu-x' }],
  ['told, and gone since', told('p-gpu-x'), entry, [], { do: 'make', template: 't' }],
])('a pod’s entry: %s', (_, one, of, mine, expected) => expect(planEntry(one, of, mine)).toEqual(expected));

const user = { resource: 'pods', name: 'p', uid: 'p' };
const claim = (more: Partial<ResourceClaim['metadata']> = {}, reservedFor: readonly (typeof user)[] = [user]): ResourceClaim => ({
  metadata: { ...metadata('c'), ...more },
  spec: {},
  status: { allocation: {}, reservedFor },
});
const ours = { finalizers: [protection] };
const generated = { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'p', controller: true }] };
const over = pod({ status: { phase: 'Succeeded' } });
test.each([
  ['in use', claim(ours), [], undefined, { status: undefined, unprotect: false, remove: false }],
  ['its user is gone: given back', claim(ours), ['p'], undefined, { status: {}, unprotect: true, remove: false }],
  ['somebody else’s, its user is gone', claim(), ['p'], undefined, { status: { allocation: {} }, unprotect: false, remove: false }],
  ['made for a pod that is over', claim({ ...ours, ...generated }), ['p'], over, { status: {}, unprotect: true, remove: true }],
  ['made for a pod that runs', claim({ ...ours, ...generated }), [], pod(), { status: undefined, unprotect: false, remove: false }],
  ['going, unused', claim({ ...ours, deletionTimestamp: 'x' }, []), [], undefined, { status: {}, unprotect: true, remove: false }],
])('a claim: %s', (_, one, gone, owner, expected) => expect(planClaim(one, new Set(gone), owner)).toEqual(expected));

test('a claim is made of a template for a pod, and goes with it', async () => {
  const { client, clock, stop } = await openSimulatedCluster({ nodes: 0 });
  await clock.until(async () => (await client.list(resources.serviceAccounts, { namespace: 'default' })).items.length > 0);
  const here = (name: string) => ({ namespace: 'default', name });
  const devices = { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] };
  await client.create(resources.pods, {
    metadata: here('p'),
    spec: { containers: [{ name: 'c', image: 'i' }], resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] },
  });
  await clock.advance(1000);
  const events = async () => (await client.list(resources.events, { namespace: 'default' })).items.map(({ reason }) => reason);
  expect(await events()).toContain('FailedResourceClaimCreation');
  await client.create(resources.resourceClaimTemplates, {
    metadata: here('t'),
    spec: { metadata: { labels: { a: 'b' } }, spec: { devices } },
  });
  const list = async () => (await client.list(resources.resourceClaims, { namespace: 'default' })).items;
  await clock.until(async () => ((await client.get(resources.pods, here('p'))).status?.resourceClaimStatuses ?? []).length === 1, 60_000);
  await clock.advance(5000);
  const [only, ...more] = await list();
  expect([only?.metadata.generateName, only?.metadata.labels, more]).toEqual(['p-gpu-', { a: 'b' }, []]);
  await client.delete(resources.pods, here('p'), { gracePeriodSeconds: 0 });
  await clock.until(async () => (await list()).length === 0, 60_000);
  await stop();
});
