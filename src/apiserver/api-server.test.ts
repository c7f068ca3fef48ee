// Owns the story of the API as a client of this process sees it: create, read, change, watch and delete on a store in memory.
import { describe, expect, test } from 'vitest';
import type { AnyObject, Draft } from '../api/object.ts';
import { hasReason } from '../api/status-error.ts';
import { VirtualClock } from '../base/clock-virtual.ts';
import type { Client, WatchEvent } from '../client/client.ts';
import { resource } from '../client/resource.ts';
import { apiServerUser } from './auth/user.ts';
import { bareServer } from './bare-server-for-tests.ts';

const configMaps = resource<AnyObject>('v1', 'configmaps', 'ConfigMap', true);
const pods = resource<AnyObject>('v1', 'pods', 'Pod', true);

function testClient(): Client {
  return bareServer({ clock: new VirtualClock(0) }).client(apiServerUser);
}

function configMap(name: string, data: Readonly<Record<string, string>> = {}, labels?: Readonly<Record<string, string>>): Draft<AnyObject> {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', ...(labels && { labels }) }, data };
}

describe('objects', () => {
  test('live from creation to deletion', async () => {
    const client = testClient();
    const made = await client.create(configMaps, configMap('a', { k: '1' }));
    expect(made).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { k: '1' }, metadata: { name: 'a', namespace: 'default' } });
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.metadata.creationTimestamp).toBe('1970-01-01T00:00:00Z');
    const read = await client.get(configMaps, { namespace: 'default', name: 'a' });
    expect(read).toBe(made);
    const updated = await client.update(configMaps, { ...read, data: { k: '2' } });
    expect(updated.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
    await expect(client.update(configMaps, { ...read, data: { k: '3' } })).rejects.toSatisfy((error) => hasReason(error, 'Conflict'));
    const patched = await client.patch(configMaps, { namespace: 'default', name: 'a' }, { type: 'merge', body: { data: { l: '4' } } });
    expect(patched['data']).toEqual({ k: '2', l: '4' });
    await client.delete(configMaps, { namespace: 'default', name: 'a' });
    await expect(client.get(configMaps, { namespace: 'default', name: 'a' })).rejects.toSatisfy((error) => hasReason(error, 'NotFound'));
  });

  test('stay as they are where a change changes nothing', async () => {
    const client = testClient();
    const made = await client.create(configMaps, configMap('a', { k: '1' }));
    const again = await client.update(configMaps, configMap('a', { k: '1' }));
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });
});

test('the priority classes of the system stay', async () => {
  const classes = resource<AnyObject>('scheduling.k8s.io/v1', 'priorityclasses', 'PriorityClass', false);
  const refused = testClient().delete(classes, { name: 'system-node-critical' });
  const why = 'is forbidden: this is a system priority class and cannot be deleted';
  await expect(refused).rejects.toThrow(`priorityclasses.scheduling.k8s.io "system-node-critical" ${why}`);
});

test('what is applied to what is there need not say its name, what it creates must', async () => {
  const client = testClient();
  const [at, body] = [
    { namespace: 'default', name: 'a' },
    { apiVersion: 'v1', kind: 'ConfigMap', data: { k: '2' } },
  ];
  const apply = (metadata: object) => client.patch(configMaps, at, { type: 'apply', force: true, body: { ...body, metadata } });
  await expect(apply({})).rejects.toThrow('the name of the object (a based on URL) was undeterminable: name must be provided');
  await client.create(configMaps, configMap('a', { k: '1' }));
  expect(await apply({})).toMatchObject({ metadata: at, data: { k: '2' } });
  await expect(apply({ name: 'b' })).rejects.toThrow('the name of the object (b) does not match the name on the URL (a)');
  await expect(apply({ name: 'b', namespace: 'c' })).rejects.toThrow('the namespace of the provided object does not match');
});

