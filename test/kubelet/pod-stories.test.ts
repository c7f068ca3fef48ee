// Owns the proof of the kubelet whole: a real API in this process, files in memory, scripted containers, virtual time. Each test is one pod's story.
import { afterEach, expect, test } from 'vitest';
import type { ConfigMap, Container, PodStatus } from '../../src/api/core/v1.ts';
import type { Draft } from '../../src/api/object.ts';
import { resources } from '../../src/client/resources.ts';
import { conditionLine, stateLine } from '../../src/kubelet/pod/world-for-tests.ts';
import { type Bench, namespace, isReady as ready, scriptedBench } from './bench.ts';

let bench: Bench;

afterEach(async () => {
  await bench.stop();
  expect(bench.problems).toEqual([]);
});

test('a pod comes up in the time of its sandbox and its start, with upstream’s events', async () => {
  bench = await scriptedBench().start();
  const beganMs = bench.clock.now();
  await bench.create('p', {});
  const pod = await bench.until('p', ready);
  expect(bench.clock.now() - beganMs).toBeLessThan(80);
  expect(pod.status).toMatchObject({
    phase: 'Running',
    hostIP: '10.0.0.1',
    qosClass: 'BestEffort',
    podIP: expect.stringContaining('10.42.'),
  });
  expect(bench.sequence('p', (s) => s.phase ?? '')).toEqual(['Pending', 'Running']);
  await bench.clock.advance(1000);
  expect(await bench.events()).toEqual([
    'Created: Container created x1',
    'Pulled: Container image "busybox:1.36" already present on machine and can be accessed by the pod x1',
    'Started: Container started x1',
  ]);
});

const sandboxAndState = (s: PodStatus): string => `${conditionLine(s, 'PodReadyToStartContainers')}, ${stateLine(s, 'c')}`;

test.each<[string, readonly string[], Partial<Container>]>([
  ['shows with the containers', ['False, waiting ContainerCreating', 'True, running'], {}],
  [
    'shows alone where they take more than a second',
    ['False, waiting ContainerCreating', 'True, waiting ContainerCreating', 'True, running'],
    { lifecycle: { postStart: { sleep: { seconds: 3 } } } },
  ],
])('a new sandbox %s; nothing else is written', async (_, states, more) => {
  bench = await scriptedBench().start();
  await bench.create('p', { containers: [{ name: 'c', image: 'busybox:1.36', ...more }] });
  await bench.until('p', ready);
  await bench.clock.advance(5000);
  expect(bench.sequence('p', sandboxAndState).slice(1)).toEqual(states);
  expect(bench.history.get('p')).toHaveLength(1 + states.length);
});

test('a crashing container: Error, restart at once, Error, CrashLoopBackOff for the whole back-off', async () => {
  bench = await scriptedBench().start();
  bench.runtime.script = () => ({ exitAfterMs: 3000, exitCode: 1, onTerm: 0 });
  await bench.create('p', {});
  await bench.until('p', (s) => s.containerStatuses?.[0]?.restartCount === 3);
  expect(bench.sequence('p', (s) => stateLine(s, 'c')).slice(1)).toEqual([
    'waiting ContainerCreating',
    'running',
    'terminated Error exit 1',
    'running',
    'terminated Error exit 1',
    'waiting CrashLoopBackOff',
    'running',
    'terminated Error exit 1',
    'waiting CrashLoopBackOff',
    'running',
  ]);
  const events = await bench.events();
  expect(events.find((text) => text.startsWith('BackOff'))).toMatch(
    /^BackOff: Back-off restarting failed container c in pod p_default\(.*\) x2$/,
  );
});

test('an OOM kill is told as that, even where the runtime says Error', async () => {
  bench = await scriptedBench().start();
  bench.runtime.script = () => ({ exitAfterMs: 1000, exitCode: 137, oom: true });
  await bench.create('p', { restartPolicy: 'Never' });
  await bench.until('p', (s) => s.phase === 'Failed');
  expect(bench.sequence('p', (s) => stateLine(s, 'c')).at(-1)).toBe('terminated OOMKilled exit 137');
});

