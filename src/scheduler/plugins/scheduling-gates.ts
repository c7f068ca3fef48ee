// Owns the rule that a pod with scheduling gates does not enter the queue.
import type { Plugin } from '../framework.ts';
import { unlessTaken } from '../wake-event.ts';

export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  preEnqueue({ spec: { schedulingGates: gates = [] } }) {
    return gates.length === 0 ? undefined : `waiting for scheduling gates: [${gates.map(({ name }) => name).join(' ')}]`;
  },
  signature: () => '',
  hears: unlessTaken,
  wakes: (_, event) => event.on === 'own' && 'pod' in event && (event.pod.spec.schedulingGates ?? []).length === 0,
};
