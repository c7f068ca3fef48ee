// Owns the store without a disk: for tests, simulations and clusters that may be forgotten. Every write is durable at once.
import { Ledger } from './ledger.ts';
import type { RangeQuery, RangeResult, Store, StoreEvent, Transaction, TransactionResult } from './store.ts';

/** A store in memory, empty or (`from`) opened over all that another one has made durable. It does no I/O and takes no time. */
export function memoryStore(from?: Store): Store {
  const ledger = from === undefined ? new Ledger() : reopened(from);
  let closed = false;
  return {
    get revision() {
      return ledger.revision;
    },
    get compactedRevision() {
      return ledger.compactedRevision;
    },
    trouble: undefined,
    get: (key: string) => ledger.get(key),
    range: (query: RangeQuery): RangeResult => ledger.range(query),
    async transact(transaction: Transaction): Promise<TransactionResult> {
      if (closed) throw new Error('the store is closed');
      const proposal = ledger.propose(transaction);
      if (proposal.outcome === 'refused') return { ok: false, revision: ledger.revision, current: proposal.current };
      if (proposal.outcome === 'accepted') ledger.publish(proposal.revision, proposal.events);
      return { ok: true, revision: ledger.revision };
    },
    watch: (range, afterRevision, listener) => ledger.watch(range, afterRevision, listener),
    async compact(revision: number) {
      ledger.compact(revision);
    },
    async close() {
      closed = true;
    },
  };
}

const everything = { start: '', end: '\u{10ffff}' };

/** What an engine would read from its disk: the entries, and the changes that are remembered. */
function reopened(from: Store): Ledger {
  const { revision, compactedRevision } = from;
  const changes: (readonly StoreEvent[])[] = [];
  using _ = from.watch(everything, Math.max(1, compactedRevision), (events) => changes.push(events));
  const ledger = new Ledger(revision, compactedRevision);
  ledger.restore(from.range(everything).entries, changes);
  return ledger;
}