test('what a version of storage defaults shows in the other versions at once', async () => {
  const autoscalers = resource<AnyObject>('autoscaling/v1', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', true);
  const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3 };
  const made = await testClient().create(autoscalers, {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'a', namespace: 'default' },
    spec,
  });
  expect(made['spec']).toEqual({ ...spec, minReplicas: 1, targetCPUUtilizationPercentage: 80 });
});

describe('watches', () => {
  test('show a label selection coming and going', async () => {
    const client = testClient();
    const made = await client.create(configMaps, configMap('a'));
    const seen: WatchEvent<AnyObject>[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      const from = { namespace: 'default', labelSelector: 'x=y', resourceVersion: made.metadata.resourceVersion, signal: stop.signal };
      for await (const event of client.watch(configMaps, from)) {
        seen.push(event);
        if (seen.length === 3) break;
      }
    })();
    const key = { namespace: 'default', name: 'a' };
    for (const x of ['y', 'n', 'y']) await client.patch(configMaps, key, { type: 'merge', body: { metadata: { labels: { x } } } });
    await watching;
    expect(seen.map(({ type }) => type)).toEqual(['ADDED', 'DELETED', 'ADDED']);
    expect(seen[1]?.object.metadata.labels).toEqual({ x: 'y' });
  });
});

describe('pods', () => {
  const pod = (name: string, nodeName?: string): Draft<AnyObject> => ({
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'busybox' }], ...(nodeName && { nodeName }) },
  });

  test('are bound once', async () => {
    const client = testClient();
    await client.create(pods, pod('p'));
    const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } };
    await client.createSubresource(pods, { namespace: 'default', name: 'p' }, 'binding', binding);
    const bound = await client.get(pods, { namespace: 'default', name: 'p' });
    expect(bound).toMatchObject({ spec: { nodeName: 'n' }, status: { conditions: [{ type: 'PodScheduled', status: 'True' }] } });
    await expect(client.createSubresource(pods, { namespace: 'default', name: 'p' }, 'binding', binding)).rejects.toThrow(
      'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"',
    );
  });

  test('get their grace once they have a node', async () => {
    const client = testClient();
    await client.create(pods, pod('here', 'n'));
    await client.create(pods, pod('nowhere'));
    await client.delete(pods, { namespace: 'default', name: 'here' });
    await client.delete(pods, { namespace: 'default', name: 'nowhere' });
    const { items } = await client.list(pods, { namespace: 'default' });
    expect(items.map(({ metadata }) => [metadata.name, metadata.deletionGracePeriodSeconds, metadata.deletionTimestamp])).toEqual([
      ['here', 30, '1970-01-01T00:00:30Z'],
    ]);
    await client.delete(pods, { namespace: 'default', name: 'here' }, { gracePeriodSeconds: 0 });
    expect((await client.list(pods, { namespace: 'default' })).items).toEqual([]);
  });
});

describe('lists', () => {
  test('come in chunks of one revision', async () => {
    const client = testClient();
    for (const name of ['a', 'b', 'c']) await client.create(configMaps, configMap(name));
    const first = await client.list(configMaps, { namespace: 'default', limit: 2 });
    expect(first.metadata.remainingItemCount).toBe(1);
    await client.delete(configMaps, { namespace: 'default', name: 'c' });
    const rest = await client.list(configMaps, { namespace: 'default', limit: 2, continue: first.metadata.continue ?? '' });
    expect([...first.items, ...rest.items].map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
  });

  test('of all namespaces are narrowed by a field selector on their first page alone, as upstream', async () => {
    const client = testClient();
    for (const name of ['a', 'b', 'c']) await client.create(configMaps, configMap(name));
    const options = { fieldSelector: 'metadata.namespace=default', limit: 2 };
    const pages: string[][] = [];
    for (let token = '', more = true; more; more = token !== '') {
      const page = await client.list(configMaps, { ...options, ...(token === '' ? {} : { continue: token }) });
      pages.push(page.items.map(({ metadata }) => metadata.name ?? ''));
      token = page.metadata.continue ?? '';
    }
    expect(pages).toEqual([['a', 'b'], ['a', 'b'], ['c']]);
  });
});
