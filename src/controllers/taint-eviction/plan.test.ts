// Tests when a pod must leave its node for the node's taints.
import { expect, test } from 'vitest';
import type { Taint, Toleration } from '../../api/core/v1.ts';
import { planEviction } from './plan.ts';

const taint: Taint = { key: 'k', effect: 'NoExecute' };
const other: Taint = { key: 'l', effect: 'NoExecute' };
const tolerate = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});
const due = (decidedMs: number, dueMs: number) => ({ do: 'evict', scheduled: { decidedMs, dueMs } });
test.each([
  ['no taint', [], [], undefined, { do: 'cancel' }],
  ['not tolerated', [taint], [], undefined, due(9, 9)],
  ['one of two not tolerated', [taint, other], [tolerate('k')], undefined, due(9, 9)],
  ['tolerated for ever', [taint], [tolerate('k')], undefined, { do: 'cancel' }],
  ['tolerated for a while', [taint], [tolerate('k', 2)], undefined, due(9, 2009)],
  ['the least counts', [taint, other], [tolerate('k', 5), tolerate('l', 2)], undefined, due(9, 2009)],
  ['less than nothing is at once', [taint], [tolerate('k', -1)], undefined, due(9, 9)],
  ['decided before', [taint], [tolerate('k', 2)], { decidedMs: 1, dueMs: 2001 }, { do: 'keep' }],
])('eviction: %s', (_, taints, tolerations, scheduled, expected) => {
  expect(planEviction(taints, tolerations, scheduled, 9)).toEqual(expected);
});
