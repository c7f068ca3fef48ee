// Owns the container runtime's contract, in CRI's terms: sandboxes, containers, images, processes, events. It refuses to know pods' rules.
import type { Duplex } from 'node:stream';
import type { ProcessStreams } from '../base/process-streams.ts';

/** The runtime's name and version, as a node's status shows them. */
export interface RuntimeVersion {
  readonly name: string;
  readonly version: string;
}

/** A condition of the runtime: RuntimeReady, NetworkReady. */
export interface RuntimeCondition {
  readonly type: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Whose namespace is used: one for the pod, the node's, or one for the container. */
export type NamespaceMode = 'pod' | 'node' | 'container';

/** A port of the node that leads into the pod. An empty address means every one; a hostPort of 0 is none. */
export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

/** The resolver configuration that the runtime writes for a pod. */
export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** Which system calls are allowed. `localhostRef` is an absolute path, for Localhost. */
export interface SeccompProfile {
  readonly type: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  readonly localhostRef?: string;
}

/** What a sandbox is made of. */
export interface SandboxConfig {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly attempt: number };
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dns: DnsConfig | undefined;
  readonly portMappings: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly namespaces: { readonly network: 'pod' | 'node'; readonly pid: NamespaceMode; readonly ipc: 'pod' | 'node' };
  readonly security: {
    readonly privileged: boolean;
    readonly runAsUser?: number;
    readonly runAsGroup?: number;
    readonly supplementalGroups: readonly number[];
    readonly seccomp: SeccompProfile;
  };
  readonly runtimeHandler: string;
}

/** A path of the node inside a container. */
export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readonly: boolean;
  readonly propagation: 'private' | 'hostToContainer' | 'bidirectional';
  /** Instead of a path of the node: the files of an image, by its id, or those below a path in it. The path of the node is empty then. */
  readonly image?: { readonly id: string; readonly subPath: string };
}

/** Limits as the kernel takes them. 0 and absent mean: not set. */
export interface LinuxResources {
  readonly cpuShares?: number;
  readonly cpuQuotaUs?: number;
  readonly cpuPeriodUs?: number;
  readonly memoryLimitBytes?: number;
  readonly oomScoreAdj?: number;
  readonly cpusetCpus?: string;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limitBytes: number }[];
}

/** What a container's process may do and as whom it runs. */
export interface ContainerSecurity {
  readonly privileged: boolean;
  readonly runAsUser?: number;
  readonly runAsUsername?: string;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  readonly readonlyRootFilesystem: boolean;
  readonly noNewPrivileges: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly seccomp: SeccompProfile;
  readonly pidMode: NamespaceMode;
  /** The container whose process namespace is joined (ephemeral containers with targetContainerName); for pidMode `container` of another. */
  readonly targetId?: string;
}

/** A device of the node in a container. `permissions` of `r`, `w`, `m` (make nodes). */
export interface Device {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly permissions: string;
}

/** What a container is made of. */
export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number };
  /** The image's id, as `pullImage` or `imageStatus` gave it. */
  readonly image: string;
  /** The image's name as the person wrote it. */
  readonly userImage: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Below the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: LinuxResources;
  readonly security: ContainerSecurity;
  readonly stopSignal?: string;
}

/** A sandbox as the runtime knows it. */
export interface SandboxStatus {
  readonly id: string;
  readonly metadata: SandboxConfig['metadata'];
  readonly state: 'ready' | 'notReady';
  readonly createdAtMs: number;
  /** The pod's addresses, the primary one first; empty with the node's network. */
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A container's life, in CRI's words. */
export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

/** A container as the runtime knows it. Instants are 0 where the thing has not happened. */
export interface ContainerStatus {
  readonly id: string;
  readonly sandboxId: string;
  readonly metadata: { readonly name: string; readonly attempt: number };
  readonly state: ContainerState;
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  /** The signal that ended it, or 0. */
  readonly signal: number;
  /** The runtime's word: Completed, Error, OOMKilled, StartError … */
  readonly reason: string;
  readonly message: string;
  /** A name of the image, and its reference by digest. */
  readonly image: string;
  readonly imageRef: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly logPath: string;
  /** Ended, but its last output may not all be in the log yet. For a moment only. */
  readonly draining?: boolean;
  /** The user that the process runs as, where the runtime tells. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] };
}

/** An image that is on the node. */
export interface ImageStatus {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  /** The user that the image names: a number, or a name. */
  readonly uid?: number;
  readonly username?: string;
  readonly pinned: boolean;
}

/** How to log in to a registry; one of the three ways. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

/** Why the runtime could not do something, in its own words; `code` where it told which kind of failure. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: 'NotFound' | 'AlreadyExists' | 'Unavailable' | 'DeadlineExceeded' | 'InvalidArgument' | 'Unknown';
  constructor(code: RuntimeError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Something that happened to a container or sandbox. The receiver must look again: events may be lost while the runtime is away. */
export type RuntimeEvent =
  | { readonly type: 'started' | 'exited' | 'oom' | 'deleted'; readonly containerId: string; readonly atMs: number }
  /** The stream was broken and is whole again: everything may have changed. */
  | { readonly type: 'resync' };

/** What a command that ran to its end printed and returned. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** What a container uses. CPU time counts from its start. */
export interface ContainerUsage {
  readonly id: string;
  readonly sandboxId: string;
  readonly atMs: number;
  readonly cpuNanoseconds: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
  readonly writableLayerBytes: number;
  readonly writableLayerInodes: number;
}

/** One container runtime. All methods reject with RuntimeError. Stopping and removing are idempotent: what is not there is no error. */
export interface Runtime {
  version(): Promise<RuntimeVersion>;
  conditions(): Promise<readonly RuntimeCondition[]>;

  /** Makes the sandbox (pause container, network) and returns its id. */
  runSandbox(config: SandboxConfig): Promise<string>;
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;
  /** undefined where it does not exist. */
  sandboxStatus(id: string): Promise<SandboxStatus | undefined>;
  /** All sandboxes, or those of one pod. Addresses are filled in. */
  listSandboxes(podUid?: string): Promise<readonly SandboxStatus[]>;

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** The stop signal, then SIGKILL after `graceSeconds`. Resolves when it has ended. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  containerStatus(id: string): Promise<ContainerStatus | undefined>;
  /** Full statuses of all containers, or those of one pod. */
  listContainers(podUid?: string): Promise<readonly ContainerStatus[]>;
  updateContainerResources(id: string, resources: LinuxResources): Promise<void>;
  reopenLog(id: string): Promise<void>;

  /** Runs a command to its end. Rejects with DeadlineExceeded after `timeoutMs` (the process is killed). Output is cut at 16 KiB a stream. */
  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>;
  exec(id: string, command: readonly string[], options: ProcessOptions): Promise<ProcessStreams>;
  attach(id: string, options: ProcessOptions): Promise<ProcessStreams>;
  portForward(sandboxId: string, port: number): Promise<Duplex>;

  /** Returns the image's id. */
  pullImage(image: string, auth: RegistryAuth | undefined, signal?: AbortSignal): Promise<string>;
  imageStatus(image: string): Promise<ImageStatus | undefined>;
  listImages(): Promise<readonly ImageStatus[]>;
  removeImage(image: string): Promise<void>;
  imageFilesystem(): Promise<{ readonly path: string; readonly usedBytes: number; readonly inodesUsed: number }>;

  usage(): Promise<readonly ContainerUsage[]>;

  /** Exits, starts and OOM kills as they happen. Never ends by itself: it reconnects and says `resync`. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  close(): Promise<void>;
}

/** Which streams of a process are wanted. */
export interface ProcessOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}
