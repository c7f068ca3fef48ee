// Owns whether a node's labels and name fit a pod's nodeSelector and node affinity. Pure.
import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../api/core/v1.ts';

/** Whether the node fits the pod's nodeSelector and its required node affinity. */
export function fitsNodeAffinity(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) if (labels[key] !== value) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesNodeSelector(required, node);
}

/** Terms are alternatives; within a term every expression must hold. A term without expressions matches nothing. */
export function matchesNodeSelector(selector: NodeSelector, node: Node): boolean {
  return (selector.nodeSelectorTerms ?? []).some((term) => matchesTerm(term, node));
}

/** Whether one term holds on a node. */
export function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  return (
    matchExpressions.every((one) => holds(one, labels[one.key])) &&
    matchFields.every((one) => holds(one, one.key === 'metadata.name' ? node.metadata.name : undefined))
  );
}

function holds({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      const [theirs, bound] = [integer(value), integer(values[0])];
      if (theirs === undefined || bound === undefined) return false;
      return operator === 'Gt' ? theirs > bound : theirs < bound;
    }
  }
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

/** The one node that the pod's affinity names by metadata.name in every term; undefined where it does not pin it to names. */
export function namedNodes(pod: Pod): ReadonlySet<string> | undefined {
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    let inTerm: ReadonlySet<string> | undefined;
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue;
      const set = new Set(values);
      inTerm = inTerm === undefined ? set : inTerm.intersection(set);
    }
    if (inTerm === undefined) return undefined;
    for (const name of inTerm) names.add(name);
  }
  return terms.length === 0 ? undefined : names;
}
