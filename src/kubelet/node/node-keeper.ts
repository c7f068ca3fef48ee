// Owns keeping a node in order beside its pods' workers: pressure and evictions, unused images. It wires; the rules are elsewhere.
import type { Pod } from '../../api/core/v1.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Service } from '../../base/service.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { type Evictor, startEvictor } from '../eviction/evictor.ts';
import type { DiskUse, PodUse } from '../eviction/ranking.ts';
import type { Threshold } from '../eviction/signals.ts';
import { imageCollector } from '../images/image-collector.ts';
import type { Kubelet } from '../kubelet.ts';
import type { FoundPod } from '../pod-lookup.ts';
import { type NodeUsage, readNodeUsage } from '../stats/node-usage.ts';
import { type PodUsage, podUsages } from '../stats/pod-usage.ts';

export interface NodeKeeperOptions {
  readonly kubelet: Kubelet;
  readonly runtime: Runtime;
  readonly files: NodeFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  readonly rootDir: string;
  readonly logDir: string;
  readonly thresholds: readonly Threshold[];
  /** The pressures changed: the node's status is to be told. */
  readonly onChange: () => void;
}

/** What a node's other parts ask of its keeper. */
export interface NodeKeeper extends Service {
  readonly evictor: Evictor;
  usage(): Promise<NodeUsage>;
}

export function nodeKeeper(options: NodeKeeperOptions): NodeKeeper {
  const { kubelet, runtime, files, clock, log, nodeName, rootDir, logDir, thresholds } = options;
  const tellNode = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    kubelet.events.record({ kind: 'Node', name: nodeName, uid: nodeName }, type, reason, message);
  let imageDir: string | undefined;
  let silent: NodeUsage | undefined;
  const usage = async (): Promise<NodeUsage> => {
    imageDir ??= await runtime.imageFilesystem().then(
      ({ path }) => path,
      () => undefined,
    );
    return readNodeUsage(files, rootDir, imageDir);
  };
  const found = (pods: readonly Pod[]): readonly FoundPod[] => {
    const uids = new Set(pods.map(({ metadata }) => metadata.uid));
    return kubelet.pods.all().filter(({ pod }) => uids.has(pod.metadata.uid));
  };
  const collector = imageCollector({
    runtime,
    clock,
    log,
    room: async () => (await usage()).imageFilesystem,
    wanted: () => wantedImages(kubelet.pods.all()),
    tellNode,
  });
  const evictor = startEvictor({
    clock,
    log,
    thresholds,
    // A node whose machine tells nothing (a simulated one) is not asked again and again.
    usage: async () => {
      if (silent !== undefined) return silent;
      const now = await usage();
      if (now.memory === undefined && now.processes === undefined) silent = now;
      return now;
    },
    pods: () => kubelet.pods.all().map(({ pod }) => pod),
    use: async (pods) => (await podUsages(found(pods), runtime, files, { rootDir, logDir }, true)).map(useOf),
    diskUse: async (pods) =>
      new Map(
        (await podUsages(found(pods), runtime, files, { rootDir, logDir }, true)).map((one) => [one.pod.metadata.uid, diskUseOf(one)]),
      ),
    freeDisk: () => collector.freeAll(),
    evict(pod, message, annotations, graceSeconds, disruption) {
      const { name, namespace, uid, resourceVersion } = pod.metadata;
      const version = resourceVersion === undefined ? {} : { resourceVersion };
      const about = { apiVersion: 'v1', kind: 'Pod', name, namespace: namespace ?? '', uid, ...version };
      if (kubelet.endPod(uid, { reason: 'Evicted', message, graceSeconds, ...(disruption ? { disruption: message } : {}) }))
        kubelet.events.record(about, 'Warning', 'Evicted', message, annotations);
    },
    tellNode,
    onChange: options.onChange,
  });
  return {
    evictor,
    usage,
    async stop() {
      await Promise.all([evictor.stop(), collector.stop()]);
    },
  };
}

/** Names and ids of images that pods name or containers were made from. */
function wantedImages(pods: readonly FoundPod[]): ReadonlySet<string> {
  const wanted = new Set<string>();
  for (const { pod, containers } of pods) {
    for (const { image } of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) if (image !== undefined) wanted.add(image);
    for (const { image, imageRef } of containers) wanted.add(image).add(imageRef);
  }
  return wanted;
}

function useOf({ pod, containers, volumes }: PodUsage): PodUse {
  const perContainer = containers.map(({ name, usage, logBytes }) => ({
    name,
    memoryBytes: usage.memoryWorkingSetBytes,
    diskBytes: usage.writableLayerBytes + logBytes,
  }));
  const onDisk = volumes.filter((volume) => volume.onDisk);
  const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
  return {
    pod,
    memoryBytes: sum(perContainer.map(({ memoryBytes }) => memoryBytes)),
    diskBytes: sum([...perContainer.map(({ diskBytes }) => diskBytes), ...onDisk.map(({ usedBytes }) => usedBytes)]),
    inodes: sum([
      ...containers.map(({ usage, logInodes }) => usage.writableLayerInodes + logInodes),
      ...onDisk.map(({ inodesUsed }) => inodesUsed),
    ]),
    processes: containers.length,
    containers: perContainer,
  };
}

function diskUseOf({ volumes, containers }: PodUsage): DiskUse {
  return {
    emptyDirs: new Map(volumes.filter(({ onDisk }) => onDisk).map(({ name, usedBytes }) => [name, usedBytes])),
    containers: new Map(containers.map(({ name, usage: own, logBytes }) => [name, own.writableLayerBytes + logBytes])),
  };
}
