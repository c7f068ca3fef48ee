// Owns which spread constraints hold for a pod: its own, or the profile's with the selector of what the pod belongs to.
import type { Node, Pod, TopologySpreadConstraint } from '../../api/core/v1.ts';
import { type LabelRequirement, type LabelSelectorMatcher, labelSelectorText, matcherOf } from '../../api/selectors/label-selector.ts';
import { fitsNodeAffinity } from '../../predicates/node-affinity.ts';
import { firstUntolerated } from '../../predicates/taints.ts';
import type { ClusterView } from '../cluster-view.ts';
import type { NodeInfo } from '../node-info.ts';
import { selectorOf } from '../selectors.ts';

/** One constraint, ready to count by. */
export interface Constraint {
  readonly maxSkew: number;
  readonly key: string;
  readonly selector: LabelSelectorMatcher;
  readonly minDomains: number;
  /** Whether pods on this node count at all. */
  counts(node: Node): boolean;
}

/** PodTopologySpreadArgs: the system's constraints, or a list. */
export type DefaultConstraints = 'system' | readonly TopologySpreadConstraint[];

const systemConstraints: readonly TopologySpreadConstraint[] = [
  { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

/** The constraints of a pod with this action; `strict`: nodes without one of the keys are left out altogether. */
export function constraintsOf(
  pod: Pod,
  action: TopologySpreadConstraint['whenUnsatisfiable'],
  defaults: DefaultConstraints,
  cluster: ClusterView,
): { readonly constraints: readonly Constraint[]; readonly strict: boolean } {
  const own = pod.spec.topologySpreadConstraints ?? [];
  if (own.length > 0) {
    const constraints = own.filter((one) => one.whenUnsatisfiable === action).map((one) => constraintOf(one, pod, ownSelector(one, pod)));
    return { constraints, strict: true };
  }
  const strict = defaults !== 'system';
  const wanted = (strict ? defaults : systemConstraints).filter((one) => one.whenUnsatisfiable === action);
  if (wanted.length === 0) return { constraints: [], strict };
  const selector = defaultSelector(pod, cluster);
  return { constraints: selector.everything ? [] : wanted.map((one) => constraintOf(one, pod, selector)), strict };
}

function ownSelector({ labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint, { metadata }: Pod): LabelSelectorMatcher {
  const selector = selectorOf(labelSelector);
  const same: LabelRequirement[] = matchLabelKeys.flatMap((key) => {
    const value = metadata.labels?.[key];
    return value === undefined ? [] : [{ key, operator: '=' as const, values: [value] }];
  });
  return same.length === 0 || labelSelector === undefined ? selector : matcherOf([...same, ...selector.requirements]);
}

function constraintOf(constraint: TopologySpreadConstraint, pod: Pod, selector: LabelSelectorMatcher): Constraint {
  const { maxSkew, topologyKey: key, minDomains = 1, nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint;
  return {
    maxSkew,
    key,
    selector,
    minDomains,
    counts(node) {
      if (nodeAffinityPolicy === 'Honor' && !fitsNodeAffinity(pod, node)) return false;
      if (nodeTaintsPolicy === 'Ignore') return true;
      return firstUntolerated(node.spec?.taints ?? [], pod.spec.tolerations ?? [], ['NoSchedule', 'NoExecute']) === undefined;
    },
  };
}

/** Whether a node has the keys of all constraints. */
export function hasAllKeys({ labels }: NodeInfo, constraints: readonly Constraint[]): boolean {
  return constraints.every(({ key }) => labels[key] !== undefined);
}

/** What selects the pods that a pod belongs with: its Services, and the controller that owns it. Selects everything where there is none. */
export function defaultSelector(pod: Pod, { objects }: ClusterView): LabelSelectorMatcher {
  const { namespace = '', labels, ownerReferences } = pod.metadata;
  const wanted = new Map<string, string>();
  for (const { spec } of objects.services.of(namespace)) {
    const entries = Object.entries(spec?.selector ?? {});
    if (spec?.selector === undefined || !entries.every(([key, value]) => labels?.[key] === value)) continue;
    for (const [key, value] of entries) wanted.set(key, value);
  }
  const more: LabelRequirement[] = [];
  const owner = ownerReferences?.find(({ controller }) => controller);
  if (owner?.kind === 'ReplicationController' && owner.apiVersion === 'v1') {
    const controller = objects.replicationControllers.get(namespace, owner.name);
    for (const [key, value] of Object.entries(controller?.spec?.selector ?? {})) wanted.set(key, value);
  } else if (owner?.apiVersion === 'apps/v1' && (owner.kind === 'ReplicaSet' || owner.kind === 'StatefulSet')) {
    const table = owner.kind === 'ReplicaSet' ? objects.replicaSets : objects.statefulSets;
    more.push(...selectorOf(table.get(namespace, owner.name)?.spec?.selector).requirements);
  }
  return matcherOf([...[...wanted].map(([key, value]): LabelRequirement => ({ key, operator: '=', values: [value] })), ...more]);
}

/** The selector as text, for signatures; empty where it selects everything. */
export function defaultSelectorKey(pod: Pod, cluster: ClusterView): string {
  return labelSelectorText(defaultSelector(pod, cluster));
}
