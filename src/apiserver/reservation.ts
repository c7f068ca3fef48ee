// Owns holding what a write needs beside the object (a Service's addresses and ports) until its outcome is known.
import type { Service } from '../api/core/v1.ts';
import type { KindDescription } from '../api/kind.ts';
import type { AnyObject } from '../api/object.ts';
import { addressCompanions } from './allocation/address-objects.ts';
import { portCompanions } from './allocation/port-claims.ts';
import type { Companions } from './commit.ts';
import type { Serving } from './serving.ts';

/** The object with what was reserved for it. Exactly one of the two must be called. */
export interface Held {
  readonly object: AnyObject;
  /** What is to be written in the same transaction; absent where nothing is. */
  readonly companions?: Companions;
  commit(): void;
  release(): void;
}

/** Reserves for a write; `old` is absent for a create. Throws StatusError where nothing is left or it is taken. */
export function hold(serving: Serving, kind: KindDescription, object: AnyObject, old: AnyObject | undefined): Held {
  const { allocation } = serving;
  if (kind.resource !== 'services' || kind.group !== '' || allocation === undefined) return { object, commit() {}, release() {} };
  const service = object as unknown as Service;
  const reserved = old === undefined ? allocation.reserveCreate(service) : allocation.reserveUpdate(service, old as unknown as Service);
  const companions = companionsOf(serving, reserved.service, old as unknown as Service | undefined);
  return {
    object: reserved.service as unknown as AnyObject,
    ...(companions === undefined ? {} : { companions }),
    commit: () => reserved.commit(),
    release: () => reserved.release(),
  };
}

/** What goes in the same transaction as an object. */
export function departing(serving: Serving, kind: KindDescription, object: AnyObject): Companions | undefined {
  if (kind.resource !== 'services' || kind.group !== '' || serving.allocation === undefined) return undefined;
  return companionsOf(serving, undefined, object as unknown as Service);
}

function companionsOf(serving: Serving, next: Service | undefined, old: Service | undefined): Companions | undefined {
  const [addresses, ports] = [addressCompanions(serving, next, old), portCompanions(serving.store, next, old)];
  const compare = [...(addresses?.compare ?? []), ...ports.compare];
  const writes = [...(addresses?.writes ?? []), ...ports.writes];
  return writes.length === 0 ? undefined : { compare, writes };
}

/** Gives back what a removed object held. */
export function letGo({ allocation }: Serving, kind: KindDescription, object: AnyObject): void {
  if (kind.resource === 'services' && kind.group === '') allocation?.released(object as unknown as Service);
}
