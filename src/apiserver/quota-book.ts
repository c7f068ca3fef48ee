// Owns the quotas of admission in the store: read as they are, their use written as the server's own doing, several at once.
import type { ResourceQuota } from '../api/core/v1.ts';
import { inFieldOrder } from '../api/field-order.ts';
import type { KindCatalog } from '../api/kinds/catalog.ts';
import type { AnyObject } from '../api/object.ts';
import type { Clock } from '../base/clock.ts';
import type { Store } from '../store/store.ts';
import type { QuotaBook } from './admission/resource-quota.ts';
import { recordOwnership } from './managed-fields/record-ownership.ts';
import { keyOf, rangeOf } from './storage-key.ts';
import { encodeStored, objectOf } from './stored-object.ts';

const manager = 'kube-apiserver';

/** The quotas in a store. */
export function storedQuotas(store: Store, catalog: KindCatalog, clock: Clock): QuotaBook {
  const kind = catalog.byKind('', 'v1', 'ResourceQuota');
  if (kind === undefined) return { read: () => [], write: async () => true };
  return {
    read: (namespace) => store.range(rangeOf(kind, namespace)).entries.map((entry) => objectOf(entry) as unknown as ResourceQuota),
    async write(changes) {
      const nowMs = clock.now();
      const writes = changes.map(({ quota, used }) => {
        const old = quota as unknown as AnyObject;
        const next = { ...quota, status: { ...quota.status, used } } as unknown as AnyObject;
        const recorded = recordOwnership({ kind, old, next, manager, subresource: 'status', nowMs });
        const { namespace = '', name, resourceVersion } = old.metadata;
        return { key: keyOf(kind, namespace, name), recorded, modRevision: Number(resourceVersion) };
      });
      const { ok } = await store.transact({
        compare: writes.map(({ key, modRevision }) => ({ key, modRevision })),
        writes: writes.map(({ key, recorded }) => ({ type: 'put', key, value: encodeStored(inFieldOrder(kind, recorded)) })),
      });
      return ok;
    },
  };
}
