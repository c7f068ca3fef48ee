// Owns the contract of what Services are given: cluster IPs and node ports, reserved before the write and kept or given back after it.
import type { Service } from '../../api/core/v1.ts';

/** A Service with its addresses and ports, held until the write's outcome is known. Call exactly one of the two, once. */
export interface Reservation {
  readonly service: Service;
  /** The write succeeded: what the former Service had and the new one has not is free again. */
  commit(): void;
  /** The write failed or was a dry run: what was newly taken is free again. */
  release(): void;
}

/** Gives addresses and node ports. Synchronous, so that two writes in flight never get the same one. */
export interface ServiceAllocation {
  /** For a create. Throws StatusError Invalid (in use, out of range) or InternalError (nothing left). Runs before validation, as upstream. */
  reserveCreate(service: Service): Reservation;
  /** For an update; fields the writer left out are taken over from `old` as upstream does. */
  reserveUpdate(service: Service, old: Service): Reservation;
  /** The Service is gone. */
  released(service: Service): void;
  /** Allocates addresses from these CIDRs from now on; of a family that has none among them, from the cluster's own. */
  cover(cidrs: readonly string[]): void;
  /** Whether an address is spoken for beside Services: somebody's IPAddress object. */
  block(ip: string, blocked: boolean): void;
  /** A Service in the store is another one now (absent: new, or gone), whoever wrote it: another control plane may have. */
  changed(current: Service | undefined, previous: Service | undefined): void;
  /** Derives everything from what is stored, forgetting what was held before. Call once at start, before any write. */
  restore(services: Iterable<Service>): void;
}