test('deletion: SIGTERM, terminal status, gone; nothing of the pod is left on the node', async () => {
  bench = await scriptedBench().start();
  await bench.create('p', {
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [{ name: 'c', image: 'i:1', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
  });
  const { metadata } = await bench.until('p', ready);
  expect(await bench.files.stat(`/kubelet/pods/${metadata.uid}/volumes/kubernetes.io~empty-dir/v`)).toMatchObject({ kind: 'directory' });
  // A process that has only just begun gets no signal yet.
  await bench.clock.advance(200);
  const beganMs = bench.clock.now();
  await bench.client.delete(resources.pods, { namespace, name: 'p' });
  await bench.clock.until(async () => (await bench.pod('p')) === undefined);
  expect(bench.clock.now() - beganMs).toBeLessThan(50);
  expect(bench.sequence('p', (s) => s.phase ?? '')).toEqual(['Pending', 'Running', 'Succeeded']);
  await bench.clock.advance(2000);
  expect(await bench.runtime.listContainers()).toEqual([]);
  expect(await bench.runtime.listSandboxes()).toEqual([]);
  expect(await bench.files.stat(`/kubelet/pods/${metadata.uid}`)).toBeUndefined();
  expect(bench.kubelet?.pods.all()).toEqual([]);
});

test('a container that ignores SIGTERM is killed after the grace', async () => {
  bench = await scriptedBench().start();
  bench.runtime.script = () => ({});
  await bench.create('p', {});
  await bench.until('p', ready);
  await bench.client.delete(resources.pods, { namespace, name: 'p' }, { gracePeriodSeconds: 3 });
  await bench.clock.until(async () => (await bench.pod('p')) === undefined, 4000);
  expect(bench.sequence('p', (s) => stateLine(s, 'c')).at(-1)).toBe('terminated Error exit 137');
  expect(bench.runtime.calls).toContain('stop c 3');
});

test('configuration that comes later heals the pod at once', async () => {
  bench = await scriptedBench().start();
  const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'later', key: 'a' } } }];
  await bench.create('p', { containers: [{ name: 'c', image: 'i:1', env }] });
  await bench.until('p', (s) => stateLine(s, 'c') === 'waiting CreateContainerConfigError');
  expect((await bench.pod('p'))?.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('configmap "later" not found');
  await bench.clock.advance(3000);
  const beganMs = bench.clock.now();
  await bench.client.create(resources.configMaps, { metadata: { name: 'later', namespace }, data: { a: 'x' } } as Draft<ConfigMap>);
  await bench.until('p', ready);
  expect(bench.clock.now() - beganMs).toBeLessThan(100);
  const id = bench.runtime.running('c')?.id ?? '';
  expect(bench.runtime.configs.get(id)?.env).toContainEqual({ name: 'A', value: 'x' });
});

test('a config map volume follows its object while the pod runs', async () => {
  bench = await scriptedBench().start();
  await bench.client.create(resources.configMaps, { metadata: { name: 'conf', namespace }, data: { a: 'old' } } as Draft<ConfigMap>);
  const volumeMounts = [{ name: 'v', mountPath: '/v' }];
  await bench.create('p', {
    volumes: [{ name: 'v', configMap: { name: 'conf' } }],
    containers: [{ name: 'c', image: 'i:1', volumeMounts }],
  });
  const { metadata } = await bench.until('p', ready);
  const path = `/kubelet/pods/${metadata.uid}/volumes/kubernetes.io~configmap/v/a`;
  const read = async (): Promise<string> => Buffer.from(await bench.files.readFile((await bench.files.resolve(path)) ?? '')).toString();
  expect(await read()).toBe('old');
  await bench.client.patch(resources.configMaps, { namespace, name: 'conf' }, { type: 'merge', body: { data: { a: 'new' } } });
  await bench.clock.until(async () => (await read()) === 'new', 1000);
});

