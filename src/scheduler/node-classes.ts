// Owns feasible nodes sorted into classes: nodes of a class differ only in scores that each node gets by itself.
import type { Judgement, NodeGroup, Rejection, Scoring } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { SlotBuckets } from './slot-buckets.ts';

interface Weighted {
  readonly weight: number;
  readonly scoring: Scoring;
}

interface NodeClass {
  readonly key: string;
  readonly buckets: SlotBuckets;
  /** Raw scores of the plugins that compare all nodes, in their order. */
  readonly raw: readonly number[];
}

/** Where a slot is. */
interface Place {
  readonly in: NodeClass;
  readonly score: number;
  readonly at: number;
}

/** Classes of nodes. A choice costs as much as there are classes, whatever the number of nodes. */
export class NodeClasses {
  readonly #domains: readonly ((node: NodeInfo) => string)[];
  readonly #comparing: readonly { readonly weight: number; readonly scoring: Extract<Scoring, { by: 'comparison' }> }[];
  readonly #spanning: readonly { readonly weight: number; readonly scoring: Extract<Scoring, { by: 'domain' }> }[];
  readonly #classes = new Map<string, NodeClass>();
  readonly #places: (Place | undefined)[] = [];

  constructor(judges: readonly (Judgement & { readonly weight: number })[]) {
    this.#domains = judges.flatMap(({ domains }) => (domains === undefined ? [] : [(node: NodeInfo) => domains.domainOf(node)]));
    const all: readonly Weighted[] = judges.flatMap(({ scoring, weight }) => (scoring === undefined ? [] : [{ scoring, weight }]));
    this.#comparing = all.flatMap(({ scoring, weight }) => (scoring.by === 'comparison' ? [{ scoring, weight }] : []));
    this.#spanning = all.flatMap(({ scoring, weight }) => (scoring.by === 'domain' ? [{ scoring, weight }] : []));
  }

  /** Puts a feasible slot in. `alone`: it shares a class with no other. */
  put(slot: number, node: NodeInfo, score: number, alone: boolean): void {
    const raw = this.#comparing.map(({ scoring }) => scoring.score(node));
    let key = alone ? `${slot}` : '';
    for (const one of raw) key += `\x04${one}`;
    for (const domainOf of this.#domains) key += `\x05${domainOf(node)}`;
    const place = this.#places[slot];
    if (place?.in.key === key && place.score === score) return;
    this.remove(slot);
    let found = this.#classes.get(key);
    if (found === undefined) {
      found = { key, raw, buckets: new SlotBuckets() };
      this.#classes.set(key, found);
    }
    this.#places[slot] = { in: found, score, at: found.buckets.add(slot, score) };
  }

  /** Takes a slot out, if it is in. */
  remove(slot: number): void {
    const place = this.#places[slot];
    if (place === undefined) return;
    this.#places[slot] = undefined;
    const { buckets, key } = place.in;
    const moved = buckets.remove(place.at, place.score);
    if (moved !== undefined) this.#places[moved] = { in: place.in, score: place.score, at: place.at };
    if (buckets.size === 0) this.#classes.delete(key);
  }

  /** The slots of the highest total, class by class; empty where there is none. `reject` says which classes are out. */
  best(
    reject: (node: NodeInfo, slot: number) => Rejection | undefined,
    slots: readonly (NodeInfo | undefined)[],
  ): readonly (readonly number[])[] {
    const feasible: NodeClass[] = [];
    const groups: NodeGroup[] = [];
    for (const one of this.#classes.values()) {
      const slot = one.buckets.any ?? -1;
      const node = slots[slot];
      if (node === undefined || reject(node, slot) !== undefined) continue;
      feasible.push(one);
      groups.push({ node, count: one.buckets.size });
    }
    const totals = feasible.map(({ buckets }) => buckets.highest ?? 0);
    const add = (weight: number, scores: readonly number[]): void => {
      for (let at = 0; at < totals.length; at++) totals[at] = (totals[at] ?? 0) + weight * (scores[at] ?? 0);
    };
    if (feasible.length > 1) {
      for (const [column, { scoring, weight }] of this.#comparing.entries())
        add(weight, scoring.normalize(feasible.map(({ raw }) => raw[column] ?? 0)));
      for (const { scoring, weight } of this.#spanning) add(weight, scoring.score(groups));
    }
    const highest = totals.reduce((most, total) => Math.max(most, total), Number.NEGATIVE_INFINITY);
    return feasible.flatMap(({ buckets }, at) => (totals[at] === highest ? [buckets.at(buckets.highest ?? 0)] : []));
  }
}
