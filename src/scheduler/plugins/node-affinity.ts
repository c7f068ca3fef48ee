// Owns the rule of nodeSelector and node affinity: the required part filters, the preferred part scores.
import { fitsNodeAffinity, matchesTerm, namedNodes } from '../../predicates/node-affinity.ts';
import { normalizeByHighest, type Plugin } from '../framework.ts';

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  preFilter(pod) {
    const nodes = namedNodes(pod);
    if (nodes === undefined) return { says: 'any' };
    return nodes.size === 0 ? { says: 'wait', reason: 'pod affinity terms conflict' } : { says: 'only', nodes };
  },
  filter: (pod, { node }) =>
    fitsNodeAffinity(pod, node) ? undefined : { reasons: ["node(s) didn't match Pod's node affinity/selector"], resolvable: false },
  scores: (pod) => (pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.length ?? 0) > 0,
  score: (pod, { node }) =>
    (pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).reduce(
      (sum, { weight, preference }) => sum + (matchesTerm(preference, node) ? weight : 0),
      0,
    ),
  normalize: (scores) => normalizeByHighest(scores, false),
};
