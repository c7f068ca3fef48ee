// Owns the rule that a cordoned node takes no pods but those that tolerate it.
import { tolerates } from '../../predicates/taints.ts';
import type { Plugin } from '../framework.ts';

const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  filter: (pod, { node }) =>
    node.spec.unschedulable && !(pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, cordon))
      ? { reasons: ['node(s) were unschedulable'], resolvable: false }
      : undefined,
};
