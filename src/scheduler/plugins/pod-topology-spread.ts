// Owns the rule of spread constraints: no domain may have too many of the selected pods more than another; the softer ones score.
import type { Pod } from '../../api/core/v1.ts';
import { fitsNodeAffinity } from '../../predicates/node-affinity.ts';
import type { ClusterView } from '../cluster-view.ts';
import { nodesOf } from '../cluster-view.ts';
import { type Domains, type Judgement, maxNodeScore, type NodeGroup, type Plugin, type PodMove, type Refusal } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { selectorOf } from '../selectors.ts';
import { changedNode, gonePod, taintsChanged, type WakeEvent } from '../wake-event.ts';
import { DomainCounts } from './domain-counts.ts';
import { type Constraint, constraintsOf, type DefaultConstraints, defaultSelectorKey, hasAllKeys } from './spread-constraints.ts';

const tooMany: Refusal = { reasons: ["node(s) didn't match pod topology spread constraints"], resolvable: true };
const noLabel: Refusal = {
  reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
  resolvable: false,
};
const hostname = 'kubernetes.io/hostname';

/** The plugin; `defaults` hold for pods without constraints of their own. */
export function podTopologySpreadPlugin(defaults: DefaultConstraints = 'system'): Plugin {
  return {
    name: 'PodTopologySpread',
    weight: 2,
    signature(pod, cluster) {
      const { namespace, labels } = pod.metadata;
      const own = pod.spec.topologySpreadConstraints ?? [];
      if (own.length > 0) return JSON.stringify([own, namespace, labels]);
      const key = defaultSelectorKey(pod, cluster);
      return key === '' ? '' : JSON.stringify([key, namespace, labels]);
    },
    judge(pod, cluster) {
      const hard = constraintsOf(pod, 'DoNotSchedule', defaults, cluster);
      const soft = constraintsOf(pod, 'ScheduleAnyway', defaults, cluster);
      if (hard.constraints.length === 0 && soft.constraints.length === 0) return undefined;
      const filter = hard.constraints.length === 0 ? undefined : new HardSpread(pod, cluster, hard.constraints);
      const scorer = soft.constraints.length === 0 ? undefined : new SoftSpread(pod, cluster, soft.constraints, soft.strict);
      return judgement(filter, scorer);
    },
    wakes: (pod, event) => wakes(pod, event),
  };
}

function judgement(hard: HardSpread | undefined, soft: SoftSpread | undefined): Judgement {
  const domains: Domains = {
    facetsOf: (node) => [...(hard?.facetsOf(node) ?? []), ...(soft?.facetsOf(node) ?? [])],
    follow(move) {
      const filtering = hard?.follow(move) ?? [];
      const scoring = move.simulated ? [] : (soft?.follow(move) ?? []);
      return filtering === 'all' ? 'all' : [...filtering, ...scoring];
    },
  };
  return {
    domains,
    ...(hard !== undefined && { test: (node) => hard.test(node) }),
    ...(soft !== undefined && {
      scoring: { by: 'domain', likeness: (node) => soft.likeness(node), score: (groups) => soft.score(groups) },
    }),
  };
}

/** Whether a placed pod counts for a constraint. An empty selector counts nobody, though it matches everybody: so kube-scheduler has it. */
const counted = ({ metadata }: Pod, namespace: string | undefined, { selector }: Constraint): boolean =>
  metadata.deletionTimestamp === undefined && metadata.namespace === namespace && !selector.everything && selector.matches(metadata.labels);

/** The constraints that filter, and how many selected pods each domain has. */
class HardSpread {
  readonly #pod: Pod;
  readonly #constraints: readonly Constraint[];
  readonly #counts: readonly DomainCounts[];
  readonly #selfMatches: readonly boolean[];

  constructor(pod: Pod, cluster: ClusterView, constraints: readonly Constraint[]) {
    this.#pod = pod;
    this.#constraints = constraints;
    this.#counts = constraints.map(() => new DomainCounts());
    this.#selfMatches = constraints.map(({ selector }) => selector.matches(pod.metadata.labels));
    for (const info of nodesOf(cluster)) {
      if (!hasAllKeys(info, constraints)) continue;
      for (const [at, constraint] of constraints.entries()) {
        if (!constraint.counts(info.node)) continue;
        const value = info.labels[constraint.key] ?? '';
        const { namespace } = pod.metadata;
        const own = info.pods.filter((one) => counted(one, namespace, constraint));
        this.#counts[at]?.add(value, own.length);
      }
    }
  }

  facetsOf({ labels }: NodeInfo): readonly string[] {
    return this.#constraints.map(({ key }, at) => `${at}=${labels[key] ?? '\x02'}`);
  }

