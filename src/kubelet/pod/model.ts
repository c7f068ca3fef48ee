// Owns the vocabulary of a pod's life on a node: what is observed, what is remembered, what is decided. It refuses to do anything.
import type { Container, LifecycleHandler, Pod, PodStatus } from '../../api/core/v1.ts';
import type { ContainerStatus, ImageStatus, SandboxStatus } from '../../runtime/runtime.ts';
import type { ContainerResources, ResizeVerdict } from '../resources/resize.ts';

/** Which part a container plays: run to its end first, run beside from the start, be the pod's work, or join for debugging. */
export type Role = 'init' | 'sidecar' | 'main' | 'ephemeral';

/** A container of the spec with its part. */
export interface Member {
  readonly role: Role;
  readonly spec: Container;
  /** As events name it: `spec.containers{c}`. */
  readonly fieldPath: string;
}

/** What the probes of a running container say. `pending` until a threshold is reached; absent probes are not asked. */
export interface ProbeVerdicts {
  readonly startup?: 'pending' | 'passed' | 'failed';
  readonly readiness?: 'pending' | 'passed' | 'failed';
  readonly liveness?: 'pending' | 'passed' | 'failed';
}

/** Everything that can be seen. A fresh kubelet sees the same as one that has been there all the time. */
export interface Observed {
  /** As the API or the manifest has it, with the resources that the node has set aside for it; `status` is what was published last. */
  readonly pod: Pod;
  /** Present where other resources are wanted than are set aside. */
  readonly resize?: { readonly wanted: Pod; readonly verdict: ResizeVerdict };
  /** True once the object is gone from the API (or the manifest from its folder) while the pod may still run here. */
  readonly removed: boolean;
  readonly sandboxes: readonly SandboxStatus[];
  /** Every instance the runtime still has, of every container of the pod. */
  readonly containers: readonly ContainerStatus[];
  /** Termination messages of ended containers, by container id. */
  readonly messages: ReadonlyMap<string, string>;
  readonly volumesMounted: boolean;
  /** By container id. */
  readonly probes: ReadonlyMap<string, ProbeVerdicts>;
  /** Keys (`keyOf`) of the actions that are being carried out. */
  readonly underway: ReadonlySet<string>;
  /** Which attempt is being started, by container name: from the call until its postStart hook is done. */
  readonly starting: ReadonlyMap<string, number>;
}

/** Why a container was stopped by the kubelet although the pod goes on. */
export type KillCause = 'liveness' | 'startup' | 'postStart' | 'sandbox' | 'definition' | 'resize' | 'restartAll';

/** A start that failed before there was a running process, or a preparation that failed. */
export interface Failure {
  readonly reason: string;
  readonly message: string;
  /** In a row. */
  readonly failures: number;
  /** When it failed last. */
  readonly atMs: number;
  readonly retryAtMs: number;
}

/** An image that is not there; `volumeImage` names it where it is a volume of the container. */
export interface ImageFailure extends Failure {
  readonly volumeImage?: string;
}

/** The image a container is about to start with, or why it is not there. */
export type ImageMemory = { readonly image: ImageStatus } | ImageFailure;

/** What the runtime cannot tell. Losing it (a restart of the kubelet) costs an early retry or a repeated event, nothing more. */
export interface History {
  /** When the pod was first seen here. */
  readonly seenAtMs: number;
  readonly images: Readonly<Record<string, ImageMemory>>;
  readonly starts: Readonly<Record<string, Failure>>;
  /** By container id. */
  readonly killedFor: Readonly<Record<string, KillCause>>;
  /** Why postStart failed, by container id. */
  readonly hookFailures: Readonly<Record<string, string>>;
  readonly sandbox: Failure | undefined;
  readonly volumes: Failure | undefined;
  /** Keys of what was told once (`event` actions). */
  readonly told: ReadonlySet<string>;
  /** What the node has set aside for the containers that can be resized; undefined: what the spec asks for. */
  readonly allocated: ContainerResources | undefined;
  /** The generation that the last resize was asked for in, until all containers have it. */
  readonly resizing: number | undefined;
  /** What instances run with, by container id, and the pod as a whole; those that are not there have what is set aside. */
  readonly actual: ContainerResources;
  /** Why resources that are set aside could not be given; undefined once they are. */
  readonly resizeFailure: Failure | undefined;
  /** When the API was asked last to let go of the object; others may still hold it by finalizers. */
  readonly deleteAskedAtMs: number | undefined;
  /** The pod was ended by the node (deadline, eviction, shutdown). */
  readonly ended: (Ending & { readonly atMs: number }) | undefined;
}

