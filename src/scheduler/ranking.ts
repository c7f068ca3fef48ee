// Owns all nodes ranked for pods of one kind, kept current change by change: a decision costs what has changed since the last one.
import type { Pod } from '../api/core/v1.ts';
import type { ClusterView, SlotChange } from './cluster-view.ts';
import type { Judgement, NodeTest, Plugin, Rejection, Scoring, Wait } from './framework.ts';
import { NodeClasses } from './node-classes.ts';
import { type NodeInfo, withPods } from './node-info.ts';
import { priorityOf } from './pod-facts.ts';
import { DryRuns } from './preemption/dry-runs.ts';
import { SlotSet } from './slot-set.ts';

/** A plugin with what it makes of the pods of this ranking. */
export interface Judge extends Judgement {
  readonly plugin: Plugin;
  readonly weight: number;
}

interface Tester {
  readonly name: string;
  readonly order: number;
  readonly test: NodeTest;
}

/** A scored node: every plugin's part (weight already in it) and their sum. */
export interface NodeScore {
  readonly node: string;
  readonly parts: Readonly<Record<string, number>>;
  readonly total: number;
}

/** What all plugins make of a pod: each that has something to say, or the first for which the pod must wait. */
export function judgesOf(
  pod: Pod,
  cluster: ClusterView,
  plugins: readonly Plugin[],
): readonly Judge[] | (Wait & { readonly plugin: string }) {
  const judges: Judge[] = [];
  for (const plugin of plugins) {
    const said = plugin.judge?.(pod, cluster);
    if (said === undefined) continue;
    if ('waitsFor' in said) return { ...said, plugin: plugin.name };
    judges.push({ ...said, plugin, weight: plugin.weight ?? 1 });
  }
  return judges;
}

/** Nodes ranked for one kind of pod. It is a memory of pure answers: what it says is what the plugins say of the cluster as it is. */
export class Ranking {
  /** What preemption found out before; only where nothing beyond each node is looked at. */
  readonly dryRuns: DryRuns | undefined;
  readonly #cluster: ClusterView;
  readonly #priority: number;
  readonly #judges: readonly Judge[];
  readonly #testers: readonly Tester[];
  readonly #domainTesters: readonly Tester[];
  readonly #scorings: readonly { readonly weight: number; readonly scoring: Extract<Scoring, { by: 'node' }> }[];
  readonly #only: ReadonlySet<string> | undefined;
  readonly #onlyBy: readonly string[];
  /** By slot: who turned the node down looking at it alone. */
  readonly #rejections: (Rejection | undefined)[] = [];
  readonly #classes: NodeClasses;
  /** Slots of nodes that others are nominated to: what domains say of them is asked with those counted in. */
  readonly #crowded = new Set<number>();
  /** Slots that were turned down for what could change once pods went, and how many nodes each refusal is for: as far as nodes are looked at alone. */
  readonly #reachable = new SlotSet();
  readonly #counts = new Map<Rejection, number>();
  readonly #hasDomains: boolean;
  #seen: number;