  follow({ pod, node, delta, simulated }: PodMove): readonly string[] | 'all' {
    const { namespace } = this.#pod.metadata;
    if (pod.metadata.namespace !== namespace || !hasAllKeys(node, this.#constraints)) return [];
    const changed: string[] = [];
    let all = false;
    for (const [at, constraint] of this.#constraints.entries()) {
      // What preemption tries takes away also pods that are being deleted, though they were never counted: so does kube-scheduler.
      const counts = simulated ? constraint.selector.matches(pod.metadata.labels) : counted(pod, namespace, constraint);
      const domains = this.#counts[at];
      if (!counts || domains === undefined || !constraint.counts(node.node)) continue;
      const value = node.labels[constraint.key] ?? '';
      const { least, size } = domains;
      domains.add(value, delta);
      if (domains.least !== least || domains.size !== size) all = true;
      changed.push(`${at}=${value}`);
    }
    return all ? 'all' : changed;
  }

  test({ labels }: NodeInfo): Refusal | undefined {
    for (const [at, { key, maxSkew, minDomains }] of this.#constraints.entries()) {
      const value = labels[key];
      if (value === undefined) return noLabel;
      const counts = this.#counts[at];
      if (counts === undefined) continue;
      const least = counts.size < minDomains ? 0 : counts.least;
      if (counts.of(value) + (this.#selfMatches[at] ? 1 : 0) - least > maxSkew) return tooMany;
    }
    return undefined;
  }
}

/** The constraints that score, and how many selected pods each domain has; hostnames are counted a node. */
class SoftSpread {
  readonly #pod: Pod;
  readonly #constraints: readonly Constraint[];
  readonly #strict: boolean;
  readonly #counts: readonly Map<string, number>[];

  constructor(pod: Pod, cluster: ClusterView, constraints: readonly Constraint[], strict: boolean) {
    this.#pod = pod;
    this.#constraints = constraints;
    this.#strict = strict;
    this.#counts = constraints.map(() => new Map<string, number>());
    for (const node of nodesOf(cluster)) for (const one of node.pods) this.follow({ pod: one, node, delta: 1, simulated: false });
  }

  facetsOf({ labels, name }: NodeInfo): readonly string[] {
    return this.#constraints.map(
      ({ key }, at) => `soft ${at}=${key === hostname ? `${name}=${labels[key] !== undefined}` : (labels[key] ?? '\x02')}`,
    );
  }

  /** Hosts with as many pods are alike; other domains are themselves, for their number counts. */
  likeness(node: NodeInfo): string {
    const { labels, name } = node;
    let likeness = '';
    for (const [at, { key }] of this.#constraints.entries()) {
      const value = labels[key];
      likeness += value === undefined ? '\x02,' : key === hostname ? `${this.#counts[at]?.get(name) ?? 0},` : `${value},`;
    }
    return likeness;
  }

  follow({ pod, node, delta }: PodMove): readonly string[] {
    const { namespace } = this.#pod.metadata;
    if (pod.metadata.namespace !== namespace) return [];
    const changed: string[] = [];
    const inside = !this.#strict || hasAllKeys(node, this.#constraints);
    for (const [at, constraint] of this.#constraints.entries()) {
      if (!counted(pod, namespace, constraint)) continue;
      const { key } = constraint;
      if (key !== hostname && !(inside && constraint.counts(node.node))) continue;
      const where = key === hostname ? node.name : (node.labels[key] ?? '');
      this.#counts[at]?.set(where, (this.#counts[at].get(where) ?? 0) + delta);
      changed.push(`soft ${at}=${key === hostname ? `${where}=${node.labels[key] !== undefined}` : (node.labels[key] ?? '\x02')}`);
    }
    return changed;
  }

  score(groups: readonly NodeGroup[]): readonly number[] {
    const scored = groups.map(({ node }) => !this.#strict || hasAllKeys(node, this.#constraints));
    const weights = this.#constraints.map(({ key }) => {
      const values = new Set<string>();
      let nodes = 0;
      for (const [at, { node, count }] of groups.entries()) {
        if (!scored[at]) continue;
        nodes += count;
        if (key !== hostname) values.add(node.labels[key] ?? '');
      }
      return Math.log((key === hostname ? nodes : values.size) + 2);
    });
    let [least, most] = [Number.MAX_SAFE_INTEGER, 0];
    const raw = groups.map(({ node }, at) => {
      if (!scored[at]) return -1;
      const sum = this.#raw(node, weights);
      least = Math.min(least, sum);
      most = Math.max(most, sum);
      return sum;
    });
    return raw.map((sum) => {
      if (sum === -1) return 0;
      return most === 0 ? maxNodeScore : Math.trunc((maxNodeScore * (most + least - sum)) / most);
    });
  }

  #raw({ labels, name }: NodeInfo, weights: readonly number[]): number {
    let sum = 0;
    for (const [at, { key, maxSkew }] of this.#constraints.entries()) {
      const value = labels[key];
      if (value === undefined) continue;
      const count = this.#counts[at]?.get(key === hostname ? name : value) ?? 0;
      sum += count * (weights[at] ?? 0) + (maxSkew - 1);
    }
    return Math.round(sum);
  }
}

/** A selected pod of the namespace that came, went or changed sides; a node's labels or taints; the pod's own labels or tolerations. */
function wakes(pod: Pod, event: WakeEvent): boolean {
  const selectors = (pod.spec.topologySpreadConstraints ?? []).map(({ labelSelector }) => selectorOf(labelSelector));
  const selected = (one: Pod): boolean =>
    one.metadata.namespace === pod.metadata.namespace && selectors.some((selector) => selector.matches(one.metadata.labels));
  if (event.on === 'pod' && 'pod' in event) {
    const gone = gonePod(event);
    if (gone !== undefined || event.old === undefined) return selected(event.pod) || selectors.length === 0;
    return selected(event.pod) !== selected(event.old);
  }
  if (event.on === 'own') return true;
  if (event.on !== 'node' || !('node' in event)) return false;
  if (event.gone) return true;
  const keys = (pod.spec.topologySpreadConstraints ?? []).map(({ topologyKey }) => topologyKey);
  const node = changedNode(
    event,
    (now, old) =>
      taintsChanged(now, old) ||
      fitsNodeAffinity(pod, now) !== fitsNodeAffinity(pod, old) ||
      keys.some((key) => now.metadata.labels?.[key] !== old.metadata.labels?.[key]),
  );
  return node !== undefined && (event.old !== undefined || keys.every((key) => node.metadata.labels?.[key] !== undefined));
}
