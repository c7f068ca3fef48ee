// Owns reading CRI's messages into Peapod's statuses. Pure.
import type { ContainerState, ContainerStatus, ContainerUsage, ImageStatus, SandboxStatus } from '../runtime.ts';
import type { Decoded } from './codec.ts';

const toMs = (nanoseconds: number): number => Math.max(0, Math.floor(nanoseconds / 1e6));

const states: Readonly<Record<Decoded<'ContainerStatus'>['state'], ContainerState>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
};

/** A container state of CRI. */
export const containerStateOf = (state: Decoded<'Container'>['state']): ContainerState => states[state];

/** A sandbox; its addresses with the primary one first. */
export function sandboxStatusOf(message: Decoded<'PodSandboxStatus'>): SandboxStatus {
  const hostNetwork = message.linux?.namespaces?.options?.network === 'NODE';
  const ips = [message.network?.ip ?? '', ...(message.network?.additional_ips ?? []).map(({ ip }) => ip)].filter((ip) => ip !== '');
  return {
    id: message.id,
    metadata: message.metadata ?? { name: '', namespace: '', uid: '', attempt: 0 },
    state: message.state === 'SANDBOX_READY' ? 'ready' : 'notReady',
    createdAtMs: toMs(message.created_at),
    ips: hostNetwork ? [] : ips,
    hostNetwork,
    labels: message.labels,
    annotations: message.annotations,
  };
}

/** What events told of a container before its runtime's own status did, or instead of it. */
export interface Seen {
  readonly exit: { readonly exitCode: number; readonly atMs: number } | undefined;
  readonly oomKilled: boolean;
}

/** A container, by the runtime's status and what was seen of it. */
export function containerStatusOf(message: Decoded<'ContainerStatus'>, sandboxId: string, { exit, oomKilled }: Seen): ContainerStatus {
  const shown = message.state === 'CONTAINER_EXITED';
  const early = message.state === 'CONTAINER_RUNNING' ? exit : undefined;
  const exitCode = early?.exitCode ?? message.exit_code;
  const exited = shown || early !== undefined;
  const reason = early === undefined ? message.reason : exitCode === 0 ? 'Completed' : 'Error';
  const user = message.user?.linux;
  return {
    id: message.id,
    sandboxId,
    metadata: message.metadata ?? { name: '', attempt: 0 },
    state: exited ? 'exited' : containerStateOf(message.state),
    createdAtMs: toMs(message.created_at),
    startedAtMs: toMs(message.started_at),
    // A process may end before containerd has written down that it began: then both instants are the later one.
    finishedAtMs: exited ? Math.max(early?.atMs ?? toMs(message.finished_at), toMs(message.started_at)) : 0,
    exitCode,
    signal: 0,
    reason: exited && oomKilled ? 'OOMKilled' : reason,
    message: message.message,
    image: message.image?.image ?? '',
    imageRef: message.image_ref,
    labels: message.labels,
    annotations: message.annotations,
    logPath: message.log_path,
    ...(early !== undefined && { draining: true }),
    ...(user !== undefined && { user: { uid: user.uid, gid: user.gid, supplementalGroups: user.supplemental_groups } }),
  };
}

/** What sandboxes' images are called: `peapod.local/pause:1`, `registry.k8s.io/pause:3.10`. */
const pauseName = /\/pause(?:-\w+)?:[\w.-]+$/;

/** An image. One that sandboxes are made of counts as pinned: nothing starts without it, and no pod names it. */
export function imageStatusOf(message: Decoded<'Image'>): ImageStatus {
  return {
    id: message.id,
    repoTags: message.repo_tags,
    repoDigests: message.repo_digests,
    sizeBytes: message.size,
    ...(message.uid !== undefined && { uid: message.uid.value }),
    ...(message.username !== '' && { username: message.username }),
    // Up to 1.6 containerd does not say which image sandboxes are made of.
    pinned: message.pinned || message.repo_tags.some((name) => pauseName.test(name)),
  };
}

/** What a container uses; figures that the runtime did not give are 0. */
export function usageOf(message: Decoded<'ContainerStats'>, sandboxId: string): ContainerUsage {
  const { cpu, memory, writable_layer: layer } = message;
  return {
    id: message.attributes?.id ?? '',
    sandboxId,
    atMs: toMs(cpu?.timestamp ?? 0),
    cpuNanoseconds: cpu?.usage_core_nano_seconds?.value ?? 0,
    memoryUsageBytes: memory?.usage_bytes?.value ?? 0,
    memoryWorkingSetBytes: memory?.working_set_bytes?.value ?? 0,
    memoryRssBytes: memory?.rss_bytes?.value ?? 0,
    writableLayerBytes: layer?.used_bytes?.value ?? 0,
    writableLayerInodes: layer?.inodes_used?.value ?? 0,
  };
}
