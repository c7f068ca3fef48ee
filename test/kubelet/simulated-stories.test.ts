// Owns the proof that pods people write run as they expect: sidecars that share files, init containers, crashes, hooks, on simulated containers.
import { afterEach, expect, test } from 'vitest';
import type { ConfigMap } from '../../src/api/core/v1.ts';
import type { Draft } from '../../src/api/object.ts';
import { seededEntropy } from '../../src/base/entropy.ts';
import { resources } from '../../src/client/resources.ts';
import { stateLine } from '../../src/kubelet/pod/world-for-tests.ts';
import { type SimulatedRuntime, simulatedRuntime } from '../../src/runtime/simulated/simulated-runtime.ts';
import { Bench, isReady, namespace } from './bench.ts';

let bench: Bench<SimulatedRuntime>;

function simulatedBench(): Promise<Bench<SimulatedRuntime>> {
  return new Bench((clock, files) => simulatedRuntime({ clock, entropy: seededEntropy(3), files, podCidr: '10.42.0.0/24' })).start();
}

afterEach(async () => {
  await bench.stop();
  expect(bench.problems).toEqual([]);
});

/** The log of a container's newest instance. */
async function logOf(pod: string, container: string): Promise<string> {
  const found = bench.kubelet?.pods.find(namespace, pod);
  const instance = found?.containers.filter(({ metadata }) => metadata.name === container).at(-1);
  const bytes = await bench.files.readFile(instance?.logPath ?? '');
  return Buffer.from(bytes).toString('utf8');
}

async function sh(pod: string, container: string, script: string): Promise<string> {
  const instance = bench.kubelet?.pods
    .find(namespace, pod)
    ?.containers.filter(({ metadata }) => metadata.name === container)
    .at(-1);
  const running = bench.runtime.execSync(instance?.id ?? '', ['sh', '-c', script], 10_000);
  let out: string | undefined;
  void running.then(({ stdout }) => (out = Buffer.from(stdout).toString('utf8')));
  await bench.clock.until(() => out !== undefined);
  return out ?? '';
}

test('log-pod: a sidecar writes what the web server serves, through an emptyDir', async () => {
  bench = await simulatedBench();
  await bench.create('log-pod', {
    volumes: [{ name: 'html-log', emptyDir: {} }],
    containers: [
      { name: 'app-container', image: 'nginx:1.25.3', volumeMounts: [{ name: 'html-log', mountPath: '/usr/share/nginx/html' }] },
      {
        name: 'sidecar-container',
        image: 'debian:10',
        volumeMounts: [{ name: 'html-log', mountPath: '/date-log' }],
        command: ['/bin/sh', '-c'],
        args: ['while true; do date >> /date-log/index.html; sleep 1; done'],
      },
    ],
  });
  await bench.until('log-pod', isReady);
  await bench.clock.advance(3000);
  const seen = await sh('log-pod', 'app-container', 'cat /usr/share/nginx/html/index.html');
  expect(seen.trim().split('\n').length).toBeGreaterThanOrEqual(3);
  expect(seen).toBe(await sh('log-pod', 'sidecar-container', 'cat /date-log/index.html'));
});

test('an init container prepares what the main container reads, and the pod completes', async () => {
  bench = await simulatedBench();
  const volumeMounts = [{ name: 'd', mountPath: '/d' }];
  await bench.create('p', {
    restartPolicy: 'Never',
    volumes: [{ name: 'd', emptyDir: {} }],
    initContainers: [{ name: 'i', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 2; echo prepared > /d/x'], volumeMounts }],
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'cat /d/x; sleep 1'], volumeMounts }],
  });
  await bench.until('p', (s) => s.phase === 'Succeeded');
  expect(bench.sequence('p', (s) => stateLine(s, 'i')).slice(1)).toEqual([
    'waiting PodInitializing',
    'running',
    'terminated Completed exit 0',
  ]);
  expect(await logOf('p', 'c')).toContain(' stdout F prepared\n');
});

