// Owns the rules of Nodes: what follows from their capacity and ranges, and the warnings about fields out of use.
import { checksOf, type OwnRules, onType } from '../kind-rules.ts';
import { defaultQuantities } from './container-defaults.ts';
import { nodeCauses, nodeStatusCauses, nodeUpdateCauses } from './node-validation.ts';
import type { Node } from './v1.ts';

function defaultNode(node: Node): Node {
  const status = node.status ?? {};
  const capacity = defaultQuantities(status.capacity);
  const allocatable = status.allocatable === undefined ? capacity : defaultQuantities(status.allocatable);
  const { podCIDR, podCIDRs } = node.spec ?? {};
  const first = podCIDRs?.[0];
  const ranges = podCIDR && first !== podCIDR ? { podCIDRs: [podCIDR] } : first !== undefined && !podCIDR ? { podCIDR: first } : {};
  return {
    ...node,
    spec: { ...node.spec, ...ranges },
    status: { ...status, ...(capacity === undefined ? {} : { capacity }), ...(allocatable === undefined ? {} : { allocatable }) },
  };
}

function warnings({ spec = {} }: Node): readonly string[] {
  const out: string[] = [];
  if (spec.configSource !== undefined) out.push('spec.configSource: the feature is removed');
  if (spec.externalID) out.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
  return out;
}

/** The rules of Nodes. */
export const nodeRules: OwnRules = {
  generation: 'none',
  statusOnCreate: true,
  default: onType<Node>(defaultNode),
  ...checksOf<Node>({ validate: nodeCauses, validateUpdate: nodeUpdateCauses, validateStatusUpdate: nodeStatusCauses, warnings }),
};
