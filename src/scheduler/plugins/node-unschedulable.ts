// Owns the rule that a cordoned node takes no pods but those that tolerate it.
import { tolerates } from '../../predicates/taints.ts';
import type { Plugin, Refusal } from '../framework.ts';
import { tolerationsKey } from '../signature-keys.ts';
import { changedNode, unlessTaken } from '../wake-event.ts';

const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;
const refusal: Refusal = { reasons: ['node(s) were unschedulable'], resolvable: false };

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  signature: tolerationsKey,
  judge: ({ spec }) =>
    (spec.tolerations ?? []).some((toleration) => tolerates(toleration, cordon))
      ? undefined
      : { test: ({ node }) => (node.spec?.unschedulable ? refusal : undefined) },
  hears: unlessTaken,
  wakes(pod, event) {
    if (event.on === 'own') return 'pod' in event && (event.pod.spec.tolerations ?? []).some((one) => tolerates(one, cordon));
    const node = changedNode(event, (now, old) => Boolean(now.spec?.unschedulable) !== Boolean(old.spec?.unschedulable));
    return node !== undefined && (!node.spec?.unschedulable || (pod.spec.tolerations ?? []).some((one) => tolerates(one, cordon)));
  },
};