test('an init container that waits for a service holds the pod, and lets it go', async () => {
  bench = await simulatedBench();
  await bench.create('p', {
    initContainers: [{ name: 'i', image: 'busybox:1.36', command: ['sh', '-c', 'until [ -e /tmp/go ]; do sleep 0.5; done'] }],
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 3600'] }],
  });
  await bench.clock.advance(60_000);
  expect(stateLine((await bench.pod('p'))?.status ?? {}, 'i')).toBe('running');
  await sh('p', 'i', 'touch /tmp/go');
  await bench.until('p', isReady, 5000);
});

test('a native sidecar starts first, restarts by itself, and ends last', async () => {
  bench = await simulatedBench();
  await bench.create('p', {
    restartPolicy: 'Never',
    initContainers: [{ name: 's', image: 'busybox:1.36', restartPolicy: 'Always', command: ['sh', '-c', 'sleep 3600'] }],
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 5'] }],
    terminationGracePeriodSeconds: 1,
  });
  await bench.until('p', (s) => s.phase === 'Succeeded');
  expect((await bench.pod('p'))?.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(137);
});

test('a crashing container tells its last words and waits longer each time', async () => {
  bench = await simulatedBench();
  await bench.create('p', {
    containers: [
      { name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 3; echo -n out of luck > /dev/termination-log; exit 7'] },
    ],
  });
  await bench.until('p', (s) => s.containerStatuses?.[0]?.restartCount === 3 && stateLine(s, 'c') === 'waiting CrashLoopBackOff');
  const status = (await bench.pod('p'))?.status?.containerStatuses?.[0];
  expect(status?.state?.waiting?.message).toMatch(/^back-off 40s restarting failed container=c pod=p_default\(/);
  expect(status?.lastState?.terminated).toMatchObject({ exitCode: 7, reason: 'Error', message: 'out of luck' });
});

test('a program that nobody knows ends at once, and its container backs off', async () => {
  bench = await simulatedBench();
  await bench.create('p', { containers: [{ name: 'c', image: 'busybox:1.36', command: ['nosuchprogram'] }] });
  await bench.until('p', (s) => stateLine(s, 'c') === 'waiting CrashLoopBackOff');
  expect(bench.sequence('p', (s) => stateLine(s, 'c'))).toContain('terminated Error exit 127');
});

test('environment, command expansion and configuration files arrive', async () => {
  bench = await simulatedBench();
  await bench.client.create(resources.configMaps, { metadata: { name: 'conf', namespace }, data: { color: 'blue' } } as Draft<ConfigMap>);
  await bench.create('p', {
    restartPolicy: 'Never',
    volumes: [{ name: 'v', configMap: { name: 'conf' } }],
    containers: [
      {
        name: 'c',
        image: 'busybox:1.36',
        env: [{ name: 'WHO', value: 'you' }],
        command: ['sh', '-c', 'echo hello $(WHO); cat /v/color; hostname'],
        volumeMounts: [{ name: 'v', mountPath: '/v' }],
      },
    ],
  });
  await bench.until('p', (s) => s.phase === 'Succeeded');
  const lines = (await logOf('p', 'c')).split('\n').map((line) => line.split(' ').slice(3).join(' '));
  expect(lines).toEqual(['hello you', 'bluep', '']);
});

test('a node that is shut down ends its pods, says why, and takes no more', async () => {
  bench = await simulatedBench();
  const stays = { command: ['sh', '-c', 'sleep 3600'], image: 'busybox:1.36' };
  await bench.create('plain', { restartPolicy: 'Always', containers: [{ name: 'c', ...stays }] });
  await bench.until('plain', isReady);
  void bench.kubelet?.shutDown({ totalMs: 3000, criticalMs: 1000 });
  const ended = await bench.until('plain', ({ phase }) => phase === 'Failed');
  expect(ended.status).toMatchObject({ reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' });
  expect(ended.status?.conditions?.[0]).toMatchObject({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' });
  await bench.create('late', { containers: [{ name: 'c', ...stays }] });
  const late = await bench.until('late', ({ phase }) => phase === 'Failed');
  expect(late.status).toMatchObject({
    reason: 'NodeShutdown',
    message: 'Pod was rejected: Pod was rejected as the node is shutting down.',
  });
});

test('a pod that drains before it ends is unready meanwhile: its readiness is asked for to the last', async () => {
  bench = await simulatedBench();
  await bench.create('p', {
    terminationGracePeriodSeconds: 20,
    containers: [
      {
        name: 'c',
        image: 'busybox:1.36',
        command: ['sh', '-c', 'touch /tmp/ready; sleep 3600'],
        readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1, failureThreshold: 1 },
        livenessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1, failureThreshold: 1 },
        lifecycle: { preStop: { exec: { command: ['sh', '-c', 'rm /tmp/ready; sleep 5'] } } },
      },
    ],
  });
  await bench.until('p', isReady);
  await bench.client.delete(resources.pods, { namespace, name: 'p' });
  await bench.until('p', (s) => !isReady(s) && s.containerStatuses?.[0]?.state?.running !== undefined, 4000);
  await bench.clock.until(async () => (await bench.pod('p')) === undefined, 60_000);
  const told = await bench.events();
  expect(told.filter((text) => text.startsWith('Unhealthy: Readiness'))).toHaveLength(1);
  expect(told.filter((text) => text.includes('iveness probe'))).toEqual([]);
});

test('containers share 12 KiB for their last words: each keeps the last 4 KiB, and of that the beginning', async () => {
  bench = await simulatedBench();
  const says = 'i=0; while [ $i -lt 1500 ]; do echo -n "$i:" >> /dev/termination-log; i=$((i+1)); done';
  const containers = ['a', 'b', 'c'].map((name) => ({ name, image: 'busybox:1.36', command: ['sh', '-c', says] }));
  await bench.create('p', {
    restartPolicy: 'Never',
    initContainers: ['i', 'j', 'k'].map((name) => ({ name, image: 'busybox:1.36', command: ['sh', '-c', 'true'] })),
    containers,
  });
  const { status } = await bench.until('p', (s) => s.phase === 'Succeeded');
  const whole = Array.from({ length: 1500 }, (_, index) => `${index}:`).join('');
  const kept = whole.slice(-4096).slice(0, 2048);
  expect(status?.containerStatuses?.map(({ state }) => state?.terminated?.message)).toEqual([kept, kept, kept]);
});

test('of manifests those are left out that are no pods, that the API would not take, or that come second; the others run', async () => {
  bench = await simulatedBench();
  const manifest = (name: string, more: object = {}): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 3600'], ...more }] },
    });
  await bench.files.writeFile('/manifests/1-broken.yaml', '{ this is no manifest');
  await bench.files.writeFile('/manifests/2-invalid.json', manifest('invalid', { image: undefined }));
  await bench.files.writeFile('/manifests/3-other.yaml', 'kind: ConfigMap\nmetadata: { name: x }\n');
  await bench.files.writeFile('/manifests/4-good', manifest('good'));
  await bench.files.writeFile('/manifests/5-good-again.yaml', manifest('good', { args: ['other'] }));
  await bench.files.writeFile('/manifests/.6-hidden.yaml', manifest('hidden'));
  await bench.clock.advance(25_000);
  const { items } = await bench.client.list(resources.pods, { namespace });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['good-node1']);
  expect(items[0]?.spec.containers[0]?.args).toBeUndefined();
  const left = bench.problems.splice(0).map((text) => text.replace(/^a manifest is left out /, ''));
  expect(left.map((text) => text.replace(/("problem":"[^:]{0,29}).*/, '$1'))).toEqual([
    '{"file":"1-broken.yaml","problem":"Flow map must end with a } at',
    '{"file":"2-invalid.json","problem":"spec.containers[0].image',
    '{"file":"3-other.yaml","problem":"it holds no pod"}',
    '{"file":"5-good-again.yaml","problem":"another file has a pod defaul',
  ]);
  await bench.files.writeFile('/manifests/2-invalid.json', manifest('valid'));
  await bench.until('valid-node1', isReady, 30_000);
  bench.problems.splice(0);
});
