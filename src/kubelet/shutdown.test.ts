// Owns the proof of how pods are grouped when a node is shut down.
import { expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import { shutdownEnding, shutdownGroups } from './shutdown.ts';

const podOf = (spec: object): Pod => ({ metadata: { name: 'p' }, spec: { containers: [], ...spec } }) as unknown as Pod;

test.each([
  ['a plain pod', podOf({}), 0, 20],
  ['one that is quick', podOf({ terminationGracePeriodSeconds: 5 }), 0, 5],
  ['a critical one', podOf({ priority: 2_000_000_000 }), 1, 10],
])('%s ends with its group, within its time', (_, pod, group, graceSeconds) => {
  const groups = shutdownGroups({ totalMs: 30_000, criticalMs: 10_000 });
  expect(groups.findIndex(({ includes }) => includes(pod))).toBe(group);
  expect(shutdownEnding(pod, groups[group]?.graceMs ?? 0)).toMatchObject({ reason: 'Terminated', graceSeconds });
});
