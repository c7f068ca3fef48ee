// Owns how a pod that nobody wants any more is recognised from what still runs of it, so that it can be ended like any other. Pure.
import type { Pod } from '../api/core/v1.ts';
import type { ContainerStatus, SandboxStatus } from '../runtime/runtime.ts';
import { graceAnnotation, podNameLabel, podNamespaceLabel } from './container/labels.ts';

const orphans = new WeakSet<Pod>();

/** Whether a pod was made up here: then what it asked for is not known. */
export function isOrphan(pod: Pod): boolean {
  return orphans.has(pod);
}

/** Just enough of a pod to stop and remove what is left of it. */
export function orphanPod(uid: string, sandboxes: readonly SandboxStatus[], containers: readonly ContainerStatus[]): Pod {
  const labels = sandboxes[0]?.labels ?? containers[0]?.labels ?? {};
  const grace = Number(
    containers.find(({ annotations }) => annotations[graceAnnotation] !== undefined)?.annotations[graceAnnotation] ?? 30,
  );
  const names = [...new Set(containers.map(({ metadata }) => metadata.name))];
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: sandboxes[0]?.metadata.name ?? labels[podNameLabel] ?? '',
      namespace: sandboxes[0]?.metadata.namespace ?? labels[podNamespaceLabel] ?? '',
      uid,
    },
    spec: { containers: names.map((name) => ({ name })), terminationGracePeriodSeconds: Number.isFinite(grace) ? grace : 30 },
  } as unknown as Pod;
  orphans.add(pod);
  return pod;
}