  constructor(pod: Pod, cluster: ClusterView, judges: readonly Judge[]) {
    this.#cluster = cluster;
    this.#priority = priorityOf(pod);
    this.#judges = judges;
    this.#hasDomains = judges.some((judge) => judge.domains !== undefined);
    this.dryRuns = this.#hasDomains ? undefined : new DryRuns();
    const tester = (judge: Judge, order: number): readonly Tester[] =>
      judge.test === undefined ? [] : [{ name: judge.plugin.name, order, test: judge.test }];
    this.#testers = judges.flatMap((judge, order) => (judge.domains === undefined ? tester(judge, order) : []));
    this.#domainTesters = judges.flatMap((judge, order) => (judge.domains === undefined ? [] : tester(judge, order)));
    this.#scorings = judges.flatMap(({ scoring, weight }) => (scoring?.by === 'node' ? [{ weight, scoring }] : []));
    this.#onlyBy = judges.flatMap(({ only, plugin }) => (only === undefined ? [] : [plugin.name]));
    this.#only = judges.reduce<ReadonlySet<string> | undefined>(
      (all, { only }) => (only === undefined ? all : all === undefined ? only : all.intersection(only)),
      undefined,
    );
    this.#classes = new NodeClasses(judges, cluster.slots.length, (info, slot) => this.#domainRejection(info, slot) !== undefined);
    this.#seen = cluster.changeCount;
    if (this.#only === undefined) for (let slot = 0; slot < cluster.slots.length; slot++) this.#look(slot);
    else for (const name of this.#only) this.#look(cluster.slotOf(name) ?? -1);
  }

  /** Everybody who turns the node in a slot down, in order, where each is asked though another has spoken; pods nominated there are left out. */
  allRejectionsAt(slot: number): readonly Rejection[] {
    const info = this.#cluster.slots[slot];
    if (info === undefined) return [];
    if (this.#only !== undefined && !this.#only.has(info.name)) return [onlyRejection(this.#onlyBy)];
    const testers = [...this.#testers, ...this.#domainTesters].sort((a, b) => a.order - b.order);
    return testers.flatMap((tester) => firstRejection(info, [tester]) ?? []);
  }

  /** Where `only` sets leave no node at all: what is said then. */
  get emptied(): string | undefined {
    if (this.#only === undefined || this.#only.size > 0) return undefined;
    return this.#onlyBy.length === 1
      ? `node(s) didn't satisfy plugin ${this.#onlyBy[0]}`
      : `node(s) didn't satisfy plugin(s) [${this.#onlyBy.join(' ')}] simultaneously`;
  }

  /** Brings the ranking up to date; false where it has to be made anew. */
  refresh(): boolean {
    if (this.#judges.some((judge) => judge.isStale?.())) return false;
    const changes = this.#cluster.changesSince(this.#seen);
    if (changes === undefined || changes.length > 2 * this.#cluster.slots.length + 64) return false;
    this.#seen = this.#cluster.changeCount;
    const touched = new Set<number>();
    for (const change of changes) {
      if (!this.#follow(change)) return false;
      touched.add(change.slot);
    }
    for (const slot of touched) this.#look(slot);
    return true;
  }

  /** All slots of the highest score; empty where no node will do. */
  best(): readonly number[] {
    return this.#classes.best(this.#cluster.slots);
  }

  /** One of the slots of the highest score, by a number in [0, 1); undefined where no node will do. */
  pick(fraction: number): number | undefined {
    return this.#classes.pick(this.#cluster.slots, fraction);
  }

  /** Who turns the node in a slot down; undefined: it will do. */
  rejectionAt(slot: number): Rejection | undefined {
    const info = this.#cluster.slots[slot];
    if (info === undefined) return undefined;
    if (this.#only !== undefined && !this.#only.has(info.name)) return onlyRejection(this.#onlyBy);
    const own = this.#rejections[slot];
    if (this.#domainTesters.length === 0) return own;
    const beyond = this.#domainRejection(info, slot);
    if (own === undefined || beyond === undefined) return own ?? beyond;
    return this.#orderOf(own.plugin) < this.#orderOf(beyond.plugin) ? own : beyond;
  }

  /** Whether the node in a slot will do. */
  takesAt(slot: number): boolean {
    return this.#cluster.slots[slot] !== undefined && this.rejectionAt(slot) === undefined;
  }

  /** The scores of these nodes that will do, or of all that will, in the order of their slots. None where there is no choice. */
  scores(among?: readonly number[]): readonly NodeScore[] {
    const { slots } = this.#cluster;
    const feasible =
      among === undefined ? slots.filter((info, slot) => info !== undefined && this.takesAt(slot)) : among.map((slot) => slots[slot]);
    return this.#scoresOf(feasible.filter((info) => info !== undefined));
  }

  #scoresOf(feasible: readonly NodeInfo[]): readonly NodeScore[] {
    if (feasible.length < 2) return [];
    const columns = this.#judges.flatMap(({ plugin, scoring, weight }) =>
      scoring === undefined ? [] : [{ name: plugin.name, values: columnOf(scoring, feasible).map((score) => score * weight) }],
    );
    return feasible.map(({ name }, row) => {
      const parts = Object.fromEntries(columns.map((column) => [column.name, column.values[row] ?? 0]));
      return { node: name, parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
    });
  }

  /**
   * Who turns a node down in some other state (pods taken away or added, as preemption tries it). `moved` are the pods by which it differs
   * from the node as it is; the nominated pods of the node that count for this pod are counted in, too.
   */
  rejectionOf(info: NodeInfo, removed: readonly Pod[]): Rejection | undefined {
    return this.#moved(info, removed, -1, () => this.#testWithNominated(info, [...this.#testers, ...this.#domainTesters]));
  }

  /** Who turns nodes down, and how many each. */
  rejections(): ReadonlyMap<Rejection, number> {
    const { slots, nodeCount } = this.#cluster;
    const counts = new Map<Rejection, number>();
    const count = (rejection: Rejection | undefined, by = 1): void => {
      if (rejection !== undefined && by > 0) counts.set(rejection, (counts.get(rejection) ?? 0) + by);
    };
    if (this.#domainTesters.length > 0) {
      for (let slot = 0; slot < slots.length; slot++) count(this.rejectionAt(slot));
      return counts;
    }
    for (const [rejection, nodes] of this.#counts) count(rejection, nodes);
    if (this.#only === undefined) return counts;
    let asked = 0;
    for (const name of this.#only) if (this.#cluster.slotOf(name) !== undefined) asked++;
    count(onlyRejection(this.#onlyBy), nodeCount - asked);
    return counts;
  }

  /** The slots of nodes that could take the pod if others went, as far as can be told by the refusal alone. */
  reachable(): readonly number[] {
    if (this.#domainTesters.length === 0) return this.#reachable.slots;
    const reachable: number[] = [];
    for (let slot = 0; slot < this.#cluster.slots.length; slot++) if (this.rejectionAt(slot)?.resolvable) reachable.push(slot);
    return reachable;
  }

  readonly #domainRejection = (info: NodeInfo, slot: number): Rejection | undefined => {
    if (this.#domainTesters.length === 0) return undefined;
    return this.#crowded.has(slot) ? this.#testWithNominated(info, this.#domainTesters) : firstRejection(info, this.#domainTesters);
  };

  #testWithNominated(info: NodeInfo, testers: readonly Tester[]): Rejection | undefined {
    const guests = this.#guestsOf(info);
    if (guests.length === 0) return firstRejection(info, testers);
    const crowded = withPods(info, guests);
    return this.#moved(info, guests, 1, () => firstRejection(crowded, testers)) ?? firstRejection(info, testers);
  }

  /** Does something while pods count as moved, and takes it back. */
  #moved<T>(node: NodeInfo, pods: readonly Pod[], delta: 1 | -1, then: () => T): T {
    const domains = this.#judges.flatMap((judge) => judge.domains ?? []);
    const follow = (by: 1 | -1): void => {
      for (const pod of pods) for (const one of domains) one.follow({ pod, node, delta: by, simulated: true });
    };
    if (domains.length === 0 || pods.length === 0) return then();
    follow(delta);
    try {
      return then();
    } finally {
      follow(delta === 1 ? -1 : 1);
    }
  }

  /** Pods nominated to the node that a pod of this priority must leave room for. */
  #guestsOf({ nominated }: NodeInfo): readonly Pod[] {
    return nominated.length === 0 ? nominated : nominated.filter((pod) => priorityOf(pod) >= this.#priority);
  }

  #follow({ slot, placed, delta, moved }: SlotChange): boolean {
    if (!this.#hasDomains) return true;
    if (moved) return false;
    const node = this.#cluster.slots[slot];
    if (placed === undefined || delta === undefined || node === undefined) return true;
    const { pod } = placed;
    for (const [at, { domains: one }] of this.#judges.entries()) {
      const followed = one?.follow({ pod, node, delta, simulated: false });
      if (followed === 'anew') return false;
      if (followed !== undefined) this.#classes.changed(at, followed);
    }
    return true;
  }

  #look(slot: number): void {
    const info = this.#cluster.slots[slot];
    this.#crowded.delete(slot);
    if (info === undefined || (this.#only !== undefined && !this.#only.has(info.name))) {
      this.#turnDown(slot, undefined);
      this.#classes.remove(slot);
      return;
    }
    const crowded = this.#guestsOf(info).length > 0;
    if (crowded && this.#domainTesters.length > 0) this.#crowded.add(slot);
    const rejection = crowded ? this.#testWithNominated(info, this.#testers) : firstRejection(info, this.#testers);
    this.#turnDown(slot, rejection);
    if (rejection !== undefined) return this.#classes.remove(slot);
    let score = 0;
    for (const one of this.#scorings) score += one.scoring.score(info) * one.weight;
    this.#classes.put(slot, info, score, this.#crowded.has(slot));
  }

  #turnDown(slot: number, rejection: Rejection | undefined): void {
    this.dryRuns?.changed(slot, rejection?.resolvable ?? false);
    const before = this.#rejections[slot];
    if (before === rejection) return;
    this.#rejections[slot] = rejection;
    if (before !== undefined) {
      const left = (this.#counts.get(before) ?? 0) - 1;
      if (left > 0) this.#counts.set(before, left);
      else this.#counts.delete(before);
    }
    if (rejection !== undefined) this.#counts.set(rejection, (this.#counts.get(rejection) ?? 0) + 1);
    if (rejection?.resolvable) this.#reachable.add(slot);
    else this.#reachable.remove(slot);
  }

  #orderOf(plugin: string): number {
    return this.#judges.findIndex((judge) => judge.plugin.name === plugin);
  }
}

const onlyRejections = new Map<string, Rejection>();

function onlyRejection(by: readonly string[]): Rejection {
  const plugins = [...by].sort().join(' ');
  const known = onlyRejections.get(plugins) ?? {
    plugin: by[0] ?? '',
    reasons: [`node(s) didn't satisfy plugin(s) [${plugins}]`],
    resolvable: false,
  };
  onlyRejections.set(plugins, known);
  return known;
}

const named = new WeakMap<object, Rejection>();

function firstRejection(info: NodeInfo, testers: readonly Tester[]): Rejection | undefined {
  for (const { name, test } of testers) {
    const refusal = test(info);
    if (refusal === undefined) continue;
    const known = named.get(refusal) ?? { plugin: name, ...refusal };
    named.set(refusal, known);
    return known;
  }
  return undefined;
}

function columnOf(scoring: Scoring, nodes: readonly NodeInfo[]): readonly number[] {
  if (scoring.by === 'node') return nodes.map((node) => scoring.score(node));
  if (scoring.by === 'comparison') return scoring.normalize(nodes.map((node) => scoring.score(node)));
  return scoring.score(nodes.map((node) => ({ node, count: 1 })));
}
