// Owns telling the allocation what stored objects say: which ranges there are (ServiceCIDR), which addresses are spoken for (IPAddress), what Services have.
import type { Service } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import type { ObjectSource } from '../auth/object-source.ts';
import { isStillUsed } from './address-objects.ts';
import type { ServiceAllocation } from './allocation.ts';

const group = 'networking.k8s.io';
const cidrs = { group, resource: 'servicecidrs' };
const services = { group: '', resource: 'services' };
const addresses = { group, resource: 'ipaddresses' };

interface RangeObject extends AnyObject {
  readonly spec?: { readonly cidrs?: readonly string[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** The CIDRs to allocate from: of objects that stay and are not said to be unready, the cluster's own first. Pure. */
export function openRanges(objects: readonly AnyObject[]): readonly string[] {
  return (objects as readonly RangeObject[])
    .filter(({ metadata, status }) => {
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      return metadata.deletionTimestamp === undefined && (ready === undefined || ready.status === 'True');
    })
    .toSorted((a, b) => Number(b.metadata.name === 'kubernetes') - Number(a.metadata.name === 'kubernetes'))
    .flatMap(({ spec }) => spec?.cidrs ?? []);
}

/** Follows the objects until disposed. `lost`: somebody removed an IPAddress that its Service still has. */
export function followAllocation(objects: ObjectSource, allocation: ServiceAllocation, lost: () => void): Disposable {
  const cover = (): void => allocation.cover(openRanges(objects.list(cidrs)));
  for (const { metadata } of objects.list(addresses)) allocation.block(metadata.name, true);
  cover();
  const ranges = objects.onChange(cidrs, cover);
  const spoken = objects.onChange(addresses, ({ current, previous }) => {
    const name = current?.metadata.name ?? previous?.metadata.name;
    if (name === undefined) return;
    allocation.block(name, current !== undefined);
    if (current === undefined && previous !== undefined && isStillUsed(objects, previous)) lost();
  });
  const had = objects.onChange(services, ({ current, previous }) =>
    allocation.changed(current as Service | undefined, previous as Service | undefined),
  );
  return {
    [Symbol.dispose]() {
      had[Symbol.dispose]();
      ranges[Symbol.dispose]();
      spoken[Symbol.dispose]();
    },
  };
}
