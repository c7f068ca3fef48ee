// Owns what zones were given of the endpoints of Services that ask for shares, and what is said of it. Bound: one entry a Service.
import type { Hinted } from './hints.ts';
import { isOverloaded, type ZoneShares } from './zone-shares.ts';

/** An event of a Service. */
export interface ShareEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'TopologyAwareHintsEnabled' | 'TopologyAwareHintsDisabled';
  readonly message: string;
}

/** The memory between looks at Services. Keys are `namespace/name`. */
export class ShareBook {
  #shares: ZoneShares | undefined;
  /** By Service and address family. */
  readonly #given = new Map<string, Map<string, ReadonlyMap<string, number>>>();
  /** Services that were last said to have hints. */
  readonly #hinted = new Set<string>();

  get shares(): ZoneShares | undefined {
    return this.#shares;
  }

  /** The nodes have changed: which Services must be looked at, as a zone has too few of their endpoints. */
  weigh(shares: ZoneShares | undefined): readonly string[] {
    this.#shares = shares;
    return [...this.#given].filter(([, given]) => [...given.values()].some((one) => isOverloaded(one, shares))).map(([key]) => key);
  }

  /** A Service has been looked at: what is to be said, family by family. `results` is empty where it asks for no shares. */
  note(key: string, results: ReadonlyMap<string, Pick<Hinted, 'given' | 'refusal'>>, families: readonly string[]): readonly ShareEvent[] {
    const events: ShareEvent[] = [];
    for (const family of families) {
      const { given, refusal } = results.get(family) ?? {};
      const had = this.#hinted.has(key);
      const tell = (type: ShareEvent['type'], reason: ShareEvent['reason'], message: string): void =>
        void events.push({ type, reason, message: `${message}, addressType: ${family}` });
      if (given !== undefined) {
        this.#given.set(key, (this.#given.get(key) ?? new Map()).set(family, given));
        this.#hinted.add(key);
        if (!had) tell('Normal', 'TopologyAwareHintsEnabled', 'Topology Aware Hints has been enabled');
        continue;
      }
      this.#drop(key, family);
      if (refusal !== undefined) tell('Warning', 'TopologyAwareHintsDisabled', refusal);
      else if (had) tell('Warning', 'TopologyAwareHintsDisabled', 'Topology Aware Hints has been disabled');
    }
    return events;
  }

  /** The Service is gone. */
  forget(key: string): void {
    this.#given.delete(key);
    this.#hinted.delete(key);
  }

  #drop(key: string, family: string): void {
    const given = this.#given.get(key);
    given?.delete(family);
    if (given?.size === 0) this.#given.delete(key);
    this.#hinted.delete(key);
  }
}
