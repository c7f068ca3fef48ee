// Owns the rule of affinity between pods: near those it must be near, away from those it or they must be away from; preferences score.
import type { Pod } from '../../api/core/v1.ts';
import { type ClusterView, nodesOf } from '../cluster-view.ts';
import { type Domains, type Followed, maxNodeScore, type NodeGroup, type Plugin, type PodMove, type Refusal } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { changedNode, taintsChanged, type WakeEvent } from '../wake-event.ts';
import { isAbout, type Term, termsOf } from './affinity-terms.ts';

const notNear: Refusal = { reasons: ["node(s) didn't match pod affinity rules"], resolvable: false };
const tooNear: Refusal = { reasons: ["node(s) didn't match pod anti-affinity rules"], resolvable: true };
const unwanted: Refusal = { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], resolvable: true };

/** InterPodAffinityArgs. */
export interface InterPodAffinityOptions {
  /** What a required affinity of a pod that is there counts when others are scored. */
  readonly hardPodAffinityWeight?: number;
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

/** The plugin. */
export function interPodAffinityPlugin(options: InterPodAffinityOptions = {}): Plugin {
  return {
    name: 'InterPodAffinity',
    weight: 2,
    signature(pod, { mindingPods }) {
      const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
      if (mindingPods === 0 && !hasTerms(pod)) return '';
      return JSON.stringify([podAffinity, podAntiAffinity, pod.metadata.namespace, pod.metadata.labels]);
    },
    judge(pod, cluster) {
      if (cluster.mindingPods === 0 && !hasTerms(pod)) return undefined;
      const near = new Nearness(pod, cluster, options);
      const { revision } = cluster.objects.namespaces;
      return {
        domains: near,
        test: (node) => near.test(node),
        scoring: { by: 'domain', likeness: (node) => `${near.likingOf(node)}`, score: (groups) => near.score(groups) },
        isStale: () => cluster.objects.namespaces.revision !== revision,
      };
    },
    wakes: (pod, event) => wakes(pod, event),
  };
}

function hasTerms(pod: Pod): boolean {
  const { affinity, antiAffinity, preferred } = termsOf(pod);
  return affinity.length + antiAffinity.length + preferred.length > 0;
}

/** Numbers by topology key and value. */
class Tally {
  readonly #counts = new Map<string, Map<string, number>>();
  /** How many pairs are not zero. */
  pairs = 0;

  /** The keys that were ever counted by. */
  get keys(): Iterable<string> {
    return this.#counts.keys();
  }

  of(key: string, value: string | undefined): number {
    return value === undefined ? 0 : (this.#counts.get(key)?.get(value) ?? 0);
  }

  add(key: string, value: string, by: number): void {
    if (by === 0) return;
    let values = this.#counts.get(key);
    if (values === undefined) {
      values = new Map();
      this.#counts.set(key, values);
    }
    const before = values.get(value) ?? 0;
    if (before === 0) this.pairs++;
    if (before + by === 0) {
      this.pairs--;
      values.delete(value);
    } else values.set(value, before + by);
  }
}

/** What the pods of a cluster mean for one pod, by domain. */
class Nearness implements Domains {
  readonly #pod: Pod;
  readonly #cluster: ClusterView;
  readonly #hardWeight: number;
  readonly #ignoresTheirs: boolean;
  readonly #own: ReturnType<typeof termsOf>;
  readonly #near = new Tally();
  readonly #away = new Tally();
  readonly #unwanted = new Tally();
  readonly #liking = new Tally();
  readonly #startsGroup: boolean;
  #keys: ReadonlySet<string> = new Set();

