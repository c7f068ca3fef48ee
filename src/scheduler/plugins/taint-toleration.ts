// Owns the rule of taints: NoSchedule and NoExecute keep pods away that do not tolerate them, PreferNoSchedule lowers the score.
import { firstUntolerated, tolerates } from '../../predicates/taints.ts';
import { normalizeByHighest, type Plugin } from '../framework.ts';

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  filter: (pod, { node }) =>
    firstUntolerated(node.spec.taints ?? [], pod.spec.tolerations ?? [], ['NoSchedule', 'NoExecute']) === undefined
      ? undefined
      : { reasons: ['node(s) had untolerated taint(s)'], resolvable: false },
  score(pod, { node }) {
    const soft = (pod.spec.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
    return (node.spec.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !soft.some((one) => tolerates(one, taint)))
      .length;
  },
  normalize: (scores) => normalizeByHighest(scores, true),
};
