// Owns the stories that hold on every cluster, simulated or real: the pods of the user's documents, from create to their last log line.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod, PodSpec } from '../../src/api/core/v1.ts';
import { resources } from '../../src/client/resources.ts';
import { type Bench, conditionOf, example, PodStory } from './bench.ts';

/** Tells every story on one cluster, in a namespace of their own. */
export function stories(name: string, open: () => Promise<Bench>): void {
  describe(`stories on ${name}`, () => {
    let bench: Bench;
    const namespace = 'stories';
    beforeAll(async () => {
      bench = await open();
      await bench.client.create(resources.namespaces, { metadata: { name: namespace }, spec: {} });
      await bench.until('the namespace has its service account and CA', async () => {
        const [accounts, maps] = await Promise.all([
          bench.client.list(resources.serviceAccounts, { namespace }),
          bench.client.list(resources.configMaps, { namespace }),
        ]);
        return accounts.items.length === 1 && maps.items.some(({ metadata }) => metadata.name === 'kube-root-ca.crt');
      });
    });
    afterAll(async () => {
      await bench?.stop();
    });

    const begin = async (pod: Pick<Pod, 'metadata' | 'spec'>): Promise<PodStory> => {
      await bench.client.create(resources.pods, pod);
      return new PodStory(bench, namespace, pod.metadata.name);
    };
    const simple = (podName: string, spec: Partial<PodSpec>, ...command: readonly string[]): Promise<PodStory> =>
      begin({
        metadata: { name: podName, namespace } as Pod['metadata'],
        spec: { containers: [{ name: 'c', image: 'busybox:1.36', command }], ...spec },
      });

    test('log-pod: what the sidecar writes, the server’s container reads', async () => {
      const story = await begin(example('log-pod', namespace));
      const pod = await story.running();
      expect(pod.status?.phase).toBe('Running');
      expect(pod.status?.containerStatuses?.map(({ name: one, ready, restartCount }) => [one, ready, restartCount])).toEqual([
        ['app-container', true, 0],
        ['sidecar-container', true, 0],
      ]);
      const page = await story.exec('app-container', 'cat', '/usr/share/nginx/html/index.html');
      expect(page).toMatch(/\d\d:\d\d:\d\d/);
      expect(await story.exec('sidecar-container', 'cat', '/date-log/index.html')).toContain(page.split('\n')[0]);
      await story.delete();
    });

    test('blog-web: both containers see the same log file, and the sidecar’s own log carries it on', async () => {
      const story = await begin(example('blog-web', namespace));
      await story.running();
      await story.exec('blog-web-container', 'wget', '-q', '-O', '-', 'http://127.0.0.1/');
      const here = await story.exec('blog-web-container', 'cat', '/var/log/nginx/access.log');
      expect(here).toContain('GET / HTTP/1.1');
      expect(await story.exec('sidecar-container', 'cat', '/var/log/nginx/access.log')).toBe(here);
      await bench.until('the sidecar prints it', async () => (await story.logs('sidecar-container')).includes('GET / HTTP/1.1'));
      await story.delete();
    });

    test('init-pod: init containers run in order before the server starts', async () => {
      const story = await begin(example('init-pod', namespace));
      const pod = await story.running();
      expect(pod.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.reason)).toEqual(['Completed', 'Completed']);
      expect(conditionOf(pod, 'Initialized')).toBe('True');
      expect(await story.exec('web', 'wget', '-q', '-O', '-', 'http://127.0.0.1/')).toBe('one\ntwo\n');
      await story.delete();
    });

    test('crashing-pod: started again, then in CrashLoopBackOff, its last words kept', async () => {
      const story = await begin(example('crashing-pod', namespace));
      const pod = await story.when(
        'CrashLoopBackOff',
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
      );
      const [status] = pod.status?.containerStatuses ?? [];
      expect(pod.status?.phase).toBe('Running');
      expect(status?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
      expect(status?.state?.waiting?.message).toMatch(/^back-off 10s restarting failed container=crashes pod=crashing-pod_stories/);
      expect(await story.logs('crashes', { tailLines: 1 })).toBe('about to fail\n');
      const events = await bench.client.list(resources.events, {
        namespace,
        fieldSelector: 'involvedObject.name=crashing-pod,reason=BackOff',
      });
      expect(events.items[0]?.message).toContain('Back-off restarting failed container crashes in pod crashing-pod_stories');
      await story.delete();
    });

    test('a pod that ends well is Succeeded, one that fails is Failed, and neither is started again', async () => {
      const [good, bad] = await Promise.all([
        simple('completes', { restartPolicy: 'Never' }, 'sh', '-c', 'echo done'),
        simple('errs', { restartPolicy: 'Never' }, 'sh', '-c', 'exit 3'),
      ]);
      const succeeded = await good.when('Succeeded', ({ status }) => status?.phase === 'Succeeded');
      expect(succeeded.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
      const failed = await bad.when('Failed', ({ status }) => status?.phase === 'Failed');
      expect(failed.status?.containerStatuses?.[0]).toMatchObject({
        restartCount: 0,
        state: { terminated: { exitCode: 3, reason: 'Error' } },
      });
      expect(await good.logs('c')).toBe('done\n');
      await Promise.all([good.delete(), bad.delete()]);
    });

    test('an image that is not there: ErrImagePull, then ImagePullBackOff, and the pod stays Pending', async () => {
      const story = await begin({
        metadata: { name: 'noimage', namespace } as Pod['metadata'],
        spec: { containers: [{ name: 'c', image: 'no-such-image.invalid/nothing:0' }] },
      });
      const pod = await story.when(
        'ImagePullBackOff',
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff',
      );
      expect(pod.status?.phase).toBe('Pending');
      await story.delete();
    });

    test('configuration reaches a container: env, a config map, a secret, its own name, its token', async () => {
      await bench.client.create(resources.configMaps, {
        metadata: { name: 'settings', namespace },
        data: { colour: 'green', 'file.txt': 'from a map' },
      });
      await bench.client.create(resources.secrets, { metadata: { name: 'hidden', namespace }, stringData: { word: 'sesame' } });
      const story = await begin({
        metadata: { name: 'configured', namespace } as Pod['metadata'],
        spec: {
          volumes: [
            { name: 'map', configMap: { name: 'settings' } },
            { name: 'secret', secret: { secretName: 'hidden' } },
          ],
          containers: [
            {
              name: 'c',
              image: 'busybox:1.36',
              command: ['sleep', '3600'],
              env: [
                { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } },
                { name: 'SELF', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'BOTH', value: '$(COLOUR) $(SELF)' },
              ],
              volumeMounts: [
                { name: 'map', mountPath: '/map' },
                { name: 'secret', mountPath: '/secret' },
              ],
            },
          ],
        },
      });
      await story.running();
      expect(await story.exec('c', 'sh', '-c', 'echo $BOTH; cat /map/file.txt /secret/word')).toBe('green configured\nfrom a mapsesame');
      expect(await story.exec('c', 'cat', '/var/run/secrets/kubernetes.io/serviceaccount/namespace')).toBe(namespace);
      expect((await story.exec('c', 'cat', '/var/run/secrets/kubernetes.io/serviceaccount/token')).split('.')).toHaveLength(3);
      await story.delete();
    });

    test('a pod that fits nowhere says why', async () => {
      const story = await simple('homeless', { nodeSelector: { disk: 'none' } }, 'true');
      const pod = await story.when('unschedulable', (one) => conditionOf(one, 'PodScheduled') === 'False');
      expect(pod.status?.conditions?.[0]?.message).toContain(
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
      );
      await story.delete();
    });

    test('a namespace takes everything in it along', async () => {
      const inside = 'short-lived';
      await bench.client.create(resources.namespaces, { metadata: { name: inside }, spec: {} });
      await bench.client.create(resources.configMaps, { metadata: { name: 'm', namespace: inside } });
      await bench.client.delete(resources.namespaces, { name: inside });
      await bench.until(
        'it is gone',
        async () => !(await bench.client.list(resources.namespaces)).items.some(({ metadata }) => metadata.name === inside),
      );
    });
  });
}
