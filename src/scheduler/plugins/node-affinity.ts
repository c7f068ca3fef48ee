// Owns the rule of nodeSelector and node affinity: the required part filters, the preferred part scores.
import type { NodeAffinity, Pod } from '../../api/core/v1.ts';
import { fitsNodeAffinity, matchesNodeSelector, matchesTerm, namedNodes } from '../../predicates/node-affinity.ts';
import { normalizeByHighest, type Plugin, type Refusal, type Scoring } from '../framework.ts';
import { nodeAffinityKey } from '../signature-keys.ts';
import { changedNode, nodeCameOrTaintsChanged, unlessTaken } from '../wake-event.ts';

const refusal: Refusal = { reasons: ["node(s) didn't match Pod's node affinity/selector"], resolvable: false };
const enforced: Refusal = { reasons: ["node(s) didn't match scheduler-enforced node affinity"], resolvable: false };

/** The plugin; `addedAffinity` (NodeAffinityArgs) holds for every pod of the profile. */
export function nodeAffinityPlugin(addedAffinity?: NodeAffinity): Plugin {
  const required = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const preferredByProfile = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return {
    name: 'NodeAffinity',
    weight: 2,
    signature: nodeAffinityKey,
    judge(pod) {
      const only = namedNodes(pod);
      if (only !== undefined && only.size === 0) return { waitsFor: 'pod affinity terms conflict' };
      const preferred = [...preferredByProfile, ...preferredBy(pod)];
      const scoring: Scoring | undefined =
        preferred.length === 0
          ? undefined
          : {
              by: 'comparison',
              score: ({ node }) => preferred.reduce((sum, { weight, preference }) => sum + (matchesTerm(preference, node) ? weight : 0), 0),
              normalize: (scores) => normalizeByHighest(scores, false),
            };
      const filters = required !== undefined || demands(pod);
      if (!filters && scoring === undefined) return undefined;
      return {
        ...(only !== undefined && { only }),
        ...(filters && {
          test: ({ node }) => {
            if (required !== undefined && !matchesNodeSelector(required, node)) return enforced;
            return fitsNodeAffinity(pod, node) ? undefined : refusal;
          },
        }),
        ...(scoring !== undefined && { scoring }),
      };
    },
    hears: unlessTaken,
    wakes(pod, event) {
      const fits = (node: Parameters<typeof fitsNodeAffinity>[1]): boolean =>
        fitsNodeAffinity(pod, node) && (required === undefined || matchesNodeSelector(required, node));
      if (nodeCameOrTaintsChanged(event)) return 'node' in event && fits(event.node);
      const node = changedNode(event, (now, old) => fits(now) && !fits(old));
      return node !== undefined && fits(node);
    },
  };
}

const preferredBy = ({ spec }: Pod) => spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
const demands = ({ spec }: Pod): boolean =>
  Object.keys(spec.nodeSelector ?? {}).length > 0 ||
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined;
