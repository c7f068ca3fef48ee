// Owns an independent check of placements, for tests: each rule as the documents tell it, asked of every pod and node anew. Slow and plain.
import type { Node, NodeSelectorRequirement, Pod, PodAffinityTerm } from '../api/core/v1.ts';
import type { LabelSelector } from '../api/meta/v1.ts';

type Labels = Readonly<Record<string, string>>;

/** Which rules a placed pod breaks on its node, beside all others. Empty: none. Amounts are whole numbers of cpu and memory. */
export function brokenRules(pod: Pod, node: Node, nodes: readonly Node[], others: readonly Pod[]): readonly string[] {
  const broken: string[] = [];
  const rule = (name: string, holds: boolean): void => void (holds || broken.push(name));
  const here = others.filter(({ spec }) => spec.nodeName === node.metadata.name);
  rule('cordon', !node.spec.unschedulable);
  rule(
    'taints',
    (node.spec.taints ?? []).every(
      (taint) => taint.effect === 'PreferNoSchedule' || (pod.spec.tolerations ?? []).some(({ key }) => key === taint.key),
    ),
  );
  rule(
    'nodeSelector',
    Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => node.metadata.labels?.[key] === value),
  );
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  rule(
    'node affinity',
    terms === undefined ||
      terms.some(({ matchExpressions = [] }) => matchExpressions.every((one) => says(one, node.metadata.labels ?? {}))),
  );
  rule('pods', here.length + 1 <= Number(node.status?.allocatable?.['pods']));
  for (const name of ['cpu', 'memory']) {
    const sum = [...here, pod].reduce((total, { spec }) => total + Number(spec.containers[0]?.resources?.requests?.[name] ?? 0), 0);
    rule(name, sum <= Number(node.status?.allocatable?.[name]) || Number(pod.spec.containers[0]?.resources?.requests?.[name] ?? 0) === 0);
  }
  const ports = (one: Pod): readonly number[] => (one.spec.containers[0]?.ports ?? []).flatMap(({ hostPort }) => hostPort ?? []);
  rule('host ports', !ports(pod).some((port) => here.some((other) => ports(other).includes(port))));
  const valueAt = (name: string | undefined, key: string): string | undefined =>
    nodes.find(({ metadata }) => metadata.name === name)?.metadata.labels?.[key];
  const together = (other: Pod, key: string): boolean => {
    const value = node.metadata.labels?.[key];
    return value !== undefined && valueAt(other.spec.nodeName, key) === value;
  };
  const near = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const matched = others.filter((other) => near.every((term) => about(term, other)));
  const starts =
    !matched.some((other) => near.some(({ topologyKey }) => valueAt(other.spec.nodeName, topologyKey) !== undefined)) &&
    near.every((term) => about(term, pod));
  rule(
    'affinity',
    near.every(
      ({ topologyKey: key }) => node.metadata.labels?.[key] !== undefined && (starts || matched.some((other) => together(other, key))),
    ),
  );
  const away = pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  rule('anti-affinity', !away.some((term) => others.some((other) => about(term, other) && together(other, term.topologyKey))));
  const theirs = others.filter((other) =>
    (other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some(
      (term) => about(term, pod) && together(other, term.topologyKey),
    ),
  );
  rule("others' anti-affinity", theirs.length === 0);
  for (const { maxSkew, topologyKey: key, labelSelector, whenUnsatisfiable } of pod.spec.topologySpreadConstraints ?? []) {
    if (whenUnsatisfiable !== 'DoNotSchedule') continue;
    const hard = (pod.spec.topologySpreadConstraints ?? []).filter((one) => one.whenUnsatisfiable === 'DoNotSchedule');
    const eligible = nodes.filter(
      (one) =>
        hard.every(({ topologyKey }) => one.metadata.labels?.[topologyKey] !== undefined) &&
        Object.entries(pod.spec.nodeSelector ?? {}).every(([label, value]) => one.metadata.labels?.[label] === value) &&
        (terms === undefined ||
          terms.some(({ matchExpressions = [] }) => matchExpressions.every((each) => says(each, one.metadata.labels ?? {})))),
    );
    const count = (value: string): number =>
      others.filter(
        (other) =>
          selects(labelSelector, other) &&
          eligible.some((one) => one.metadata.name === other.spec.nodeName && one.metadata.labels?.[key] === value),
      ).length;
    const domains = [...new Set(eligible.map((one) => one.metadata.labels?.[key] ?? ''))];
    const value = node.metadata.labels?.[key];
    const skew =
      (value === undefined ? Number.NaN : count(value)) + (selects(labelSelector, pod) ? 1 : 0) - Math.min(...domains.map(count));
    rule(`spread over ${key}`, skew <= maxSkew);
  }
  return broken;
}

function says({ key, operator, values = [] }: NodeSelectorRequirement, labels: Labels): boolean {
  const value = labels[key];
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  return operator === 'Exists' ? value !== undefined : value === undefined;
}

function selects(selector: LabelSelector | undefined, { metadata }: Pod): boolean {
  return Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => metadata.labels?.[key] === value);
}

function about({ labelSelector, namespaces = [] }: PodAffinityTerm, pod: Pod): boolean {
  const inside = namespaces.length === 0 ? pod.metadata.namespace === 'default' : namespaces.includes(pod.metadata.namespace ?? '');
  return inside && selects(labelSelector, pod);
}