test('a missing config map holds the pod in ContainerCreating with FailedMount', async () => {
  bench = await scriptedBench().start();
  await bench.create('p', {
    volumes: [{ name: 'v', configMap: { name: 'nosuch' } }],
    containers: [{ name: 'c', image: 'i:1', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
  });
  await bench.clock.advance(1000);
  expect(stateLine((await bench.pod('p'))?.status ?? {}, 'c')).toBe('waiting ContainerCreating');
  expect(await bench.events()).toContainEqual('FailedMount: MountVolume.SetUp failed for volume "v" : configmap "nosuch" not found x2');
});

test('liveness kills and restarts; readiness decides Ready', async () => {
  bench = await scriptedBench().start();
  let healthy = true;
  const bad = { exitCode: 1, stdout: Buffer.from('not now'), stderr: Buffer.alloc(0) };
  bench.runtime.answer = () => (healthy ? { ...bad, exitCode: 0 } : bad);
  const probe = { exec: { command: ['test'] }, periodSeconds: 1, failureThreshold: 2 };
  await bench.create('p', { containers: [{ name: 'c', image: 'i:1', livenessProbe: probe, readinessProbe: probe }] });
  await bench.until('p', ready);
  healthy = false;
  await bench.until('p', (s) => s.containerStatuses?.[0]?.restartCount === 1);
  healthy = true;
  await bench.until('p', ready);
  await bench.clock.advance(100);
  const events = await bench.events();
  expect(events.join('\n')).toMatch(/^Unhealthy: Liveness probe failed: not now x[23]$/m);
  expect(bench.sequence('p', (status) => stateLine(status, 'c')).slice(1)).toEqual(['waiting ContainerCreating', 'running']);
  expect(events).toContain('Killing: Container c failed liveness probe, will be restarted x1');
});

test('a kubelet that restarts restarts no container, and finishes what was deleted meanwhile', async () => {
  bench = await scriptedBench().start();
  await bench.create('stays', {});
  await bench.create('goes', {});
  await bench.until('stays', ready);
  await bench.until('goes', ready);
  await bench.stop();
  await bench.client.delete(resources.pods, { namespace, name: 'goes' }, { gracePeriodSeconds: 0 });
  const before = (await bench.pod('stays'))?.status;
  bench.runtime.calls.length = 0;
  const { ready: again } = bench.startKubelet();
  let done = false;
  void again.then(() => (done = true));
  await bench.clock.until(() => done);
  await bench.clock.advance(5000);
  expect(bench.runtime.calls.filter((call) => /^(start|create|runSandbox)/.test(call))).toEqual([]);
  expect(bench.runtime.calls.filter((call) => call.startsWith('stop '))).toEqual(['stop c 30']);
  expect((await bench.pod('stays'))?.status).toEqual(before);
  expect((await bench.runtime.listSandboxes()).map(({ metadata }) => metadata.name)).toEqual(['stays']);
});

test('what the node cannot take is refused', async () => {
  bench = await scriptedBench().start();
  await bench.create('p', { containers: [{ name: 'c', image: 'i:1', resources: { requests: { memory: '5Ti' } } }] });
  const { status } = await bench.until('p', (s) => s.phase === 'Failed');
  expect(status).toMatchObject({
    reason: 'OutOfmemory',
    message: expect.stringMatching(
      /^Pod was rejected: Node didn't have enough resource: memory, requested: 5497558138880, used: 0, capacity: /,
    ),
  });
  expect(status?.containerStatuses).toBeUndefined();
});

test('a sidecar’s preStop runs at once, its signal comes after the main container’s end, within the grace that is left', async () => {
  bench = await scriptedBench().start();
  bench.runtime.script = (name) => (name === 'c' ? {} : { onTerm: 0 });
  const preStop = { sleep: { seconds: 1 } };
  await bench.create('p', {
    terminationGracePeriodSeconds: 6,
    initContainers: [{ name: 's', image: 'i:1', restartPolicy: 'Always', lifecycle: { preStop } }],
  });
  await bench.until('p', ready);
  await bench.clock.advance(1000);
  await bench.client.delete(resources.pods, { namespace, name: 'p' });
  await bench.clock.advance(1500);
  expect(bench.runtime.calls.filter((call) => call.startsWith('stop '))).toEqual(['stop c 6']);
  expect((await bench.events()).filter((text) => text.startsWith('Killing'))).toEqual([
    'Killing: Stopping container c x1',
    'Killing: Stopping container s x1',
  ]);
  await bench.clock.until(async () => (await bench.pod('p')) === undefined, 10_000);
  expect(bench.runtime.calls.filter((call) => call.startsWith('stop '))).toEqual(['stop c 6', 'stop s 2']);
});

test('a preStop that waits for longer than the grace is no failure', async () => {
  bench = await scriptedBench().start();
  await bench.create('p', {
    containers: [{ name: 'c', image: 'i:1', lifecycle: { preStop: { sleep: { seconds: 20 } } } }],
  });
  await bench.until('p', ready);
  await bench.client.delete(resources.pods, { namespace, name: 'p' }, { gracePeriodSeconds: 2 });
  await bench.clock.until(async () => (await bench.pod('p')) === undefined, 10_000);
  expect((await bench.events()).filter((text) => text.includes('PreStop'))).toEqual([]);
});

test('hooks: preStop runs before SIGTERM and its time counts against the grace', async () => {
  bench = await scriptedBench().start();
  const lifecycle = { preStop: { sleep: { seconds: 2 } } };
  await bench.create('p', { terminationGracePeriodSeconds: 5, containers: [{ name: 'c', image: 'i:1', lifecycle }] });
  await bench.until('p', ready);
  await bench.client.delete(resources.pods, { namespace, name: 'p' });
  await bench.clock.until(async () => (await bench.pod('p')) === undefined, 5000);
  expect(bench.runtime.calls).toContain('stop c 3');
});

test('a pod tells what it has as a whole, and nothing is written twice', async () => {
  bench = await scriptedBench().start();
  const resources = { limits: { cpu: '200m', memory: '64Mi' } };
  await bench.create('p', { containers: [{ name: 'c', image: 'i:1', resources }] });
  const { status } = await bench.until('p', ready);
  expect(status?.resources).toEqual({ ...resources, requests: resources.limits });
  const writes = bench.history.get('p')?.length;
  await bench.clock.advance(60_000);
  expect(bench.history.get('p')).toHaveLength(writes ?? 0);
});

test('the image of a volume that cannot be pulled is told of by the pod, once for all its containers', async () => {
  bench = await scriptedBench().start();
  bench.runtime.absent.add('nosuch:1');
  const volumeMounts = [{ name: 'v', mountPath: '/v' }];
  await bench.create('p', {
    volumes: [{ name: 'v', image: { reference: 'nosuch:1', pullPolicy: 'Always' } }],
    containers: [
      { name: 'c', image: 'i:1', volumeMounts },
      { name: 'd', image: 'i:1', volumeMounts },
    ],
  });
  await bench.until('p', (s) => stateLine(s, 'c') === 'waiting ImagePullBackOff');
  const { items } = await bench.client.list(resources.events, { namespace });
  const told = items.map(
    ({ involvedObject, reason, message = '' }) => `${involvedObject.fieldPath ?? 'pod'} ${reason}: ${message.slice(0, 40)}`,
  );
  expect(told.toSorted()).toEqual([
    'pod BackOff: Back-off pulling image "nosuch:1"',
    'pod Failed: Failed to pull image "nosuch:1": rpc err',
    'pod Pulling: Pulling image "nosuch:1"',
    'spec.containers{c} Failed: Error: ErrImagePull',
    'spec.containers{c} Failed: Error: ImagePullBackOff',
    'spec.containers{d} Failed: Error: ErrImagePull',
    'spec.containers{d} Failed: Error: ImagePullBackOff',
  ]);
  const waiting = (await bench.pod('p'))?.status?.containerStatuses?.[0]?.state?.waiting;
  expect(waiting?.message).toContain('Back-off pulling image "nosuch:1": ErrImagePull');
});

test('a postStart hook that fails stops its container as any other: preStop first', async () => {
  bench = await scriptedBench().start();
  const lifecycle = { postStart: { exec: { command: ['bad'] } }, preStop: { exec: { command: ['good'] } } };
  bench.runtime.answer = (name, [command]) => {
    bench.runtime.calls.push(`exec ${name} ${command}`);
    return { exitCode: command === 'bad' ? 1 : 0, stdout: new Uint8Array(), stderr: new Uint8Array() };
  };
  await bench.create('p', { containers: [{ name: 'c', image: 'i:1', lifecycle }] });
  await bench.until('p', (s) => stateLine(s, 'c') === 'waiting PostStartHookError');
  const calls = bench.runtime.calls.filter((call) => /^(exec|stop) /.test(call));
  expect(calls.slice(0, 3)).toEqual(['exec c bad', 'exec c good', 'stop c 30']);
});

test('a postStart hook that may ask another container comes when that has run for a moment', async () => {
  bench = await scriptedBench().start();
  // Nobody listens there.
  const lifecycle = { postStart: { httpGet: { port: 1, host: '127.0.0.1' } } };
  await bench.create('p', {
    containers: [
      { name: 'a', image: 'i:1' },
      { name: 'c', image: 'i:1', lifecycle },
    ],
  });
  await bench.clock.until(() => bench.runtime.running('c') !== undefined);
  const startedMs = bench.clock.now();
  await bench.clock.until(async () => (await bench.events()).some((text) => text.startsWith('FailedPostStartHook')));
  expect(bench.clock.now() - startedMs).toBeGreaterThanOrEqual(200);
});

test('a container that vanished without a word is noticed within a minute and made anew', async () => {
  bench = await scriptedBench().start();
  await bench.create('p', {});
  await bench.until('p', ready);
  await bench.runtime.removeContainer(bench.runtime.running('c')?.id ?? '');
  const { status } = await bench.until('p', (s) => ready(s) && s.containerStatuses?.[0]?.restartCount === 1, 61_000);
  expect(status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
});

test('a postStart hook holds the next container back, and both show together', async () => {
  bench = await scriptedBench().start();
  const hooked = { name: 'a', image: 'i:1', lifecycle: { postStart: { sleep: { seconds: 3 } } } };
  await bench.create('p', { containers: [hooked, { name: 'b', image: 'i:1' }] });
  await bench.until('p', ready);
  expect(bench.sequence('p', (s) => `${stateLine(s, 'a')}, ${stateLine(s, 'b')}`).slice(1)).toEqual([
    'waiting ContainerCreating, waiting ContainerCreating',
    'running, running',
  ]);
});

test('a changed image restarts its container with it, under Never too', async () => {
  bench = await scriptedBench().start();
  await bench.create('p', { restartPolicy: 'Never' });
  await bench.until('p', ready);
  const containers = [{ name: 'c', image: 'busybox:1.28' }];
  await bench.client.patch(resources.pods, { namespace, name: 'p' }, { type: 'strategic', body: { spec: { containers } } });
  await bench.until('p', (s) => ready(s) && s.containerStatuses?.[0]?.restartCount === 1);
  await bench.clock.advance(100);
  expect(await bench.events()).toContain('Killing: Container c definition changed, will be restarted x1');
  expect(bench.runtime.configs.get(bench.runtime.running('c')?.id ?? '')?.userImage).toBe('busybox:1.28');
});

const manifest = (name: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', labels: { tier: 'node' } },
    spec: { containers: [{ name, image: 'i:1' }] },
  });

test('a manifest runs and shows as a mirror; deleting the mirror makes it anew; another manifest replaces it; none ends it', async () => {
  bench = await scriptedBench().start();
  await bench.files.writeFile('/manifests/web.json', manifest('c'));
  const first = await bench.until('web-node1', ready);
  expect(first.metadata).toMatchObject({ labels: { tier: 'node' }, ownerReferences: [{ kind: 'Node', name: 'node1', controller: true }] });
  const id = bench.runtime.running('c')?.id;
  await bench.client.delete(resources.pods, { namespace, name: 'web-node1' });
  const second = await bench.until('web-node1', (s, { metadata }) => ready(s) && metadata.uid !== first.metadata.uid);
  expect(second.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  expect(bench.runtime.running('c')?.id).toBe(id);
  await bench.files.writeFile('/manifests/web.json', manifest('other'));
  await bench.until('web-node1', (s) => ready(s) && s.containerStatuses?.[0]?.name === 'other');
  expect(bench.runtime.running('c')).toBeUndefined();
  await bench.files.remove('/manifests/web.json');
  await bench.clock.until(async () => (await bench.pod('web-node1')) === undefined);
  await bench.clock.advance(1000);
  expect(await bench.runtime.listContainers()).toEqual([]);
});

test('a manifest that the node has no room for is told of, and neither runs nor shows; a smaller one does', async () => {
  bench = await scriptedBench().start();
  const big = manifest('c').replace('"name":"c"', '"name":"c","resources":{"requests":{"cpu":"64"}}');
  await bench.files.writeFile('/manifests/web.json', big);
  await bench.clock.advance(30_000);
  expect(await bench.pod('web-node1')).toBeUndefined();
  expect(await bench.runtime.listContainers()).toEqual([]);
  // A static pod is critical: others would make way, were there any.
  expect(await bench.events()).toEqual([
    expect.stringContaining('no set of running pods found to reclaim resources: [(res: cpu, q: 62000), ]'),
  ]);
  await bench.files.writeFile('/manifests/web.json', manifest('c'));
  await bench.until('web-node1', ready);
});
