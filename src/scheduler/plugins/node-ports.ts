// Owns the rule that a host port is taken once.
import { collide } from '../../predicates/host-ports.ts';
import type { Plugin, Refusal } from '../framework.ts';
import { podFactsOf } from '../pod-facts.ts';
import { gonePod, nodeCameOrTaintsChanged, unlessTaken } from '../wake-event.ts';

const refusal: Refusal = { reasons: ["node(s) didn't have free ports for the requested pod ports"], resolvable: true };

export const nodePorts: Plugin = {
  name: 'NodePorts',
  signature(pod) {
    const { ports } = podFactsOf(pod);
    return ports.length === 0 ? '' : JSON.stringify(ports);
  },
  judge(pod) {
    const wanted = podFactsOf(pod).ports;
    if (wanted.length === 0) return undefined;
    return { test: ({ ports }) => (wanted.some((one) => ports.some((taken) => collide(one, taken))) ? refusal : undefined) };
  },
  hears: unlessTaken,
  wakes(pod, event) {
    const gone = gonePod(event);
    if (gone === undefined) return nodeCameOrTaintsChanged(event);
    return podFactsOf(pod).ports.some((one) => podFactsOf(gone).ports.some((taken) => collide(one, taken)));
  },
};
