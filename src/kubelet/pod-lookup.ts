// Owns how the node's other parts (logs, streams, status) find a pod that runs here. They look; only the pod's worker acts.
import type { Pod } from '../api/core/v1.ts';
import type { ContainerStatus, SandboxStatus } from '../runtime/runtime.ts';

/** A pod of this node as its worker sees it now. */
export interface FoundPod {
  readonly pod: Pod;
  /** Every instance the runtime still has: by name and attempt; the newest attempt is the present one, the one before it `--previous`. */
  readonly containers: readonly ContainerStatus[];
  /** The newest first. */
  readonly sandboxes: readonly SandboxStatus[];
  /** Why nothing happens where nothing does, one line a fact. */
  readonly reasons?: readonly string[];
}

export interface PodLookup {
  /** Undefined where no such pod is known on this node. */
  find(namespace: string, name: string): FoundPod | undefined;
  all(): readonly FoundPod[];
}
