// Tests which tokens are marked, removed or left, and that it comes to that in virtual time.
import { expect, test } from 'vitest';
import type { Secret, ServiceAccount } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster } from '../../testing/simulated-cluster.ts';
import { invalidSinceLabel, isTracked, lastUsedLabel, planTokenEnd, secretsOf, trackingMap } from './plan.ts';

const day = 86_400_000;
const period = 10 * day;
const now = Date.UTC(2026, 5, 20, 12);
const metadata = { name: 'bot-token', namespace: 'n', uid: 's', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const account: ServiceAccount = { metadata: { ...metadata, name: 'bot', uid: 'u' }, secrets: [{ name: 'bot-token' }] };
const secret = (labels: Record<string, string> = {}, more: Partial<Secret['metadata']> = {}): Secret => ({
  metadata: { ...metadata, labels, annotations: { 'kubernetes.io/service-account.name': 'bot' }, ...more },
  type: 'kubernetes.io/service-account-token',
});

test.each<readonly [string, Secret, ServiceAccount | undefined, readonly string[], string]>([
  ['never used', secret(), account, [], 'invalidate 2026-06-20'],
  ['used long ago', secret({ [lastUsedLabel]: '2026-06-09' }), account, [], 'invalidate 2026-06-20'],
  ['used within the period', secret({ [lastUsedLabel]: '2026-06-10' }), account, [], 'nothing'],
  ['nobody knows when it was used', secret({ [lastUsedLabel]: 'soon' }), account, [], 'nothing'],
  ['young', secret({}, { creationTimestamp: '2026-06-19T00:00:00Z' }), account, [], 'nothing'],
  ['on its way out', secret({}, { deletionTimestamp: '2026-06-19T00:00:00Z' }), account, [], 'nothing'],
  ['made by a person', secret(), { ...account, secrets: [] }, [], 'nothing'],
  ['of an account that is gone', secret(), undefined, [], 'nothing'],
  [
    'of a former account',
    secret({}, { annotations: { 'kubernetes.io/service-account.name': 'bot', 'kubernetes.io/service-account.uid': 'x' } }),
    account,
    [],
    'nothing',
  ],
  ['used by a pod', secret(), account, ['bot-token'], 'nothing'],
  ['marked lately', secret({ [invalidSinceLabel]: '2026-06-11' }), account, [], 'nothing'],
  ['marked long ago', secret({ [invalidSinceLabel]: '2026-06-09' }), account, [], 'remove'],
  ['marked with nonsense', secret({ [invalidSinceLabel]: 'x' }), account, [], 'invalidate 2026-06-20'],
  ['no token', { ...secret(), type: 'Opaque' }, account, [], 'nothing'],
])('a token that is %s', (_, one, of, mounted, expected) => {
  const plan = planTokenEnd(one, { account: of, mounted: new Set(mounted) }, period, now);
  expect(plan.do === 'invalidate' ? `${plan.do} ${plan.since}` : plan.do).toBe(expected);
});

test.each([
  ['2026-06-09', true],
  ['2026-06-10', false],
  ['never', false],
  [undefined, false],
])('uses noted since %s: judged %s', (since, expected) => expect(isTracked(since, period, now)).toBe(expected));

test('what a pod uses', () => {
  const spec = {
    imagePullSecrets: [{ name: 'a' }],
    containers: [
      { name: 'c', env: [{ name: 'x', valueFrom: { secretKeyRef: { name: 'b', key: 'k' } } }], envFrom: [{ secretRef: { name: 'c' } }] },
    ],
    volumes: [
      { name: 'v', secret: { secretName: 'd' } },
      { name: 'w', projected: { sources: [{ secret: { name: 'e' } }] } },
    ],
  };
  expect(secretsOf({ metadata, spec })).toEqual(['a', 'b', 'c', 'd', 'e']);
});

/** No others: six days of all of them take long. */
const own = ['legacy-serviceaccount-token-cleaner-controller', 'serviceaccount-token-controller'];

test('a period after uses are noted it is marked and believed no more, another period later it is gone', async () => {
  const { client, clock, stop } = await openSimulatedCluster({ nodes: 0, settings: { controllers: own, legacyTokenPeriodMs: day } });
  const at = (name: string) => ({ namespace: 'default', name });
  await client.create(resources.serviceAccounts, { metadata: at('bot'), secrets: [{ name: 'bot-token' }] });
  const annotations = { 'kubernetes.io/service-account.name': 'bot' };
  await client.create(resources.secrets, { metadata: { ...at('bot-token'), annotations }, type: 'kubernetes.io/service-account-token' });
  const read = () => client.get(resources.secrets, at('bot-token'));
  await clock.until(async () => (await read()).data?.['token'] !== undefined, 10_000);
  const token = Buffer.from((await read()).data?.['token'] ?? '', 'base64').toString();
  const review = async () => (await client.create(resources.tokenReviews, { metadata: {}, spec: { token } })).status;
  expect(await review()).toMatchObject({ authenticated: true });
  await clock.until(async () => (await read()).metadata.labels?.[lastUsedLabel] === '2026-01-01', 10_000);
  expect((await client.get(resources.configMaps, trackingMap)).data).toEqual({ since: '2026-01-01' });
  await clock.advance(2.5 * day);
  expect((await read()).metadata.labels?.[invalidSinceLabel]).toBe('2026-01-03');
  expect((await review())?.error).toContain(
    'the token in secret default/bot-token for service account default/bot has been marked invalid',
  );
  await clock.advance(4 * day);
  await expect(read()).rejects.toSatisfy((error) => hasReason(error, 'NotFound'));
  await stop();
}, 60_000);
