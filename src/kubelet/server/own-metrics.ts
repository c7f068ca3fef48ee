// Owns the metrics of the kubelet itself and of its probes, in upstream's names. Pure.
import type { FoundPod } from '../pod-lookup.ts';
import type { ProbeCount } from '../probes/probe-counts.ts';
import { renderMetrics } from './metrics-text.ts';

/** What runs here, as /metrics tells it. */
export function kubeletMetrics(pods: readonly FoundPod[], nodeName: string, startedAtMs: number): string {
  const containers = pods.flatMap((pod) => pod.containers);
  const states = ['created', 'exited', 'running', 'unknown'] as const;
  const live = pods.filter(({ sandboxes }) => sandboxes.some(({ state }) => state === 'ready')).length;
  return renderMetrics([
    {
      name: 'kubelet_node_name',
      type: 'gauge',
      help: "[ALPHA] The node's name. The count is always 1.",
      samples: [{ labels: { node: nodeName }, value: 1 }],
    },
    {
      name: 'kubelet_running_pods',
      type: 'gauge',
      help: '[ALPHA] Number of pods that have a running pod sandbox',
      samples: [{ labels: {}, value: live }],
    },
    {
      name: 'kubelet_running_containers',
      type: 'gauge',
      help: '[ALPHA] Number of containers currently running',
      samples: states.map((state) => ({
        labels: { container_state: state },
        value: containers.filter((one) => one.state === state).length,
      })),
    },
    {
      name: 'process_start_time_seconds',
      type: 'gauge',
      help: 'Start time of the process since unix epoch in seconds.',
      samples: [{ labels: {}, value: startedAtMs / 1000 }],
    },
  ]);
}

/** How often each probe said what. */
export function probeMetrics(counts: readonly ProbeCount[]): string {
  return renderMetrics([
    {
      name: 'prober_probe_total',
      type: 'counter',
      help: '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.',
      samples: counts.map(({ container, namespace, pod, podUid, kind, result, count }) => ({
        labels: { container, namespace, pod, pod_uid: podUid, probe_type: kind, result },
        value: count,
      })),
    },
  ]);
}
