// Owns the proof of the kubelet's own server: what each path needs, what it answers, figures and their rates, metrics as text.
import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import type { NodeConnection } from '../../client/node-connection.ts';
import type { ContainerStatus, ContainerUsage } from '../../runtime/runtime.ts';
import { memoryFiles } from '../../runtime/simulated/memory-files.ts';
import type { FoundPod } from '../pod-lookup.ts';
import type { NodeUsage } from '../stats/node-usage.ts';
import { accessOf } from './authorization.ts';
import { metricsText, renderMetrics } from './metrics-text.ts';
import { answerKubelet, type KubeletRoutesOptions, logOptionsOf } from './routes.ts';
import { type NodeSummary, Rates, summaryOf } from './summary.ts';

test.each([
  ['GET', '/healthz', 'get', ['healthz', 'proxy']],
  ['GET', '/pods', 'get', ['pods', 'proxy']],
  ['GET', '/configz', 'get', ['configz', 'proxy']],
  ['GET', '/stats/summary', 'get', ['stats']],
  ['GET', '/metrics/resource', 'get', ['metrics']],
  ['POST', '/exec/ns/p/c', 'create', ['proxy']],
  ['GET', '/containerLogs/ns/p/c', 'get', ['proxy']],
  ['POST', '/checkpoint/ns/p/c', 'create', ['checkpoint']],
])('%s %s needs %s on nodes/%j', (method, path, verb, subresources) => {
  expect(accessOf(method, path)).toEqual({ verb, subresources });
});

const pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { containers: [{ name: 'c' }] } } as unknown as Pod;
const found: FoundPod = {
  pod,
  containers: [{ state: 'running', metadata: { name: 'c', attempt: 0 }, image: 'i' } as ContainerStatus],
  sandboxes: [],
};
const options: KubeletRoutesOptions = {
  connection: {
    logs: async () =>
      (async function* () {
        yield Buffer.from('line\n');
      })(),
  } as unknown as NodeConnection,
  lookup: { find: (namespace, name) => (namespace === 'ns' && name === 'p' ? found : undefined), all: () => [found] },
  files: memoryFiles(),
  summary: async () => ({ node: { nodeName: 'n', startTime: '' }, pods: [] }),
  ownMetrics: () => 'own 1\n',
  probeMetrics: () => 'probes 1\n',
  lastWords: async () => [],
  configuration: { maxPods: 110 },
  version: 'v1.36.3',
  now: () => 60_000,
};

test.each([
  ['/healthz', 200, 'ok'],
  ['/metrics', 200, 'own 1\n'],
  ['/metrics/probes', 200, 'probes 1\n'],
  ['/configz', 200, '{"kubeletconfig":{"maxPods":110}}'],
  [
    '/runningpods/',
    200,
    '{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"p","namespace":"ns","uid":"u"},"spec":{"containers":[{"name":"c","image":"i","resources":{}}]},"status":{}}]}',
  ],
  ['/containerLogs/ns/absent/c', 404, 'pod "absent" does not exist\n'],
  ['/containerLogs/ns/p/absent', 404, 'container "absent" not found in pod "p"\n'],
  ['/checkpoint/ns/p/c', 404, 'checkpointing of a container is not supported by the container runtime\n'],
  ['/nothing', 404, '404 page not found\n'],
])('%s answers %d', async (path, code, body) => {
  const request = { method: 'GET', path, query: new URLSearchParams(), signal: new AbortController().signal };
  expect(await answerKubelet(request, options)).toMatchObject({ is: 'body', code, body });
});

test('what the API server asks of a log is what it was asked', () => {
  const query = new URLSearchParams('follow=true&tailLines=3&sinceSeconds=10&timestamps=1&limitBytes=x');
  expect(logOptionsOf(query, 60_000)).toEqual({ follow: true, previous: false, timestamps: true, tailLines: 3, sinceMs: 50_000 });
});

const node: NodeUsage = {
  memory: undefined,
  cpuNanoseconds: 0,
  processes: undefined,
  nodeFilesystem: undefined,
  imageFilesystem: undefined,
};

function summaryAt(rates: Rates, nowMs: number, cpuNanoseconds: number): NodeSummary {
  const usage = {
    id: 'x',
    atMs: nowMs,
    cpuNanoseconds,
    memoryWorkingSetBytes: 10,
    memoryUsageBytes: 20,
    memoryRssBytes: 5,
  } as ContainerUsage;
  const containers = [
    { name: 'c', startedAtMs: 0, usage: { ...usage, writableLayerBytes: 1, writableLayerInodes: 1 }, logBytes: 2, logInodes: 1 },
  ];
  return summaryOf({ nodeName: 'n', bootedAtMs: 0, node, pods: [{ pod, containers, volumes: [] }], rates, nowMs });
}

test('rates come from two looks, and stay where the second comes too soon', () => {
  const rates = new Rates();
  const cores = (summary: NodeSummary): number | undefined => summary.pods[0]?.containers[0]?.cpu.usageNanoCores;
  expect(cores(summaryAt(rates, 0, 0))).toBe(0);
  expect(cores(summaryAt(rates, 1000, 500_000_000))).toBe(500_000_000);
  expect(cores(summaryAt(rates, 1100, 900_000_000))).toBe(500_000_000);
  expect(summaryAt(rates, 2000, 0).pods[0]?.['ephemeral-storage'].usedBytes).toBe(3);
});

test('metrics are told with their time, labels quoted', () => {
  const text = metricsText('resource', summaryAt(new Rates(), 3000, 2_000_000_000));
  expect(text).toContain('# TYPE container_cpu_usage_seconds_total counter\n');
  expect(text).toContain('container_cpu_usage_seconds_total{container="c",namespace="ns",pod="p"} 2 3000\n');
  expect(text).toContain('resource_scrape_error 0\n');
  const odd = { name: 'm', type: 'gauge', help: 'h', samples: [{ labels: { l: 'a"b\\c\n' }, value: 1 }] } as const;
  expect(renderMetrics([odd])).toBe('# HELP m h\n# TYPE m gauge\nm{l="a\\"b\\\\c\\n"} 1\n');
});
