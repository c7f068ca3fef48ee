// Owns the smallest changes by which a node would take a pod after all: each as a text and as the objects that it changes. Pure.

import type { Node, NodeSelectorTerm, Pod } from '../../api/core/v1.ts';
import type { PodDisruptionBudget } from '../../api/policy/v1.ts';
import { matchesTerm } from '../../predicates/node-affinity.ts';
import { amountOf } from '../../predicates/pod-resources.ts';
import { tolerates } from '../../predicates/taints.ts';
import type { ClusterObjects } from '../cluster-view.ts';
import type { Rejection } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { podFactsOf } from '../pod-facts.ts';
import { victimsOn } from '../preemption/victims.ts';
import type { Ranking } from '../ranking.ts';
import { LiveTable } from '../table.ts';
import { type Newcomers, partnersFor, volumesFor } from './newcomers.ts';

/**
 * Changes that belong together. `pod` and `node` are as they would be; `gone` are pods that would have to go, `come` what would have to come.
 * `size`: of remedies with as many texts, the smaller asks for less (amounts, as parts of what the node has).
 */
export interface Remedy {
  readonly node: string;
  readonly texts: readonly string[];
  readonly size: number;
  readonly changes: { readonly pod: Pod; readonly node: Node; readonly gone: readonly Pod[]; readonly come?: Newcomers };
}

/** What cluster a remedy is looked for in. */
export interface RemedyContext {
  readonly ranking: Ranking;
  readonly objects: ClusterObjects;
  /** All nodes. */
  readonly nodes: readonly NodeInfo[];
}

type Step = (remedy: Remedy, info: NodeInfo, context: RemedyContext) => readonly Remedy[];

/** The remedies against everything that keeps a pod off a node; none where something cannot be helped. */
export function remediesFor(pod: Pod, info: NodeInfo, rejections: readonly Rejection[], context: RemedyContext): readonly Remedy[] {
  let found: readonly Remedy[] = [{ node: info.name, texts: [], size: 0, changes: { pod, node: info.node, gone: [] } }];
  // Who goes is found out once for all that it helps against.
  const byOthers = rejections.filter(({ plugin, resolvable }) => resolvable && plugin !== 'NodeResourcesFit');
  for (const { plugin, resolvable } of rejections) {
    const step = resolvable && byOthers.length > 0 ? undefined : steps[plugin];
    if (step === undefined && !resolvable) return [];
    if (step !== undefined) found = found.flatMap((one) => step(one, info, context));
  }
  return byOthers.length === 0 ? found : found.flatMap((one) => evict(one, info, context));
}

