// Owns the store without a disk: for tests, simulations and clusters that may be forgotten. Every write is durable at once.
import { Ledger } from './ledger.ts';
import type { RangeQuery, RangeResult, Store, Transaction, TransactionResult } from './store.ts';

/** An empty store in memory. It does no I/O and takes no time. */
export function memoryStore(): Store {
  const ledger = new Ledger();
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
