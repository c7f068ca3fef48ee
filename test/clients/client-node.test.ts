// Owns that the JavaScript client does its everyday work: create, list, watch, patch, logs, exec, port-forward's handshake, informers.
import { PassThrough, Writable } from 'node:stream';
import {
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1Status,
  VersionApi,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClusterForClients, clusterForClients } from './cluster-for-clients.ts';

let cluster: ClusterForClients;
let config: KubeConfig;
let core: CoreV1Api;
const namespace = 'default';

beforeAll(async () => {
  cluster = await clusterForClients();
  config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'busybox', command: ['sh', '-c', 'echo hello; sleep 1000'] }] },
    },
  });
});
afterAll(() => cluster.stop());

/** A stream that keeps what is written to it. */
function sink(): { readonly stream: Writable; readonly text: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { stream, text: () => text };
}

test('objects: made, listed in pages, patched in three ways, deleted', async () => {
  expect((await config.makeApiClient(VersionApi).getCode()).minor).toBe('36');
  for (const name of ['a', 'b', 'c'])
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { of: 'test' } }, data: { k: 'v' } } });
  const first = await core.listNamespacedConfigMap({ namespace, labelSelector: 'of=test', limit: 2 });
  expect(first.items).toHaveLength(2);
  const rest = await core.listNamespacedConfigMap({
    namespace,
    labelSelector: 'of=test',
    limit: 2,
    _continue: first.metadata?._continue ?? '',
  });
  expect(rest.items.map(({ metadata }) => metadata?.name)).toEqual(['c']);
  const patch = (body: unknown, strategy: string) =>
    core.patchNamespacedConfigMap(
      { namespace, name: 'a', body, fieldManager: 'js', force: strategy === PatchStrategy.ServerSideApply ? true : undefined } as never,
      setHeaderOptions('Content-Type', strategy),
    );
  expect((await patch({ data: { m: '1' } }, PatchStrategy.MergePatch)).data).toEqual({ k: 'v', m: '1' });
  expect((await patch([{ op: 'remove', path: '/data/m' }], PatchStrategy.JsonPatch)).data).toEqual({ k: 'v' });
  expect(
    (await patch({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { s: '1' } }, PatchStrategy.ServerSideApply)).data,
  ).toEqual({ k: 'v', s: '1' });
  await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
  await expect(core.readNamespacedConfigMap({ namespace, name: 'a' })).rejects.toMatchObject({ code: 404 });
  const apps = config.makeApiClient(AppsV1Api);
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
  await apps.createNamespacedDeployment({
    namespace,
    body: { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } },
  });
  const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'd' });
  expect(
    (await apps.replaceNamespacedDeploymentScale({ namespace, name: 'd', body: { ...scale, spec: { replicas: 2 } } })).spec?.replicas,
  ).toBe(2);
  const objects = KubernetesObjectApi.makeApiClient(config);
  expect(
    (await objects.read({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace } })).metadata?.uid,
  ).toBeDefined();
});

test('a watch and an informer see what happens', async () => {
  const seen: string[] = [];
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/secrets`, () => core.listNamespacedSecret({ namespace }));
  for (const verb of ['add', 'update', 'delete'] as const)
    informer.on(verb, ({ metadata }) => void seen.push(`informer ${verb} ${metadata?.name}`));
  await informer.start();
  const watching = await new Watch(config).watch(
    `/api/v1/namespaces/${namespace}/secrets`,
    { resourceVersion: (await core.listNamespacedSecret({ namespace })).metadata?.resourceVersion },
    (type, object) => void seen.push(`watch ${type} ${object.metadata.name}`),
    () => {},
  );
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 's' } } });
  await core.deleteNamespacedSecret({ namespace, name: 's' });
  await expect
    .poll(() => seen.toSorted(), { timeout: 10_000 })
    .toEqual(['informer add s', 'informer delete s', 'watch ADDED s', 'watch DELETED s']);
  watching.abort();
  await informer.stop();
});

test('logs and a command in a container', async () => {
  await expect
    .poll(async () => (await core.readNamespacedPod({ namespace, name: 'p' })).status?.phase, { timeout: 10_000 })
    .toBe('Running');
  await expect.poll(() => core.readNamespacedPodLog({ namespace, name: 'p' }), { timeout: 10_000 }).toBe('hello\n');
  const log = sink();
  await new Log(config).log(namespace, 'p', 'c', log.stream, { tailLines: 1 });
  await expect.poll(log.text, { timeout: 10_000 }).toBe('hello\n');
  const [out, err, input] = [sink(), sink(), new PassThrough()];
  const ended = Promise.withResolvers<V1Status>();
  const command = ['sh', '-c', 'echo out; echo err >&2; cat; exit 3'];
  await new Exec(config).exec(namespace, 'p', 'c', command, out.stream, err.stream, input, false, ended.resolve);
  input.end('typed\n');
  expect((await ended.promise).details?.causes?.[0]?.message).toBe('3');
  expect([out.text(), err.text()]).toEqual(['out\ntyped\n', 'err\n']);
});