const steps: Readonly<Record<string, Step>> = {
  NodeUnschedulable: (remedy) => {
    // Uncordoning takes the taint away that cordoning brought.
    const { spec } = remedy.changes.node;
    const taints = spec.taints?.filter(({ key }) => key !== 'node.kubernetes.io/unschedulable');
    const node = { ...remedy.changes.node, spec: { ...spec, unschedulable: false, ...(taints !== undefined && { taints }) } };
    return [changed(remedy, `uncordon node ${remedy.node}`, { node })];
  },
  TaintToleration: (remedy) => {
    const { pod, node } = remedy.changes;
    const tolerations = pod.spec.tolerations ?? [];
    const bad = (node.spec.taints ?? []).filter(
      (taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((one) => tolerates(one, taint)),
    );
    const more = bad.map(({ key, value, effect }) => ({ key, operator: 'Equal' as const, value: value ?? '', effect }));
    const texts = bad.map(({ key, value, effect }) => `give the pod a toleration for taint ${key}${value ? `=${value}` : ''}:${effect}`);
    return [changed(remedy, texts, { pod: { ...pod, spec: { ...pod.spec, tolerations: [...tolerations, ...more] } } })];
  },
  NodeAffinity: (remedy) => {
    const labels = wantedLabels(remedy.changes.pod, remedy.changes.node);
    if (labels === undefined) return [];
    const { node, pod } = remedy.changes;
    const own = Object.keys(labels).filter((key) => itsOwn.has(key));
    if (own.length > 0) return own.length === Object.keys(labels).length ? askForNode(remedy, pod, node, own) : [];
    const kept = Object.entries({ ...node.metadata.labels, ...labels }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const texts = Object.entries(labels).map(([key, value]) =>
      value === undefined ? `take label ${key} off node ${remedy.node}` : `label node ${remedy.node} with ${key}=${value}`,
    );
    return [changed(remedy, texts, { node: { ...node, metadata: { ...node.metadata, labels: Object.fromEntries(kept) } } })];
  },
  NodeResourcesFit: (remedy, info, context) => [askLess(remedy, info), ...evict(remedy, info, context)].filter((one) => one !== undefined),
  InterPodAffinity: (remedy) => bring(remedy, partnersFor(remedy.changes.pod, remedy.node)),
  PodTopologySpread: (remedy, _, { nodes }) => nameDomains(remedy, nodes),
  VolumeBinding: (remedy, _, { objects }) => bring(remedy, volumesFor(remedy.changes.pod, objects)),
};

function changed(
  { node, texts, size, changes }: Remedy,
  text: string | readonly string[],
  more: Partial<Remedy['changes']>,
  weighs = 0,
): Remedy {
  return { node, texts: [...texts, ...(typeof text === 'string' ? [text] : text)], size: size + weighs, changes: { ...changes, ...more } };
}

function bring(remedy: Remedy, come: Newcomers | undefined): readonly Remedy[] {
  if (come === undefined) return [];
  const { come: known } = remedy.changes;
  const all: Newcomers =
    known === undefined
      ? come
      : {
          texts: [...known.texts, ...come.texts],
          pods: [...known.pods, ...come.pods],
          claims: [...known.claims, ...come.claims],
          volumes: [...known.volumes, ...come.volumes],
        };
  return [changed(remedy, come.texts, { come: all })];
}

/** Labels by which a node says what it is: nobody would give it others to have a pod there. */
const itsOwn: ReadonlySet<string> = new Set(['kubernetes.io/hostname', 'kubernetes.io/os', 'kubernetes.io/arch']);

/** The pod would have to ask for this node instead, where it asks by nodeSelector. */
function askForNode(remedy: Remedy, pod: Pod, node: Node, keys: readonly string[]): readonly Remedy[] {
  const asked = pod.spec.nodeSelector ?? {};
  const there = node.metadata.labels ?? {};
  if (!keys.every((key) => asked[key] !== undefined && there[key] !== undefined)) return [];
  const nodeSelector = { ...asked, ...Object.fromEntries(keys.map((key) => [key, there[key] ?? ''])) };
  const texts = keys.map((key) => `let the pod's nodeSelector ask for ${key}=${there[key]}`);
  return [changed(remedy, texts, { pod: { ...pod, spec: { ...pod.spec, nodeSelector } } })];
}

/** Labels that the node would need, undefined for one that must go; undefined where labels cannot help. */
function wantedLabels({ spec }: Pod, node: Node): Readonly<Record<string, string | undefined>> | undefined {
  const labels: Record<string, string | undefined> = {};
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) if (node.metadata.labels?.[key] !== value) labels[key] = value;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (terms.length === 0 || terms.some((term) => matchesTerm(term, node))) return labels;
  const ways = terms
    .map((term) => labelsFor(term, node))
    .filter((way) => way !== undefined)
    .sort((a, b) => Object.keys(a).length - Object.keys(b).length);
  return ways[0] === undefined ? undefined : { ...labels, ...ways[0] };
}

function labelsFor(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  node: Node,
): Readonly<Record<string, string | undefined>> | undefined {
  if (matchExpressions.length === 0 || (matchFields.length > 0 && !matchesTerm({ matchFields }, node))) return undefined;
  const labels: Record<string, string | undefined> = {};
  for (const one of matchExpressions) {
    if (matchesTerm({ matchExpressions: [one] }, node)) continue;
    const [first = ''] = one.values ?? [];
    if (one.operator === 'In') labels[one.key] = first;
    else if (one.operator === 'Exists') labels[one.key] = '';
    else if (one.operator === 'Gt') labels[one.key] = `${Number(first) + 1}`;
    else if (one.operator === 'Lt') labels[one.key] = `${Number(first) - 1}`;
    else labels[one.key] = undefined;
  }
  return labels;
}

/** The node would have to say in which domain it is: one that others are in, where there is any. */
function nameDomains(remedy: Remedy, nodes: readonly NodeInfo[]): readonly Remedy[] {
  const { pod } = remedy.changes;
  const wanted = (pod.spec.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule');
  const missing = new Set(
    wanted.map(({ topologyKey }) => topologyKey).filter((key) => !(key in (remedy.changes.node.metadata.labels ?? {}))),
  );
  let found: readonly Remedy[] = [remedy];
  for (const key of missing) {
    const there = [...new Set(nodes.flatMap(({ labels }) => labels[key] ?? []))].slice(0, mostDomains);
    const values = there.length > 0 ? there : [remedy.node];
    found = found.flatMap((one) =>
      values.map((value) => {
        const { node } = one.changes;
        const labels = { ...node.metadata.labels, [key]: value };
        return changed(one, `label node ${one.node} with ${key}=${value}`, { node: { ...node, metadata: { ...node.metadata, labels } } });
      }),
    );
  }
  return missing.size === 0 ? [] : found;
}

/** So many domains are tried for a node that says none. */
const mostDomains = 3;

/** How much less the pod would have to ask for; undefined where it is not amounts that are lacking. */
function askLess(remedy: Remedy, { allocatable, requested, pods, podLimit }: NodeInfo): Remedy | undefined {
  if (pods.length >= podLimit) return undefined;
  const { pod } = remedy.changes;
  const lacking = [...podFactsOf(pod).requests].flatMap(([name, wanted]) => {
    const left = Math.max(0, (allocatable.get(name) ?? 0) - (requested.get(name) ?? 0));
    return wanted > left ? [{ name, wanted, left }] : [];
  });
  // Less by the same part in every container, so that the sum fits: what is left over stays with the node.
  const containers = pod.spec.containers.map((container) => {
    const requests = { ...container.resources?.requests };
    for (const { name, wanted, left } of lacking) {
      const own = requests[name];
      if (own !== undefined) requests[name] = quantity(name, Math.floor((amountOf(name, own) * left) / wanted));
    }
    return { ...container, resources: { ...container.resources, requests } };
  });
  const texts = lacking.map(
    ({ name, wanted, left }) => `${shown(name, wanted - left)} ${name} more on node ${remedy.node}, or as much less asked for by the pod`,
  );
  const size = lacking.reduce((sum, { name, wanted, left }) => sum + (wanted - left) / Math.max(1, allocatable.get(name) ?? 0), 0);
  return changed(remedy, texts, { pod: { ...pod, spec: { ...pod.spec, containers } } }, size);
}

const noBudgets = new LiveTable<PodDisruptionBudget>();

/** Which pods would have to go, whatever their priority: as few and as unimportant as possible. */
function evict(remedy: Remedy, info: NodeInfo, { ranking }: RemedyContext): readonly Remedy[] {
  const { pod } = remedy.changes;
  const most = { ...pod, spec: { ...pod.spec, priority: Number.MAX_SAFE_INTEGER } };
  const node = { ...info, node: remedy.changes.node, labels: remedy.changes.node.metadata.labels ?? {} };
  const found = victimsOn(node, most, noBudgets, (state, removed) => {
    const rejection = ranking.rejectionOf(state, removed);
    // What the other changes are for does not count against the pods.
    return rejection?.resolvable ? rejection : undefined;
  });
  if (!('pods' in found)) return [];
  const texts = found.pods.map(({ metadata }) => `pod ${metadata.namespace}/${metadata.name} would have to go from node ${remedy.node}`);
  return [changed(remedy, texts, { gone: found.pods }, found.pods.length)];
}

function quantity(name: string, amount: number): string {
  return name === 'cpu' ? `${amount}m` : `${amount}`;
}

/** An amount as people write it. */
export function shown(name: string, amount: number): string {
  if (name === 'cpu') return amount % 1000 === 0 || amount > 10_000 ? `${amount / 1000}` : `${amount}m`;
  for (const [unit, size] of [['Gi', 1024 ** 3] as const, ['Mi', 1024 ** 2] as const, ['Ki', 1024] as const])
    if (amount >= size && amount % size === 0 && amount / size < 10_000) return `${amount / size}${unit}`;
  if (name !== 'memory' && name !== 'ephemeral-storage') return `${amount}`;
  // Rounded up, so that it is enough.
  return amount >= 10 * 1024 ** 3 ? `${Math.ceil(amount / 1024 ** 2 / 102.4) / 10}Gi` : `${Math.ceil(amount / 1024 ** 2)}Mi`;
}
