// Owns what pods use now, gathered from the runtime's figures and the disk: by container, with volumes and logs. It keeps nothing.
import type { Pod } from '../../api/core/v1.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { ContainerUsage, Runtime } from '../../runtime/runtime.ts';
import { logDirectoryOf } from '../container/labels.ts';
import type { FoundPod } from '../pod-lookup.ts';

/** One container that runs. */
export interface RunningUsage {
  readonly name: string;
  readonly startedAtMs: number;
  readonly usage: ContainerUsage;
  readonly logBytes: number;
  readonly logInodes: number;
}

/** A pod's share of the node. */
export interface PodUsage {
  readonly pod: Pod;
  readonly containers: readonly RunningUsage[];
  /** emptyDir volumes on disk or in memory, and projected ones. */
  readonly volumes: readonly { readonly name: string; readonly usedBytes: number; readonly inodesUsed: number; readonly onDisk: boolean }[];
}

/** Where pods' things lie. */
export interface UsagePlaces {
  readonly rootDir: string;
  readonly logDir: string;
}

const directories = {
  emptyDir: 'empty-dir',
  configMap: 'configmap',
  secret: 'secret',
  downwardAPI: 'downward-api',
  projected: 'projected',
} as const;

/** The pods' usage; `measureDisk` false leaves volumes and logs out, which have to be walked through. */
export async function podUsages(
  found: readonly FoundPod[],
  runtime: Runtime,
  files: NodeFiles,
  places: UsagePlaces,
  measureDisk: boolean,
): Promise<readonly PodUsage[]> {
  const usages = new Map((await runtime.usage()).map((usage) => [usage.id, usage]));
  const all: PodUsage[] = [];
  for (const { pod, containers } of found) {
    const running: RunningUsage[] = [];
    for (const { id, metadata, state, startedAtMs } of containers) {
      const usage = usages.get(id);
      if (state !== 'running' || usage === undefined) continue;
      const logs = measureDisk ? await used(files, `${logDirectoryOf(pod, places.logDir)}/${metadata.name}`) : nothing;
      running.push({ name: metadata.name, startedAtMs, usage, logBytes: logs.usedBytes, logInodes: logs.inodesUsed });
    }
    all.push({ pod, containers: running, volumes: measureDisk ? await volumesOf(pod, files, places) : [] });
  }
  return all;
}

const nothing = { usedBytes: 0, inodesUsed: 0 };

async function used(files: NodeFiles, path: string): Promise<{ readonly usedBytes: number; readonly inodesUsed: number }> {
  return files.usage(path).catch(() => nothing);
}

/** A pod's volumes that the kubelet makes itself. */
export async function volumesOf(pod: Pod, files: NodeFiles, { rootDir }: Pick<UsagePlaces, 'rootDir'>): Promise<PodUsage['volumes']> {
  const volumes: PodUsage['volumes'][number][] = [];
  for (const volume of pod.spec.volumes ?? []) {
    const kind = (Object.keys(directories) as (keyof typeof directories)[]).find((one) => volume[one] !== undefined);
    if (kind === undefined) continue;
    const path = `${rootDir}/pods/${pod.metadata.uid}/volumes/kubernetes.io~${directories[kind]}/${volume.name}`;
    const onDisk = (kind === 'emptyDir' && volume.emptyDir?.medium !== 'Memory') || kind === 'configMap';
    volumes.push({ name: volume.name, ...(await used(files, (await files.resolve(path)) ?? path)), onDisk });
  }
  return volumes;
}
