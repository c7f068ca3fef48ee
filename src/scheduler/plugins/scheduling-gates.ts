// Owns the rule that a pod with scheduling gates does not enter the queue.
import type { Plugin } from '../framework.ts';

export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  preEnqueue(pod) {
    const gates = pod.spec.schedulingGates ?? [];
    return gates.length === 0 ? undefined : `waiting for scheduling gates: [${gates.map(({ name }) => name).join(' ')}]`;
  },
};
