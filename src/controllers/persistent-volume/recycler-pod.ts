// Owns the pod that empties a volume whose policy is Recycle: what it is, and what its end means. Pure; upstream's.
import type { PersistentVolume, Pod, Volume } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { value } from '../../api/quantity.ts';

export const recyclerNamespace = 'default';
const prefix = 'recycler-for-';
const image = 'registry.k8s.io/build-image/debian-base:bookworm-v1.0.6';
const script = 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1';
/** So long for each GiB, and at least. */
const secondsOfGib = 30;
const leastSeconds = { hostPath: 60, nfs: 300 };

/** The name of a volume's pod: two never empty it at once. */
export function recyclerName({ metadata }: PersistentVolume): string {
  return `${prefix}${metadata.name}`;
}

/** The volume that a pod empties; undefined for all other pods. */
export function recycledBy({ metadata }: Pod): string | undefined {
  const isOne = metadata.namespace === recyclerNamespace && metadata.name.startsWith(prefix);
  return isOne ? metadata.name.slice(prefix.length) : undefined;
}

/** The pod for a volume; undefined where its kind cannot be emptied so. */
export function recyclerPod(volume: PersistentVolume): Draft<Pod> | undefined {
  const { hostPath, nfs, capacity } = volume.spec;
  const source: Omit<Volume, 'name'> | undefined =
    hostPath !== undefined
      ? { hostPath: { path: hostPath.path } }
      : nfs !== undefined
        ? { nfs: { server: nfs.server, path: nfs.path } }
        : undefined;
  if (source === undefined) return undefined;
  const gib = Math.trunc(value(capacity?.['storage'] ?? '0') / 2 ** 30);
  return {
    metadata: { name: recyclerName(volume), namespace: recyclerNamespace },
    spec: {
      activeDeadlineSeconds: Math.max(hostPath === undefined ? leastSeconds.nfs : leastSeconds.hostPath, gib * secondsOfGib),
      restartPolicy: 'Never',
      volumes: [{ name: 'vol', ...source }],
      containers: [
        {
          name: 'pv-recycler',
          image,
          command: ['/bin/sh'],
          args: ['-c', script],
          volumeMounts: [{ name: 'vol', mountPath: '/scrub' }],
        },
      ],
    },
  };
}

/** How a recycler's pod stands: a text says why it failed. */
export function recyclerEnd({ status }: Pod): 'running' | 'done' | { readonly failed: string } {
  if (status?.phase === 'Succeeded') return 'done';
  if (status?.phase !== 'Failed') return 'running';
  return { failed: `failed to recycle volume: ${status.message || 'pod failed, pod.Status.Message unknown.'}` };
}

/** The pods that use a claim and have not ended, by name. */
export function usersOf(claim: string, pods: readonly Pod[]): readonly string[] {
  const uses = ({ metadata, spec }: Pod): boolean =>
    spec.volumes?.some(
      ({ name, persistentVolumeClaim, ephemeral }) =>
        persistentVolumeClaim?.claimName === claim || (ephemeral !== undefined && `${metadata.name}-${name}` === claim),
    ) ?? false;
  const runs = ({ status }: Pod): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
  return pods.filter((pod) => runs(pod) && uses(pod)).map(({ metadata }) => metadata.name);
}
