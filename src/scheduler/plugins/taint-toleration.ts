// Owns the rule of taints: NoSchedule and NoExecute keep pods away that do not tolerate them, PreferNoSchedule lowers the score.
import type { Node, Pod } from '../../api/core/v1.ts';
import { firstUntolerated, tolerates } from '../../predicates/taints.ts';
import { normalizeByHighest, type Plugin, type Refusal } from '../framework.ts';
import { tolerationsKey } from '../signature-keys.ts';
import { changedNode, taintsChanged, unlessTaken } from '../wake-event.ts';

const refusal: Refusal = { reasons: ['node(s) had untolerated taint(s)'], resolvable: false };
const refused = (node: Node, { spec }: Pod): boolean =>
  firstUntolerated(node.spec?.taints ?? [], spec.tolerations ?? [], ['NoSchedule', 'NoExecute']) !== undefined;

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  signature: tolerationsKey,
  judge(pod) {
    const soft = (pod.spec.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
    return {
      test: ({ node }) => (node.spec?.taints !== undefined && refused(node, pod) ? refusal : undefined),
      scoring: {
        by: 'comparison',
        score: ({ node }) =>
          (node.spec?.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !soft.some((one) => tolerates(one, taint)))
            .length,
        normalize: (scores) => normalizeByHighest(scores, true),
      },
    };
  },
  hears: unlessTaken,
  wakes(pod, event) {
    if (event.on === 'own') return 'pod' in event && event.pod.spec.tolerations?.length !== event.old.spec.tolerations?.length;
    const node = changedNode(event, taintsChanged);
    if (node === undefined || refused(node, pod)) return false;
    return !('old' in event) || event.old === undefined || refused(event.old as Node, pod);
  },
};
