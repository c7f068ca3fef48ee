// Owns on which nodes a DaemonSet's pods belong, for which node a pod is, and what a pod for a node is like. Pure.
import type { DaemonSet } from '../../api/apps/v1.ts';
import type { Affinity, Node, Pod, PodSpec, Toleration } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { fitsNodeAffinity, namedNodes } from '../../predicates/node-affinity.ts';
import { firstUntolerated } from '../../predicates/taints.ts';
import { controllerReference } from '../ownership.ts';
import { podFromTemplate } from '../pod-template.ts';

/** Names the revision that a pod was made of. */
export const hashLabel = 'controller-revision-hash';
const generationLabel = 'pod-template-generation';
const generationKey = 'deprecated.daemonset.template.generation';

/** What keeps other pods away from a node does not keep daemons away. */
const tolerated: readonly (readonly [string, Toleration['effect']])[] = [
  ['node.kubernetes.io/not-ready', 'NoExecute'],
  ['node.kubernetes.io/unreachable', 'NoExecute'],
  ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
  ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
  ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
  ['node.kubernetes.io/unschedulable', 'NoSchedule'],
];
const toleratedOnHostNetwork: typeof tolerated = [...tolerated, ['node.kubernetes.io/network-unavailable', 'NoSchedule']];

function tolerationsOf({ tolerations = [], hostNetwork }: PodSpec): readonly Toleration[] {
  let all = tolerations;
  for (const [key, effect] of hostNetwork === true ? toleratedOnHostNetwork : tolerated) {
    const isSame = (one: Toleration): boolean =>
      one.key === key && one.effect === effect && one.operator === 'Exists' && (one.value ?? '') === '';
    const wanted: Toleration = { key, operator: 'Exists', ...(effect === undefined ? {} : { effect }) };
    all = all.some(isSame) ? all.map((one) => (isSame(one) ? wanted : one)) : [...all, wanted];
  }
  return all;
}

/** Whether a pod is to be made on the node, and whether one that is there may stay. */
export interface Fit {
  readonly run: boolean;
  readonly stay: boolean;
}

/** Decides it by the template's node name, node selector, affinity and tolerations. */
export function fitOf({ spec }: DaemonSet, node: Node): Fit {
  const template: PodSpec = spec.template.spec ?? { containers: [] };
  const isElsewhere = (template.nodeName ?? '') !== '' && template.nodeName !== node.metadata.name;
  const pod = { metadata: {}, spec: template } as Pod;
  if (isElsewhere || !fitsNodeAffinity(pod, node)) return { run: false, stay: false };
  const tolerations = tolerationsOf(template);
  const taints = node.spec?.taints ?? [];
  if (firstUntolerated(taints, tolerations, ['NoExecute', 'NoSchedule']) === undefined) return { run: true, stay: true };
  return { run: false, stay: firstUntolerated(taints, tolerations, ['NoExecute']) === undefined };
}

/** The node that a pod is on or, before it is, the one that it is for. */
export function targetNode(pod: Pod): string | undefined {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const named = namedNodes(pod);
  return named?.size === 1 ? [...named][0] : undefined;
}

/** A set's pods by the node that they are for. `ended`: also those that have ended and are being deleted. */
export function byNode(pods: readonly Pod[], ended = false): ReadonlyMap<string, readonly Pod[]> {
  const map = new Map<string, Pod[]>();
  for (const pod of pods) {
    const hasEnded = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
    const node = hasEnded && pod.metadata.deletionTimestamp !== undefined && !ended ? undefined : targetNode(pod);
    if (node !== undefined) map.set(node, [...(map.get(node) ?? []), pod]);
  }
  return map;
}

/** Whether a pod is of the present template: by its hash, or as in the old days by the count of template changes. */
export function isUpdated({ metadata }: DaemonSet, pod: Pod, hash: string): boolean {
  const { [hashLabel]: own, [generationLabel]: generation } = pod.metadata.labels ?? {};
  const present = metadata.annotations?.[generationKey];
  return (hash !== '' && own === hash) || (generation !== undefined && generation === present);
}

/** The pod for a node: pinned to it by name, tolerating what daemons tolerate. */
export function podFor(set: DaemonSet, node: string, hash: string): Draft<Pod> {
  const draft = podFromTemplate(set, set.spec.template, controllerReference(set, 'apps/v1', 'DaemonSet'));
  const spec = draft.spec ?? { containers: [] };
  const generation = set.metadata.annotations?.[generationKey];
  return {
    ...draft,
    metadata: {
      ...draft.metadata,
      labels: {
        ...draft.metadata.labels,
        ...(generation === undefined ? {} : { [generationLabel]: generation }),
        ...(hash === '' ? {} : { [hashLabel]: hash }),
      },
    },
    spec: { ...spec, affinity: pinned(spec.affinity, node), tolerations: tolerationsOf(spec) },
  };
}

/** The affinity, but for the required one of the node: that is its name and nothing else. */
function pinned(affinity: Affinity | undefined, node: string): Affinity {
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] } as const] }];
  const nodeAffinity = { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  return { ...affinity, nodeAffinity };
}
