// Proves what two control planes on one etcd promise: each shows at once what the other wrote, and when one is killed nothing acknowledged is lost and the
// other's controllers act.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LoadClient } from '../../bench/lib-http.ts';
import type { AnyObject } from '../../src/api/object.ts';
import { hasReason } from '../../src/api/status-error.ts';
import type { Client } from '../../src/client/client.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { resource } from '../../src/client/resource.ts';
import { resources } from '../../src/client/resources.ts';
import { adminOf, endLeftovers, ensureBundle, freePort, PeapodProcess, peapod, simulated } from '../cli/peapod-process.ts';
import { EtcdProcess, etcdMissing } from './etcd-process.ts';

const missing = etcdMissing();
if (missing !== undefined) console.log(`two control planes are not tested: ${missing}`);

const namespace = 'default';
let dir = '';
let etcd: EtcdProcess;
let flagsOf: (name: string, port: number, ...more: readonly string[]) => readonly string[];
let first: PeapodProcess;
let startFirst: () => Promise<Client>;
let ports: readonly [number, number];
let one: Client;
let other: Client;

beforeAll(async () => {
  if (missing !== undefined) return;
  ensureBundle();
  dir = mkdtempSync(join(tmpdir(), 'peapod-two-'));
  etcd = await EtcdProcess.open();
  ports = [await freePort(), await freePort()];
  flagsOf = (name, port, ...more) => simulated(join(dir, name), port, '--store', `etcd://${etcd.endpoint}`, ...more);
  startFirst = async () => {
    first = new PeapodProcess(flagsOf('one', ports[0], '--nodes', '3'));
    await first.up;
    return adminOf(join(dir, 'one'));
  };
  one = await startFirst();
}, 60_000);
afterAll(async () => {
  await endLeftovers();
  await etcd?.[Symbol.asyncDispose]();
  if (dir !== '') rmSync(dir, { recursive: true, force: true });
});

