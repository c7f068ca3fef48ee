// Owns what the control plane does for its store without being asked: forget the past, end Events, keep IPAddress objects and claims on ports true.
import { type AddressParts, repairAddresses } from '../apiserver/allocation/address-objects.ts';
import type { ServiceAllocation } from '../apiserver/allocation/allocation.ts';
import { followAllocation } from '../apiserver/allocation/follow-objects.ts';
import { repairPorts } from '../apiserver/allocation/port-claims.ts';
import type { ObjectSource } from '../apiserver/auth/object-source.ts';
import { keepCompacting } from '../apiserver/compaction.ts';
import { expireEvents } from '../apiserver/event-expiry.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

/** What it works with. */
export interface HousekeepingParts extends AddressParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly objects: ObjectSource;
  readonly allocation: ServiceAllocation;
}

/** Puts right what a crash may have left, then goes on until disposed. */
export async function keepHouse(parts: HousekeepingParts): Promise<Disposable> {
  const { store, clock, log, objects, allocation } = parts;
  // How a cluster came about is nobody's history: it begins with the objects that every cluster has.
  if (store.compactedRevision === 0) await store.compact(store.revision);
  await repairAddresses(parts);
  await repairPorts(store, parts.catalog);
  const repair = (): void => {
    repairAddresses(parts).catch((error: unknown) => log.warn('IPAddress objects could not be put right', { error }));
  };
  const running = [keepCompacting(store, clock, log), expireEvents(store, clock, log), followAllocation(objects, allocation, repair)];
  return {
    [Symbol.dispose]() {
      for (const one of running) one[Symbol.dispose]();
    },
  };
}
