// Plays what the controllers of the cluster itself do, in virtual time: tokens, roles, quotas, mirrors, ranges, bootstrap tokens, directories of nodes.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasReason } from '../../src/api/status-error.ts';
import { formatTime } from '../../src/base/time.ts';
import { resources } from '../../src/client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../src/testing/simulated-cluster.ts';

let cluster: SimulatedCluster;
const namespace = 'default';
const at = (name: string) => ({ namespace, name });
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const soon = (holds: () => Promise<boolean>): Promise<void> => cluster.clock.until(holds, 30_000);
const isGone = (getting: Promise<unknown>): Promise<boolean> =>
  getting.then(
    () => false,
    (error: unknown) => {
      if (hasReason(error, 'NotFound')) return true;
      throw error;
    },
  );

beforeAll(async () => {
  cluster = await openSimulatedCluster({ nodes: 0 });
  await soon(async () => (await cluster.client.list(resources.serviceAccounts, { namespace })).items.length > 0);
});
afterAll(() => cluster.stop());

test('a Secret for a token is filled, the token is believed, and both go with the account', async () => {
  const { client } = cluster;
  await client.create(resources.serviceAccounts, { metadata: at('bot') });
  const annotations = { 'kubernetes.io/service-account.name': 'bot' };
  await client.create(resources.secrets, { metadata: { ...at('t'), annotations }, type: 'kubernetes.io/service-account-token' });
  await soon(async () => (await client.get(resources.secrets, at('t'))).data?.['token'] !== undefined);
  const token = Buffer.from((await client.get(resources.secrets, at('t'))).data?.['token'] ?? '', 'base64').toString();
  const review = () => client.create(resources.tokenReviews, { metadata: {}, spec: { token } });
  expect((await review()).status).toMatchObject({ authenticated: true, user: { username: 'system:serviceaccount:default:bot' } });
  await client.delete(resources.serviceAccounts, at('bot'));
  await soon(() => isGone(client.get(resources.secrets, at('t'))));
  expect((await review()).status?.authenticated ?? false).toBe(false);
});

test('a gathered role follows the roles that it chooses', async () => {
  const { client } = cluster;
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
  await client.create(resources.clusterRoles, {
    metadata: { name: 'sum' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
    rules: [],
  });
  await client.create(resources.clusterRoles, { metadata: { name: 'b', labels: { part: 'yes' } }, rules: [rule('pods')] });
  await client.create(resources.clusterRoles, { metadata: { name: 'a', labels: { part: 'yes' } }, rules: [rule('nodes')] });
  const chosen = async () => (await client.get(resources.clusterRoles, { name: 'sum' })).rules?.map(({ resources: names }) => names?.[0]);
  await soon(async () => (await chosen())?.length === 2);
  expect(await chosen()).toEqual(['nodes', 'pods']);
  await client.delete(resources.clusterRoles, { name: 'a' });
  await soon(async () => (await chosen())?.length === 1);
});

test('a quota is counted at once, and again when something is gone', async () => {
  const { client } = cluster;
  await client.create(resources.namespaces, { metadata: { name: 'counted' }, spec: {} });
  await soon(async () => (await client.list(resources.configMaps, { namespace: 'counted' })).items.length === 1);
  const hard = { configmaps: '5', 'count/secrets': '2' };
  await client.create(resources.resourceQuotas, { metadata: { namespace: 'counted', name: 'q' }, spec: { hard } });
  const used = async () => (await client.get(resources.resourceQuotas, { namespace: 'counted', name: 'q' })).status?.used;
  await soon(async () => (await used()) !== undefined);
  expect(await used()).toEqual({ configmaps: '1', 'count/secrets': '0' });
  await client.create(resources.configMaps, { metadata: { namespace: 'counted', name: 'x' } });
  expect((await used())?.['configmaps']).toBe('2');
  await client.delete(resources.configMaps, { namespace: 'counted', name: 'x' });
  await soon(async () => (await used())?.['configmaps'] === '1');
});

test('hand-made Endpoints are mirrored as long as they are there', async () => {
  const { client } = cluster;
  await client.create(resources.services, { metadata: at('own'), spec: { ports: [{ port: 80 }] } });
  const subsets = (port: number) => [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port }] }];
  await client.create(resources.endpoints, { metadata: at('own'), subsets: subsets(80) });
  const mirrors = async () =>
    (await client.list(resources.endpointSlices, { namespace, labelSelector: 'kubernetes.io/service-name=own' })).items;
  await soon(async () => (await mirrors()).length === 1);
  const [first] = await mirrors();
  await client.patch(resources.endpoints, at('own'), { type: 'merge', body: { subsets: subsets(81) } });
  await soon(async () => (await mirrors())[0]?.ports?.[0]?.port === 81);
  expect((await mirrors()).map(({ metadata }) => metadata.uid)).toEqual([first?.metadata.uid]);
  await client.delete(resources.endpoints, at('own'));
  await soon(async () => (await mirrors()).length === 0);
});

test('a range of Service addresses is ready, and goes when nothing uses it', async () => {
  const { client } = cluster;
  await client.create(resources.serviceCIDRs, { metadata: { name: 'more' }, spec: { cidrs: ['10.201.0.0/24'] } });
  const range = () => client.get(resources.serviceCIDRs, { name: 'more' });
  await soon(async () => (await range()).status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false);
  await client.delete(resources.serviceCIDRs, { name: 'more' });
  await soon(() => isGone(range()));
});

test('a bootstrap token signs what new nodes read first, until it is over', async () => {
  const { client, clock } = cluster;
  await client.create(resources.configMaps, { metadata: { namespace: 'kube-public', name: 'cluster-info' }, data: { kubeconfig: 'k' } });
  const fields = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-signing': 'true',
    expiration: formatTime(clock.now() + 60_000),
  };
  const data = Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, base64(text)]));
  const secret = { namespace: 'kube-system', name: 'bootstrap-token-abcdef' };
  await client.create(resources.secrets, { metadata: secret, type: 'bootstrap.kubernetes.io/token', data });
  const signed = async () =>
    (await client.get(resources.configMaps, { namespace: 'kube-public', name: 'cluster-info' })).data?.['jws-kubeconfig-abcdef'];
  await soon(async () => (await signed()) !== undefined);
  await clock.until(() => isGone(client.get(resources.secrets, secret)), 90_000);
  await soon(async () => (await signed()) === undefined);
});

test('a validating policy is said to have been looked at', async () => {
  const { client } = cluster;
  const spec = {
    failurePolicy: 'Fail' as const,
    matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE' as const], resources: ['pods'] }] },
    validations: [{ expression: 'true' }],
  };
  await client.create(resources.validatingAdmissionPolicies, { metadata: { name: 'p' }, spec });
  await soon(async () => (await client.get(resources.validatingAdmissionPolicies, { name: 'p' })).status?.observedGeneration === 1);
});
