// Owns the rule that two pods cannot take the same port of a node.
import { collide, hostPortsOf } from '../../predicates/host-ports.ts';
import type { Plugin } from '../framework.ts';

export const nodePorts: Plugin = {
  name: 'NodePorts',
  filter: (pod, { ports }) =>
    hostPortsOf(pod).some((wanted) => ports.some((taken) => collide(wanted, taken)))
      ? { reasons: ["node(s) didn't have free ports for the requested pod ports"], resolvable: true }
      : undefined,
};
