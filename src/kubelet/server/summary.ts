// Owns the figures of a node and its pods in the form of /stats/summary, with rates from two looks at the counters.
import type { Clock } from '../../base/clock.ts';
import { formatTime } from '../../base/time.ts';
import type { FilesystemRoom, NodeUsage } from '../stats/node-usage.ts';
import type { PodUsage } from '../stats/pod-usage.ts';

interface CpuStats {
  readonly time: string;
  readonly usageNanoCores: number;
  readonly usageCoreNanoSeconds: number;
}

interface MemoryStats {
  readonly time: string;
  readonly availableBytes?: number;
  readonly usageBytes: number;
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly pageFaults?: number;
  readonly majorPageFaults?: number;
}

interface FsStats {
  readonly time: string;
  readonly availableBytes?: number;
  readonly capacityBytes?: number;
  readonly usedBytes: number;
  readonly inodesFree?: number;
  readonly inodes?: number;
  readonly inodesUsed?: number;
}

export interface ContainerSummary {
  readonly name: string;
  readonly startTime: string;
  readonly cpu: CpuStats;
  readonly memory: MemoryStats;
  readonly rootfs: FsStats;
  readonly logs: FsStats;
}

export interface PodSummary {
  readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly startTime: string;
  readonly containers: readonly ContainerSummary[];
  readonly cpu: CpuStats;
  readonly memory: MemoryStats;
  readonly volume: readonly (FsStats & { readonly name: string })[];
  readonly 'ephemeral-storage': FsStats;
}

/** The answer of /stats/summary. */
export interface NodeSummary {
  readonly node: {
    readonly nodeName: string;
    readonly startTime: string;
    readonly cpu?: CpuStats;
    readonly memory?: MemoryStats;
    readonly fs?: FsStats;
    readonly runtime?: { readonly imageFs?: FsStats; readonly containerFs?: FsStats };
    readonly rlimit?: { readonly time: string; readonly maxpid: number; readonly curproc: number };
  };
  readonly pods: readonly PodSummary[];
}

interface Counter {
  readonly atMs: number;
  readonly nanoseconds: number;
  readonly rate: number;
}

/** Two looks that are closer than this tell no rate. */
const leastApartMs = 500;
const rememberedMs = 120_000;

/** Remembers counters between looks, to tell rates. Bound: what was looked at in the last two minutes. */
export class Rates {
  readonly #before = new Map<string, Counter>();

