// Owns that no two writes spend the same rest of a quota, whatever happens to it meanwhile.
import { expect, test } from 'vitest';
import type { ResourceQuota } from '../../api/core/v1.ts';
import { builtInCatalog } from '../../api/kinds/built-in.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import type { AdmissionAttributes, AdmissionContext } from './plugin.ts';
import { type QuotaBook, resourceQuota } from './resource-quota.ts';

const kind = builtInCatalog().byResource('', 'v1', 'configmaps');

function bench(hard: string) {
  let quota = { metadata: { name: 'q' }, status: { hard: { configmaps: hard }, used: { configmaps: '0' } } } as unknown as ResourceQuota;
  let failures = 2;
  const book: QuotaBook = {
    read: () => [quota],
    async write([change]) {
      await Promise.resolve();
      if (failures-- > 0 || change?.quota !== quota) return false;
      quota = { ...quota, status: { ...quota.status, used: change.used } };
      return true;
    },
  };
  const plugin = resourceQuota(book);
  const create = async (dryRun = false): Promise<void> => {
    if (kind === undefined || plugin.validate === undefined) throw new Error('nothing to test');
    const attributes = { operation: 'CREATE', kind, subresource: '', namespace: 'a', name: 'x', object: { metadata: {} }, dryRun };
    await plugin.validate(attributes as unknown as AdmissionAttributes, { clock: new VirtualClock() } as unknown as AdmissionContext);
  };
  return { create, used: () => quota.status?.used?.['configmaps'] };
}

test('of a crowd exactly as many pass as there is room for', async () => {
  const { create, used } = bench('7');
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => create()));
  const refused = results.filter((result) => result.status === 'rejected');
  expect([refused.length, used()]).toEqual([13, '7']);
  expect(String(refused[0]?.reason)).toContain('exceeded quota: q, requested: configmaps=1, used: configmaps=7, limited: configmaps=7');
});

test('a dry run is weighed and not charged', async () => {
  const { create, used } = bench('1');
  await create(true);
  expect(used()).toBe('0');
  await create();
  await expect(create(true)).rejects.toThrow('exceeded quota');
});