export interface Ending {
  readonly reason: string;
  readonly message: string;
  readonly graceSeconds?: number;
  /** The node disrupts the pod for its own sake: what a condition tells of that. */
  readonly disruption?: string;
}

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Absent: the pod itself. */
  readonly fieldPath?: string;
}

/** One thing to do, as data. `keyOf` names what it works on: two actions of one key never run at once. */
export type Action =
  | { readonly do: 'mountVolumes' }
  | { readonly do: 'unmountVolumes' }
  | { readonly do: 'runSandbox'; readonly attempt: number }
  | { readonly do: 'stopSandbox'; readonly id: string }
  | { readonly do: 'removeSandbox'; readonly id: string }
  | { readonly do: 'pullImage'; readonly member: Member }
  | {
      readonly do: 'startContainer';
      readonly member: Member;
      readonly attempt: number;
      readonly sandbox: SandboxStatus;
      readonly image: ImageStatus;
      /** The back-off that a crash of this instance will wait; kept with the container. */
      readonly backoffMs: number;
      /** The newest instance of the container whose processes this one is to see; empty where there is none. */
      readonly targetId?: string;
    }
  | {
      readonly do: 'stopContainer';
      readonly id: string;
      readonly member: Member | undefined;
      readonly name: string;
      readonly graceSeconds: number;
      readonly message: string;
      readonly preStop: LifecycleHandler | undefined;
      readonly cause: KillCause | undefined;
      /** Ids of those that have to end before it is signalled, as long as there is time. */
      readonly after?: readonly string[];
    }
  | { readonly do: 'removeContainer'; readonly id: string }
  | { readonly do: 'allocate'; readonly resources: ContainerResources; readonly generation: number }
  | { readonly do: 'resized' }
  | { readonly do: 'resizeContainer'; readonly id: string; readonly member: Member; readonly lowers: boolean }
  /** Gives the pod as a whole what is set aside for it, and containers that have no bounds but the pod's. */
  | { readonly do: 'resizePod'; readonly lowers: boolean }
  | { readonly do: 'end'; readonly ending: Ending }
  | { readonly do: 'tell'; readonly once: string; readonly event: EventText }
  /** The terminal status is in the API and nothing is left: delete the object with grace 0. */
  | { readonly do: 'deletePod' };

/** What an action works on. */
export function keyOf(action: Action): string {
  switch (action.do) {
    case 'mountVolumes':
    case 'unmountVolumes':
      return 'volumes';
    case 'runSandbox':
      return 'sandbox';
    case 'stopSandbox':
    case 'removeSandbox':
      return `sandbox/${action.id}`;
    case 'pullImage':
      return `image/${action.member.spec.name}`;
    case 'startContainer':
      return `start/${action.member.spec.name}`;
    case 'stopContainer':
      return `stop/${action.id}`;
    case 'removeContainer':
      return `remove/${action.id}`;
    case 'resizeContainer':
      return `resize/${action.id}`;
    case 'resizePod':
      return 'resize';
    case 'tell':
      return `tell/${action.once}`;
    case 'end':
    case 'allocate':
    case 'resized':
    case 'deletePod':
      return action.do;
  }
}

/** What a pod's life needs to know of its node. */
export interface NodeFacts {
  /** The node's addresses, of each IP family that it has; the first is the one that it is reached at. */
  readonly hostIps: readonly [string, ...string[]];
  /** The scheme of container ids: `containerd`. */
  readonly runtimeName: string;
}

/** The next step of a pod. */
export interface Decision {
  readonly status: PodStatus;
  readonly actions: readonly Action[];
  /** Look again then, whatever happens; undefined: only when something changes. */
  readonly wakeAtMs: number | undefined;
  /** Why, for people: one line a fact. */
  readonly reasons: readonly string[];
  /** True when the pod is over: no container may start any more. */
  readonly ending: boolean;
  /** True when nothing of the pod is left to do here. */
  readonly done: boolean;
}