  /** Nanocores since the last look at this counter; the rate of before where that was just now, 0 at the first look. */
  rate(key: string, nanoseconds: number, atMs: number): number {
    const before = this.#before.get(key);
    if (before !== undefined && atMs - before.atMs < leastApartMs) return before.rate;
    const elapsed = before === undefined ? 0 : atMs - before.atMs;
    const rate =
      before === undefined || nanoseconds < before.nanoseconds ? 0 : Math.round(((nanoseconds - before.nanoseconds) * 1000) / elapsed);
    this.#before.set(key, { atMs, nanoseconds, rate });
    for (const [old, counter] of this.#before) if (atMs - counter.atMs > rememberedMs) this.#before.delete(old);
    return rate;
  }

  /** True where a look a moment ago makes rates meaningful. */
  known(key: string): boolean {
    return this.#before.has(key);
  }
}

export interface SummaryParts {
  readonly nodeName: string;
  readonly bootedAtMs: number;
  readonly node: NodeUsage;
  readonly pods: readonly PodUsage[];
  readonly rates: Rates;
  readonly nowMs: number;
}

/** Puts a summary together. */
export function summaryOf({ nodeName, bootedAtMs, node, pods, rates, nowMs }: SummaryParts): NodeSummary {
  const time = formatTime(nowMs);
  const cpu = (key: string, nanoseconds: number, atMs: number): CpuStats => ({
    time: formatTime(atMs),
    usageNanoCores: rates.rate(key, nanoseconds, atMs),
    usageCoreNanoSeconds: nanoseconds,
  });
  const fs = (room: FilesystemRoom | undefined, usedBytes: number, inodesUsed?: number): FsStats => ({
    time,
    ...(room === undefined ? {} : { availableBytes: room.availableBytes, capacityBytes: room.capacityBytes }),
    usedBytes,
    ...(room === undefined ? {} : { inodesFree: room.inodesFree, inodes: room.inodes }),
    ...(inodesUsed === undefined ? {} : { inodesUsed }),
  });
  const whole = (room: FilesystemRoom | undefined): FsStats | undefined =>
    room === undefined ? undefined : fs(room, room.capacityBytes - room.availableBytes, room.inodes - room.inodesFree);
  const [nodeFs, imageFs] = [whole(node.nodeFilesystem), whole(node.imageFilesystem)];
  const { memory, processes } = node;
  return {
    node: {
      nodeName,
      startTime: formatTime(bootedAtMs),
      ...(node.cpuNanoseconds === undefined ? {} : { cpu: cpu('node', node.cpuNanoseconds, nowMs) }),
      ...(memory === undefined
        ? {}
        : {
            memory: {
              time,
              availableBytes: Math.max(0, memory.capacityBytes - memory.workingSetBytes),
              usageBytes: memory.usageBytes,
              workingSetBytes: memory.workingSetBytes,
              rssBytes: memory.rssBytes,
              pageFaults: memory.pageFaults,
              majorPageFaults: memory.majorPageFaults,
            },
          }),
      ...(nodeFs === undefined ? {} : { fs: nodeFs }),
      ...(imageFs === undefined ? {} : { runtime: { imageFs, containerFs: imageFs } }),
      ...(processes === undefined ? {} : { rlimit: { time, maxpid: processes.most, curproc: processes.now } }),
    },
    pods: pods
      .filter(({ containers }) => containers.length > 0)
      .map(({ pod, containers, volumes }) => {
        const { name, namespace = '', uid } = pod.metadata;
        const sum = (amount: (one: (typeof containers)[number]) => number): number =>
          containers.reduce((total, one) => total + amount(one), 0);
        const atMs = Math.max(...containers.map(({ usage }) => usage.atMs));
        const onDisk = volumes.filter((volume) => volume.onDisk).reduce((total, { usedBytes }) => total + usedBytes, 0);
        return {
          podRef: { name, namespace, uid },
          startTime: pod.status?.startTime ?? time,
          containers: containers.map(({ name: container, startedAtMs, usage, logBytes, logInodes }) => ({
            name: container,
            startTime: formatTime(startedAtMs),
            cpu: cpu(usage.id, usage.cpuNanoseconds, usage.atMs),
            memory: {
              time: formatTime(usage.atMs),
              usageBytes: usage.memoryUsageBytes,
              workingSetBytes: usage.memoryWorkingSetBytes,
              rssBytes: usage.memoryRssBytes,
            },
            rootfs: fs(node.imageFilesystem, usage.writableLayerBytes, usage.writableLayerInodes),
            logs: fs(node.nodeFilesystem, logBytes, logInodes),
          })),
          cpu: cpu(
            `pod/${uid}`,
            sum(({ usage }) => usage.cpuNanoseconds),
            atMs,
          ),
          memory: {
            time: formatTime(atMs),
            usageBytes: sum(({ usage }) => usage.memoryUsageBytes),
            workingSetBytes: sum(({ usage }) => usage.memoryWorkingSetBytes),
            rssBytes: sum(({ usage }) => usage.memoryRssBytes),
          },
          volume: volumes.map((volume) => ({ ...fs(node.nodeFilesystem, volume.usedBytes, volume.inodesUsed), name: volume.name })),
          'ephemeral-storage': fs(node.nodeFilesystem, sum(({ usage, logBytes }) => usage.writableLayerBytes + logBytes) + onDisk),
        };
      }),
  };
}

/** A source of summaries: the first look of a while is followed by a second one, so that there are rates. */
export function summarySource(options: {
  readonly clock: Clock;
  readonly nodeName: string;
  readonly bootedAtMs: number;
  node(): Promise<NodeUsage>;
  pods(): Promise<readonly PodUsage[]>;
}): () => Promise<NodeSummary> {
  const { clock, nodeName, bootedAtMs } = options;
  const rates = new Rates();
  const look = async (): Promise<NodeSummary> => {
    const [node, pods] = await Promise.all([options.node(), options.pods()]);
    return summaryOf({ nodeName, bootedAtMs, node, pods, rates, nowMs: clock.now() });
  };
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.now() - lookedAtMs > rememberedMs) {
      await look();
      await clock.sleep(leastApartMs);
    }
    lookedAtMs = clock.now();
    return look();
  };
}
