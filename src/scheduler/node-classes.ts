// Owns feasible nodes sorted so that the best are at hand: nodes into classes of equal domains, classes into groups of equal scores.

import { Buckets } from './buckets.ts';
import type { Domains, Followed, Judgement, NodeGroup, Scoring } from './framework.ts';
import type { NodeInfo } from './node-info.ts';

/** Nodes that differ only in scores that each node gets by itself. */
interface NodeClass {
  readonly key: string;
  readonly id: number;
  readonly facets: readonly string[];
  readonly slots: Buckets;
  /** Raw scores of the plugins that compare all nodes, in their order. */
  readonly raw: readonly number[];
  /** Where it is grouped at present; absent where it is turned down as a whole. */
  group?: ClassGroup;
  /** Its best score, how many nodes have that, and its size as the group knows them, and its place there. */
  best: number;
  tied: number;
  size: number;
  place: number;
}

/** Classes whose nodes get the same scores from the plugins that look at all nodes. */
interface ClassGroup {
  readonly key: string;
  readonly raw: readonly number[];
  /** Ids of classes by the score of their best node. */
  readonly classes: Buckets;
  /** How many nodes are the best of their class, by their score. */
  readonly tied: Map<number, number>;
  nodes: number;
}

/** A choice costs as much as classes have changed and as there are groups, whatever the number of nodes. */
export class NodeClasses {
  readonly #domains: readonly { readonly at: number; readonly domains: Domains }[];
  readonly #rejects: (node: NodeInfo, slot: number) => boolean;
  readonly #comparing: readonly { readonly weight: number; readonly scoring: Extract<Scoring, { by: 'comparison' }> }[];
  readonly #spanning: readonly { readonly weight: number; readonly scoring: Extract<Scoring, { by: 'domain' }> }[];
  readonly #classes = new Map<string, NodeClass>();
  readonly #byId: (NodeClass | undefined)[] = [];
  readonly #freeIds: number[] = [];
  readonly #byFacet = new Map<string, Set<NodeClass>>();
  readonly #groups = new Map<string, ClassGroup>();
  /** By slot: the id of its class (-1: in none), its score, its place in the bucket of that score. */
  #classOf: Int32Array;
  #scoreOf: Float64Array;
  #placeOf: Int32Array;
  #plain: NodeClass | undefined;
  /** Classes to be looked at again before the next choice. */
  readonly #changed = new Set<NodeClass>();

  /** `rejects`: whether nodes of a class are turned down for what is beyond them. `slots`: how many there are, for now. */
  constructor(
    judges: readonly (Judgement & { readonly weight: number })[],
    slots: number,
    rejects: (node: NodeInfo, slot: number) => boolean,
  ) {
    this.#classOf = new Int32Array(slots).fill(-1);
    this.#scoreOf = new Float64Array(slots);
    this.#placeOf = new Int32Array(slots);
    this.#domains = judges.flatMap(({ domains }, at) => (domains === undefined ? [] : [{ at, domains }]));
    this.#rejects = rejects;
    const all = judges.flatMap(({ scoring, weight }) => (scoring === undefined ? [] : [{ scoring, weight }]));
    this.#comparing = all.flatMap(({ scoring, weight }) => (scoring.by === 'comparison' ? [{ scoring, weight }] : []));
    this.#spanning = all.flatMap(({ scoring, weight }) => (scoring.by === 'domain' ? [{ scoring, weight }] : []));
  }

