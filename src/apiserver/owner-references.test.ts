// Owns the tests of owners named twice.
import { expect, test } from 'vitest';
import type { AnyObject } from '../api/object.ts';
import { withOwnersOnce } from './owner-references.ts';

const owner = (uid: string, name = 'o') => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
const owned = (...ownerReferences: readonly ReturnType<typeof owner>[]): AnyObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ownerReferences } }) as unknown as AnyObject;

test('the same owner twice is kept once, with a warning', () => {
  const warnings: string[] = [];
  expect(withOwnersOnce(owned(owner('1'), owner('2'), owner('1')), warnings)).toEqual(owned(owner('1'), owner('2')));
  expect(warnings).toEqual([
    '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: 1',
  ]);
});

test('one uid under two names is no repetition', () => {
  const warnings: string[] = [];
  const object = owned(owner('1'), owner('1', 'other'));
  expect(withOwnersOnce(object, warnings)).toBe(object);
  expect(warnings).toEqual([]);
});
