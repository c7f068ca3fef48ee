// Owns the rule that a pod which names its node goes nowhere else.
import type { Plugin, Refusal } from '../framework.ts';
import { nodeCameOrTaintsChanged, unlessTaken } from '../wake-event.ts';

const refusal: Refusal = { reasons: ["node(s) didn't match the requested node name"], resolvable: false };

export const nodeName: Plugin = {
  name: 'NodeName',
  signature: ({ spec }) => spec.nodeName ?? '',
  judge: ({ spec }) => (spec.nodeName ? { test: ({ name }) => (name === spec.nodeName ? undefined : refusal) } : undefined),
  hears: unlessTaken,
  wakes: (_, event) => nodeCameOrTaintsChanged(event),
};
