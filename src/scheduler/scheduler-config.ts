// Owns what a scheduler can be told: its profiles, its queue's times, how long volumes may take. Reading it from a file is config/.

import type { ExtenderOptions } from './extender.ts';
import { type QueueTimes, upstreamTimes } from './pod-queue.ts';
import { defaultProfile, type Profile } from './profile.ts';

/** How a scheduler works. */
export interface SchedulerConfig {
  /** One for each schedulerName it answers to. */
  readonly profiles: readonly Profile[];
  readonly times: QueueTimes;
  /** How long a pod's volumes may take to be bound, in milliseconds. */
  readonly bindTimeoutMs: number;
  readonly extenders: readonly ExtenderOptions[];
}

export const defaultConfig: SchedulerConfig = {
  profiles: [defaultProfile],
  times: upstreamTimes,
  bindTimeoutMs: 600_000,
  extenders: [],
};
