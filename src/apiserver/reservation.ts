// Owns holding what a write needs beside the object (a Service's addresses and ports) until its outcome is known.
import type { Service } from '../api/core/v1.ts';
import type { KindDescription } from '../api/kind.ts';
import type { AnyObject } from '../api/object.ts';
import type { Serving } from './serving.ts';

/** The object with what was reserved for it. Exactly one of the two must be called. */
export interface Held {
  readonly object: AnyObject;
  commit(): void;
  release(): void;
}

/** Reserves for a write; `old` is absent for a create. Throws StatusError where nothing is left or it is taken. */
export function hold({ allocation }: Serving, kind: KindDescription, object: AnyObject, old: AnyObject | undefined): Held {
  if (kind.resource !== 'services' || kind.group !== '' || allocation === undefined) return { object, commit() {}, release() {} };
  const service = object as unknown as Service;
  const reserved = old === undefined ? allocation.reserveCreate(service) : allocation.reserveUpdate(service, old as unknown as Service);
  return {
    object: reserved.service as unknown as AnyObject,
    commit: () => reserved.commit(),
    release: () => reserved.release(),
  };
}

/** Gives back what a removed object held. */
export function letGo({ allocation }: Serving, kind: KindDescription, object: AnyObject): void {
  if (kind.resource === 'services' && kind.group === '') allocation?.released(object as unknown as Service);
}
