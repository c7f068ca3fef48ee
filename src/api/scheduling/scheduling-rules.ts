// Owns the defaults of priority classes.
import { type GroupRules, onType } from '../kind-rules.ts';
import type { PriorityClass } from './v1.ts';

/** The rules of the group's kinds, by kind. */
export const schedulingRules: GroupRules = {
  PriorityClass: {
    default: onType<PriorityClass>((one) => ({ ...one, preemptionPolicy: one.preemptionPolicy ?? 'PreemptLowerPriority' })),
  },
};