  /** Puts a feasible slot in. `alone`: it shares a class with no other. */
  put(slot: number, node: NodeInfo, score: number, alone: boolean): void {
    const found = this.#classFor(slot, node, alone);
    const known = this.#classOf[slot] ?? -1;
    if (known === found.id && this.#scoreOf[slot] === score) return;
    if (known !== -1) this.remove(slot);
    if (slot >= this.#classOf.length) this.#grow(slot);
    this.#classOf[slot] = found.id;
    this.#scoreOf[slot] = score;
    this.#placeOf[slot] = found.slots.add(slot, score);
    this.#changed.add(found);
  }

  /** Takes a slot out, if it is in. */
  remove(slot: number): void {
    const one = this.#byId[this.#classOf[slot] ?? -1];
    if (one === undefined) return;
    this.#classOf[slot] = -1;
    const place = this.#placeOf[slot] ?? -1;
    const moved = one.slots.remove(place, this.#scoreOf[slot] ?? 0);
    if (moved !== undefined) this.#placeOf[moved] = place;
    this.#changed.add(one);
  }

  /** The class of a node: that of the many nodes of which there is nothing in particular to say, or the one by its key. */
  #classFor(slot: number, node: NodeInfo, alone: boolean): NodeClass {
    let plain = !alone && this.#domains.length === 0;
    for (let at = 0; plain && at < this.#comparing.length; at++) plain = this.#comparing[at]?.scoring.score(node) === 0;
    if (plain) {
      if (this.#plain === undefined || this.#byId[this.#plain.id] !== this.#plain)
        this.#plain = this.#newClass(
          '',
          this.#comparing.map(() => 0),
          [],
        );
      return this.#plain;
    }
    let key = alone ? `${slot}` : '-';
    const raw = this.#comparing.map(({ scoring }) => scoring.score(node));
    for (const one of raw) key += `\x04${one}`;
    const facets: string[] = [];
    for (const { at, domains } of this.#domains) {
      for (const facet of domains.facetsOf(node)) {
        key += `\x05${facet}`;
        facets.push(`${at}:${facet}`);
      }
    }
    return this.#classes.get(key) ?? this.#newClass(key, raw, facets);
  }

  #grow(slot: number): void {
    const size = Math.max(slot + 1, 2 * this.#classOf.length);
    const classOf = new Int32Array(size).fill(-1);
    classOf.set(this.#classOf);
    const scoreOf = new Float64Array(size);
    scoreOf.set(this.#scoreOf);
    const placeOf = new Int32Array(size);
    placeOf.set(this.#placeOf);
    [this.#classOf, this.#scoreOf, this.#placeOf] = [classOf, scoreOf, placeOf];
  }

  /** What a judge goes by has changed: the classes with those facets are looked at again. */
  changed(judge: number, followed: Exclude<Followed, 'anew'>): void {
    if (followed === 'all') {
      for (const one of this.#classes.values()) this.#changed.add(one);
      return;
    }
    for (const facet of followed) for (const one of this.#byFacet.get(`${judge}:${facet}`) ?? []) this.#changed.add(one);
  }

  /** All slots of the highest total; empty where there is none. */
  best(slots: readonly (NodeInfo | undefined)[]): readonly number[] {
    return this.#bestGroups(slots).flatMap(({ classes }) => {
      const local = classes.highest ?? 0;
      return classes.at(local).flatMap((id) => this.#byId[id]?.slots.at(local) ?? []);
    });
  }

  /** One of the slots of the highest total, by a number in [0, 1); undefined where there is none. */
  pick(slots: readonly (NodeInfo | undefined)[], fraction: number): number | undefined {
    const groups = this.#bestGroups(slots);
    const tiedIn = ({ classes, tied }: ClassGroup): number => tied.get(classes.highest ?? 0) ?? 0;
    let rest = Math.floor(fraction * groups.reduce((sum, group) => sum + tiedIn(group), 0));
    for (const group of groups) {
      const all = tiedIn(group);
      if (rest < all) return this.#nth(group, rest, all);
      rest -= all;
    }
    return undefined;
  }

  /** One of the `all` slots of a group's highest score. */
  #nth({ classes }: ClassGroup, nth: number, all: number): number | undefined {
    const local = classes.highest ?? 0;
    const ids = classes.at(local);
    // Most often each node is a class of its own, or all are one class.
    if (ids.length === all) return this.#byId[ids[nth] ?? -1]?.slots.at(local)[0];
    let rest = nth;
    for (const id of ids) {
      const tied = this.#byId[id]?.slots.at(local) ?? [];
      if (rest < tied.length) return tied[rest];
      rest -= tied.length;
    }
    return undefined;
  }

  #bestGroups(slots: readonly (NodeInfo | undefined)[]): readonly ClassGroup[] {
    for (const one of this.#changed) this.#regroup(one, slots);
    this.#changed.clear();
    if (this.#groups.size < 2) return [...this.#groups.values()];
    const groups = [...this.#groups.values()];
    const totals = groups.map(({ classes }) => classes.highest ?? 0);
    this.#addShared(groups, totals, slots);
    const highest = totals.reduce((most, total) => Math.max(most, total), Number.NEGATIVE_INFINITY);
    return groups.filter((_, at) => totals[at] === highest);
  }

  #addShared(groups: readonly ClassGroup[], totals: number[], slots: readonly (NodeInfo | undefined)[]): void {
    const add = (weight: number, scores: readonly number[]): void => {
      for (let at = 0; at < totals.length; at++) totals[at] = (totals[at] ?? 0) + weight * (scores[at] ?? 0);
    };
    for (const [column, { scoring, weight }] of this.#comparing.entries())
      add(weight, scoring.normalize(groups.map(({ raw }) => raw[column] ?? 0)));
    if (this.#spanning.length === 0) return;
    const alike = groups.flatMap(({ classes, nodes }): readonly NodeGroup[] => {
      const node = slots[this.#byId[classes.any ?? -1]?.slots.any ?? -1];
      return node === undefined ? [] : [{ node, count: nodes }];
    });
    for (const { scoring, weight } of this.#spanning) add(weight, scoring.score(alike));
  }

  #regroup(one: NodeClass, slots: readonly (NodeInfo | undefined)[]): void {
    this.#leave(one);
    const slot = one.slots.any;
    if (slot === undefined) return this.#drop(one);
    const node = slots[slot];
    if (node === undefined || this.#rejects(node, slot)) return;
    let key = one.raw.join();
    for (const { scoring } of this.#spanning) key += `\x04${scoring.likeness(node)}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { key, raw: one.raw, classes: new Buckets(), tied: new Map(), nodes: 0 };
      this.#groups.set(key, group);
    }
    one.group = group;
    one.best = one.slots.highest ?? 0;
    one.tied = one.slots.at(one.best).length;
    one.size = one.slots.size;
    group.tied.set(one.best, (group.tied.get(one.best) ?? 0) + one.tied);
    one.place = group.classes.add(one.id, one.best);
    group.nodes += one.size;
  }

  #leave(one: NodeClass): void {
    const { group } = one;
    if (group === undefined) return;
    const moved = group.classes.remove(one.place, one.best);
    const other = moved === undefined ? undefined : this.#byId[moved];
    if (other !== undefined) other.place = one.place;
    group.nodes -= one.size;
    const tied = (group.tied.get(one.best) ?? 0) - one.tied;
    if (tied > 0) group.tied.set(one.best, tied);
    else group.tied.delete(one.best);
    if (group.classes.size === 0) this.#groups.delete(group.key);
    delete one.group;
  }

  #newClass(key: string, raw: readonly number[], facets: readonly string[]): NodeClass {
    const id = this.#freeIds.pop() ?? this.#byId.length;
    const made: NodeClass = { key, id, facets, raw, slots: new Buckets(), best: 0, tied: 0, size: 0, place: 0 };
    this.#classes.set(key, made);
    this.#byId[id] = made;
    for (const facet of facets) {
      const sharing = this.#byFacet.get(facet);
      if (sharing === undefined) this.#byFacet.set(facet, new Set([made]));
      else sharing.add(made);
    }
    return made;
  }

  #drop({ key, id, facets }: NodeClass): void {
    const dropped = this.#classes.get(key);
    this.#classes.delete(key);
    this.#byId[id] = undefined;
    this.#freeIds.push(id);
    for (const facet of facets) {
      const sharing = this.#byFacet.get(facet);
      if (dropped !== undefined) sharing?.delete(dropped);
      if (sharing?.size === 0) this.#byFacet.delete(facet);
    }
  }
}
