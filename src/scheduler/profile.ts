// Owns what a profile is: the scheduler's name that pods ask for, the plugins in their order, and how it preempts.
import type { Plugin } from './framework.ts';
import { defaultPlugins } from './plugins/default-plugins.ts';
import type { PreemptionOptions } from './preemption/preempt.ts';

/** A set of rules under a name. */
export interface Profile {
  readonly schedulerName: string;
  readonly plugins: readonly Plugin[];
  /** Absent: nobody is evicted. */
  readonly preemption?: PreemptionOptions;
  /** So much of all nodes is enough to choose among, 1 to 100; absent: all nodes are looked at. */
  readonly percentageOfNodesToScore?: number;
  /** Whether resource claims are looked at; the words for an unschedulable pod tell. */
  readonly claims: boolean;
}

export const defaultProfile: Profile = {
  schedulerName: 'default-scheduler',
  plugins: defaultPlugins,
  preemption: {},
  claims: true,
};
