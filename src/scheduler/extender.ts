// Owns what is known of an extender: another program that may turn nodes down, score them, or bind.

/** One entry of `extenders` in a KubeSchedulerConfiguration. Times in milliseconds. */
export interface ExtenderOptions {
  readonly urlPrefix: string;
  readonly filterVerb?: string;
  readonly preemptVerb?: string;
  readonly prioritizeVerb?: string;
  readonly bindVerb?: string;
  readonly weight: number;
  readonly timeoutMs: number;
  /** Whether it keeps a cache of nodes: it is then sent names alone. */
  readonly nodeCacheCapable: boolean;
  /** Pods that ask for one of these are its business; none: every pod is. */
  readonly managedResources: readonly { readonly name: string; readonly ignoredByScheduler: boolean }[];
  /** Whether pods are placed without it when it does not answer. */
  readonly ignorable: boolean;
}