  constructor(
    pod: Pod,
    cluster: ClusterView,
    { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false }: InterPodAffinityOptions,
  ) {
    this.#pod = pod;
    this.#cluster = cluster;
    this.#hardWeight = hardPodAffinityWeight;
    this.#own = termsOf(pod);
    this.#ignoresTheirs = ignorePreferredTermsOfExistingPods && this.#own.preferred.length === 0;
    this.#startsGroup = this.#own.affinity.every((term) => isAbout(term, pod, cluster));
    for (const node of nodesOf(cluster)) for (const one of node.pods) this.follow({ pod: one, node, delta: 1, simulated: false });
    const own = [...this.#own.affinity, ...this.#own.antiAffinity, ...this.#own.preferred].map(({ key }) => key);
    this.#keys = new Set([...own, ...this.#unwanted.keys, ...this.#liking.keys]);
  }

  facetsOf({ labels }: NodeInfo): readonly string[] {
    return [...this.#keys].map((key) => `${key}=${labels[key] ?? '\x02'}`);
  }

  follow({ pod, node: { labels }, delta, simulated }: PodMove): Followed {
    const { affinity, antiAffinity, preferred } = this.#own;
    const changed: string[] = [];
    const lonely = this.#near.pairs === 0;
    let known = true;
    const count = (tally: Tally, key: string, by: number): void => {
      const value = labels[key];
      if (value === undefined) return;
      tally.add(key, value, by);
      if (!this.#keys.has(key)) known = false;
      changed.push(`${key}=${value}`);
    };
    if (affinity.length > 0 && affinity.every((term) => isAbout(term, pod, this.#cluster)))
      for (const { key } of affinity) count(this.#near, key, delta);
    for (const term of antiAffinity) if (isAbout(term, pod, this.#cluster)) count(this.#away, term.key, delta);
    const theirs = termsOf(pod);
    for (const term of theirs.antiAffinity) if (isAbout(term, this.#pod, this.#cluster)) count(this.#unwanted, term.key, delta);
    if (!simulated) {
      for (const term of preferred) if (isAbout(term, pod, this.#cluster)) count(this.#liking, term.key, delta * term.weight);
      if (!this.#ignoresTheirs) {
        for (const term of theirs.affinity)
          if (isAbout(term, this.#pod, this.#cluster)) count(this.#liking, term.key, delta * this.#hardWeight);
        for (const term of theirs.preferred)
          if (isAbout(term, this.#pod, this.#cluster)) count(this.#liking, term.key, delta * term.weight);
      }
    }
    if (!known) return 'anew';
    return affinity.length > 0 && lonely !== (this.#near.pairs === 0) ? 'all' : changed;
  }

  test({ labels }: NodeInfo): Refusal | undefined {
    const { affinity, antiAffinity } = this.#own;
    if (affinity.length > 0) {
      let met = true;
      for (const { key } of affinity) {
        if (labels[key] === undefined) return notNear;
        if (this.#near.of(key, labels[key]) <= 0) met = false;
      }
      if (!met && !(this.#near.pairs === 0 && this.#startsGroup)) return notNear;
    }
    for (const { key } of antiAffinity) if (this.#away.of(key, labels[key]) > 0) return tooNear;
    for (const key of this.#unwanted.keys) if (this.#unwanted.of(key, labels[key]) > 0) return unwanted;
    return undefined;
  }

  likingOf({ labels }: NodeInfo): number {
    let sum = 0;
    for (const key of this.#liking.keys) sum += this.#liking.of(key, labels[key]);
    return sum;
  }

  score(groups: readonly NodeGroup[]): readonly number[] {
    let [least, most] = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    const sums = groups.map(({ node }) => {
      const sum = this.likingOf(node);
      least = Math.min(least, sum);
      most = Math.max(most, sum);
      return sum;
    });
    return sums.map((sum) => (most > least ? Math.trunc(maxNodeScore * ((sum - least) / (most - least))) : 0));
  }
}

/** A pod that the terms are about came, went or changed its labels, or minded this one; a node's labels; the pod's own labels. */
function wakes(pod: Pod, event: WakeEvent): boolean {
  if (event.on === 'own') return true;
  const own = termsOf(pod);
  // Namespace selectors are taken to match here: a pod that is woken for nothing is only tried once more.
  const about = (term: Term, one: Pod): boolean =>
    (term.namespaces.has(one.metadata.namespace ?? '') ||
      term.namespaceSelector.requirements.length > 0 ||
      term.namespaceSelector.everything) &&
    term.selector.matches(one.metadata.labels);
  if (event.on === 'pod' && 'pod' in event) {
    const { pod: other, old, gone } = event;
    if (gone) return own.antiAffinity.some((term) => about(term, other)) || termsOf(other).antiAffinity.some((term) => about(term, pod));
    const near = (one: Pod): boolean => own.affinity.length > 0 && own.affinity.every((term) => about(term, one));
    const away = (one: Pod): boolean => own.antiAffinity.some((term) => about(term, one));
    if (old === undefined) return near(other);
    return (near(other) && !near(old)) || (!away(other) && away(old));
  }
  const keys = [...own.affinity, ...own.antiAffinity].map(({ key }) => key);
  const node = changedNode(
    event,
    (now, before) => taintsChanged(now, before) || keys.some((key) => now.metadata.labels?.[key] !== before.metadata.labels?.[key]),
  );
  if (node === undefined) return false;
  return own.affinity.every(({ key }) => node.metadata.labels?.[key] !== undefined);
}
