// Owns the node's figures in Prometheus' text form: /metrics/resource as upstream names them, and the usual ones of /metrics/cadvisor. Pure.
import type { NodeSummary, PodSummary } from './summary.ts';

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since the epoch; absent: none is told. */
  readonly atMs?: number;
}

/** One metric with its samples. */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** The text of metrics; those without samples are left out. */
export function renderMetrics(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(({ labels, value, atMs }) => {
        const pairs = Object.entries(labels).map(([label, text]) => `${label}=${quoted(text)}`);
        return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}${atMs === undefined ? '' : ` ${Math.round(atMs)}`}`;
      });
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`;
    })
    .join('');
}

const atOf = (time: string): number => Date.parse(time);

/** Metrics of the node's containers, of the given family. */
export function metricsText(family: 'resource' | 'cadvisor', summary: NodeSummary): string {
  return renderMetrics(family === 'resource' ? resourceMetrics(summary) : cadvisorMetrics(summary));
}

function resourceMetrics({ node, pods }: NodeSummary): readonly Metric[] {
  const perContainer = (of: (container: PodSummary['containers'][number]) => Omit<Sample, 'labels'>): readonly Sample[] =>
    pods.flatMap(({ podRef, containers }) =>
      containers.map((container) => ({
        labels: { container: container.name, namespace: podRef.namespace, pod: podRef.name },
        ...of(container),
      })),
    );
  const perPod = (of: (pod: PodSummary) => Omit<Sample, 'labels'>): readonly Sample[] =>
    pods.map((pod) => ({ labels: { namespace: pod.podRef.namespace, pod: pod.podRef.name }, ...of(pod) }));
  const { cpu, memory } = node;
  return [
    {
      name: 'container_cpu_usage_seconds_total',
      type: 'counter',
      help: '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      samples: perContainer((one) => ({ value: one.cpu.usageCoreNanoSeconds / 1e9, atMs: atOf(one.cpu.time) })),
    },
    {
      name: 'container_memory_working_set_bytes',
      type: 'gauge',
      help: '[STABLE] Current working set of the container in bytes',
      samples: perContainer((one) => ({ value: one.memory.workingSetBytes, atMs: atOf(one.memory.time) })),
    },
    {
      name: 'container_start_time_seconds',
      type: 'gauge',
      help: '[STABLE] Start time of the container since unix epoch in seconds',
      samples: perContainer((one) => ({ value: atOf(one.startTime) / 1000, atMs: atOf(one.cpu.time) })),
    },
    {
      name: 'node_cpu_usage_seconds_total',
      type: 'counter',
      help: '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
      samples: cpu === undefined ? [] : [{ labels: {}, value: cpu.usageCoreNanoSeconds / 1e9, atMs: atOf(cpu.time) }],
    },
    {
      name: 'node_memory_working_set_bytes',
      type: 'gauge',
      help: '[STABLE] Current working set of the node in bytes',
      samples: memory === undefined ? [] : [{ labels: {}, value: memory.workingSetBytes, atMs: atOf(memory.time) }],
    },
    {
      name: 'pod_cpu_usage_seconds_total',
      type: 'counter',
      help: '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
      samples: perPod((one) => ({ value: one.cpu.usageCoreNanoSeconds / 1e9, atMs: atOf(one.cpu.time) })),
    },
    {
      name: 'pod_memory_working_set_bytes',
      type: 'gauge',
      help: '[STABLE] Current working set of the pod in bytes',
      samples: perPod((one) => ({ value: one.memory.workingSetBytes, atMs: atOf(one.memory.time) })),
    },
    {
      name: 'resource_scrape_error',
      type: 'gauge',
      help: '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
      samples: [{ labels: {}, value: 0 }],
    },
  ];
}

function cadvisorMetrics({ pods }: NodeSummary): readonly Metric[] {
  const samples = (of: (container: PodSummary['containers'][number]) => Omit<Sample, 'labels'>): readonly Sample[] =>
    pods.flatMap(({ podRef, containers }) =>
      containers.map((container) => ({
        labels: { container: container.name, namespace: podRef.namespace, pod: podRef.name },
        ...of(container),
      })),
    );
  return [
    {
      name: 'container_cpu_usage_seconds_total',
      type: 'counter',
      help: 'Cumulative cpu time consumed in seconds.',
      samples: samples((one) => ({ value: one.cpu.usageCoreNanoSeconds / 1e9, atMs: atOf(one.cpu.time) })),
    },
    {
      name: 'container_memory_usage_bytes',
      type: 'gauge',
      help: 'Current memory usage in bytes, including all memory regardless of when it was accessed',
      samples: samples((one) => ({ value: one.memory.usageBytes, atMs: atOf(one.memory.time) })),
    },
    {
      name: 'container_memory_working_set_bytes',
      type: 'gauge',
      help: 'Current working set in bytes.',
      samples: samples((one) => ({ value: one.memory.workingSetBytes, atMs: atOf(one.memory.time) })),
    },
    {
      name: 'container_memory_rss',
      type: 'gauge',
      help: 'Size of RSS in bytes.',
      samples: samples((one) => ({ value: one.memory.rssBytes, atMs: atOf(one.memory.time) })),
    },
    {
      name: 'container_fs_usage_bytes',
      type: 'gauge',
      help: 'Number of bytes that are consumed by the container on this filesystem.',
      samples: samples((one) => ({ value: one.rootfs.usedBytes })),
    },
    {
      name: 'container_start_time_seconds',
      type: 'gauge',
      help: 'Start time of the container since unix epoch in seconds.',
      samples: samples((one) => ({ value: atOf(one.startTime) / 1000 })),
    },
  ];
}
