// Owns the rule that a pod which names its node goes nowhere else.
import type { Plugin } from '../framework.ts';

export const nodeName: Plugin = {
  name: 'NodeName',
  filter: (pod, node) =>
    pod.spec.nodeName && pod.spec.nodeName !== node.name
      ? { reasons: ["node(s) didn't match the requested node name"], resolvable: false }
      : undefined,
};