const configMap = (name: string, where = namespace) => ({ metadata: { name, namespace: where }, data: { value: name } });
const until = async (what: string, holds: () => Promise<boolean>, withinMs: number): Promise<number> => {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
  return performance.now() - began;
};
const endpoints = async (client: Client): Promise<readonly number[]> => {
  const { subsets } = await client.get(resources.endpoints, { namespace, name: 'kubernetes' });
  return (subsets ?? []).flatMap(({ ports: named }) => (named ?? []).map(({ port }) => port));
};
const oars = resource<AnyObject>('boat.example/v1', 'oars', 'Oar', true);
const definition = {
  metadata: { name: 'oars.boat.example' },
  spec: {
    group: 'boat.example',
    scope: 'Namespaced',
    names: { plural: 'oars', singular: 'oar', kind: 'Oar', listKind: 'OarList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};
const established = ({
  status,
}: {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}): boolean => status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True') ?? false;
const deployment = (name: string) => ({
  metadata: { name, namespace },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});
const scheduled = async (client: Client, app: string): Promise<boolean> => {
  const { items } = await client.list(resources.pods, { namespace, labelSelector: `app=${app}` });
  return items.length === 3 && items.every(({ spec }) => Boolean(spec?.nodeName));
};

test.skipIf(missing !== undefined)(
  'without the keys of the cluster, or with other ranges, a second one is refused before it makes any',
  async () => {
    const stranger = await peapod(flagsOf('stranger', ports[1], '--nodes', '0'));
    expect([stranger.code === 0, existsSync(join(dir, 'stranger/pki'))]).toEqual([false, false]);
    expect(stranger.stderr).toContain('ca.crt, ca.key, service-account.key are not there');
    const elsewhere = await peapod(
      flagsOf('elsewhere', ports[1], '--nodes', '0', '--pki', join(dir, 'one/pki'), '--service-cidr', '10.97.0.0/16'),
    );
    expect(elsewhere.code).toBeGreaterThan(0);
    expect(elsewhere.stderr).toContain('--service-cidr 10.96.0.0/16: start this control plane with the same');
    const rival = await peapod(flagsOf('rival', ports[1], '--pki', join(dir, 'one/pki')));
    expect(rival.code).toBeGreaterThan(0);
    expect(rival.stderr).toContain('start this one with --nodes 0');
  },
);

test.skipIf(missing !== undefined)(
  'what is written through one is read through the other at once, and its watches tell',
  { timeout: 180_000 },
  async () => {
    const second = new PeapodProcess(flagsOf('other', ports[1], '--nodes', '0', '--pki', join(dir, 'one/pki')));
    await second.up;
    other = await adminOf(join(dir, 'other'));
    const began = new Map<string, number>();
    const heardMs: number[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const event of other.watch(resources.configMaps, { namespace, signal: stop.signal })) {
        if (event.type !== 'ADDED') continue;
        const at = began.get(event.object.metadata.name);
        if (at !== undefined) heardMs.push(performance.now() - at);
      }
    })().catch(() => {});
    for (let index = 0; index < 100; index++) {
      const [writer, reader] = index % 2 === 0 ? [one, other] : [other, one];
      const name = `seen-${index}`;
      began.set(name, performance.now());
      await writer.create(resources.configMaps, configMap(name));
      expect((await reader.get(resources.configMaps, { namespace, name })).data).toEqual({ value: name });
    }
    await until('every write is heard', async () => heardMs.length === 100, 30_000);
    stop.abort();
    await watching;
    heardMs.sort((a, b) => a - b);
    console.log(
      `from a create through one to a watch through the other: ${heardMs[50]?.toFixed(1)} ms, worst ${heardMs[99]?.toFixed(1)} ms`,
    );

    // What one refused out of old knowledge it thinks over: the namespace was made a moment ago elsewhere.
    for (let index = 0; index < 20; index++) {
      const name = `made-${index}`;
      await one.create(resources.namespaces, { metadata: { name }, spec: {} });
      await other.create(resources.configMaps, configMap('first', name));
    }
    // A kind that was defined elsewhere is served as soon as its definer knows that it is.
    await one.create(resources.customResourceDefinitions, definition as never);
    await until(
      'the kind is established',
      async () => established(await one.get(resources.customResourceDefinitions, { name: 'oars.boat.example' })),
      5000,
    );
    await other.create(oars, { metadata: { name: 'port', namespace }, length: 3 } as never);
    expect((await one.get(oars, { namespace, name: 'port' })).metadata.name).toBe('port');
    expect((await endpoints(one)).toSorted()).toEqual([...ports].toSorted());
    await other.create(resources.deployments, deployment('both') as never);
    await until(
      'the deployment runs',
      async () => (await other.get(resources.deployments, { namespace, name: 'both' })).status?.readyReplicas === 3,
      20_000,
    );
  },
);

test.skipIf(missing !== undefined)(
  'the nodes that one has within itself are reached through the other as well',
  { timeout: 90_000 },
  async () => {
    const command = ['sh', '-c', 'echo hello; sleep 1000'];
    await other.create(resources.pods, {
      metadata: { name: 'speaker', namespace },
      spec: { containers: [{ name: 'c', image: 'busybox', command }] },
    } as never);
    await until(
      'it runs',
      async () => (await other.get(resources.pods, { namespace, name: 'speaker' })).status?.phase === 'Running',
      10_000,
    );
    const http = new LoadClient(await loadKubeconfig(join(dir, 'other', 'kubeconfig')));
    try {
      const logOf = async (container: string): Promise<string> =>
        (await http.ask('GET', `/api/v1/namespaces/${namespace}/pods/speaker/log?container=${container}`, undefined, true)).text;
      await until('it has spoken', async () => (await logOf('c')) === 'hello\n', 30_000);
      await expect(logOf('none')).rejects.toThrow('container none is not valid for pod speaker');
      const { text } = await http.ask('GET', '/api/v1/nodes/node1/proxy/healthz', undefined, true);
      expect(text).toBe('ok');
    } finally {
      http.close();
    }
  },
);

test.skipIf(missing !== undefined)(
  'kill -9 of the one that leads: nothing acknowledged is lost, the other acts within 20 s',
  { timeout: 180_000 },
  async () => {
    const acknowledged: string[] = [];
    let over = false;
    const write = async (writer: number): Promise<void> => {
      for (let index = 0; !over; index++) {
        const name = `stream-${writer}-${index}`;
        try {
          await one.create(resources.configMaps, configMap(name));
          acknowledged.push(name);
        } catch {
          return;
        }
      }
    };
    const writers = Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    await until('writes flow', async () => acknowledged.length > 200, 60_000);
    await first.end('SIGKILL');
    const killed = performance.now();
    over = true;
    await writers;
    const { items } = await other.list(resources.configMaps, { namespace });
    const names = new Set(items.map(({ metadata }) => metadata.name));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);

    await other.create(resources.deployments, deployment('after') as never);
    await until('pods are made and scheduled', () => scheduled(other, 'after'), 60_000);
    const tookMs = performance.now() - killed;
    console.log(
      `${acknowledged.length} writes acknowledged before the kill, all there; controllers and scheduler act ${(tookMs / 1000).toFixed(1)} s after it`,
    );
    await until('the dead one is no endpoint', async () => (await endpoints(other)).join() === String(ports[1]), 60_000);

    one = await startFirst();
    await until('it is an endpoint again', async () => (await endpoints(other)).length === 2, 60_000);
    await until(
      'its nodes run what was scheduled',
      async () => (await one.get(resources.deployments, { namespace, name: 'after' })).status?.readyReplicas === 3,
      20_000,
    );
  },
);

test.skipIf(missing !== undefined)(
  'an etcd that goes away: refused in Kubernetes’ form, served again when it is back; a clean end takes its leave',
  { timeout: 90_000 },
  async () => {
    await etcd.kill('SIGKILL');
    const refusal = await other.create(resources.configMaps, configMap('while-away')).catch((error: unknown) => error);
    expect(hasReason(refusal, 'ServiceUnavailable', 'Timeout')).toBe(true);
    expect((await other.list(resources.configMaps, { namespace, resourceVersion: '0' })).items.length).toBeGreaterThan(200);
    await etcd.start();
    await until(
      'it serves again',
      () =>
        other.get(resources.configMaps, { namespace, name: 'seen-1' }).then(
          () => true,
          () => false,
        ),
      20_000,
    );
    await other.create(resources.configMaps, configMap('back'));
    await first.end('SIGTERM');
    await until('who left is no endpoint', async () => (await endpoints(other)).join() === String(ports[1]), 30_000);
  },
);
