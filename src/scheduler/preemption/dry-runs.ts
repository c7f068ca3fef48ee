// Owns what preemption found out about nodes that have not changed since: those where it cannot help, and whom the others would have to let go.
import type { PodDisruptionBudget } from '../../api/policy/v1.ts';
import type { NodeInfo } from '../node-info.ts';
import { SlotSet } from '../slot-set.ts';
import type { Table } from '../table.ts';
import { type Candidate, protects } from './victims.ts';

interface Known {
  readonly info: NodeInfo;
  readonly candidate: Candidate;
  /** The budgets' revision up to which it holds. */
  revision: number;
}

/** For pods of one kind. Bound: one entry a node. */
export class DryRuns {
  readonly #promising = new SlotSet();
  readonly #hopeless: (readonly string[] | undefined)[] = [];
  readonly #counts = new Map<string, { readonly reasons: readonly string[]; count: number }>();
  readonly #known: (Known | undefined)[] = [];

  /** Slots where it is worth trying, in no order. */
  get promising(): readonly number[] {
    return this.#promising.slots;
  }

  /** Why it cannot help elsewhere, and on how many nodes. */
  get hopeless(): Iterable<readonly [readonly string[], number]> {
    return [...this.#counts.values()].map(({ reasons, count }) => [reasons, count] as const);
  }

  /** A slot changed. `worthwhile`: its node turns the pod down for what other pods take. */
  changed(slot: number, worthwhile: boolean): void {
    if (this.#counts.size > 0) this.#hopeAgain(slot);
    if (worthwhile) this.#promising.add(slot);
    else this.#promising.remove(slot);
  }

  #hopeAgain(slot: number): void {
    const reasons = this.#hopeless[slot];
    if (reasons === undefined) return;
    this.#hopeless[slot] = undefined;
    const key = reasons.join('\n');
    const counted = this.#counts.get(key);
    if (counted !== undefined && --counted.count === 0) this.#counts.delete(key);
  }

  /** Even without all less important pods the node in the slot would not do. */
  giveUp(slot: number, reasons: readonly string[]): void {
    this.#promising.remove(slot);
    this.#hopeless[slot] = reasons;
    const key = reasons.join('\n');
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { reasons, count: 1 });
    else counted.count++;
  }

  /** The candidate that was found for the node in this very state, if no budget of pods on it changed. */
  recall(slot: number, info: NodeInfo, budgets: Table<PodDisruptionBudget>): Candidate | undefined {
    const known = this.#known[slot];
    if (known?.info !== info) return undefined;
    if (known.revision !== budgets.revision) {
      const changed = budgets.changesSince(known.revision);
      if (changed === undefined || changed.some((budget) => info.pods.some((pod) => protects(budget, pod)))) return undefined;
      known.revision = budgets.revision;
    }
    return known.candidate;
  }

  remember(slot: number, info: NodeInfo, { revision }: Table<PodDisruptionBudget>, candidate: Candidate): void {
    this.#known[slot] = { info, candidate, revision };
  }
}
