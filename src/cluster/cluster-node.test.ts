// What can be done to a node in each of its states: every pair.
import { expect, test } from 'vitest';
import { afterAction, type NodeAction, type NodePower, nodeActions } from './cluster-node.ts';

const leads: Readonly<Record<NodePower, Partial<Record<NodeAction, NodePower>>>> = {
  on: { stop: 'off', cut: 'cut' },
  off: { start: 'on' },
  cut: { heal: 'on', stop: 'off' },
};
const pairs = (Object.keys(leads) as NodePower[]).flatMap((power) =>
  nodeActions.map((action) => [power, action, leads[power][action]] as const),
);

test.each(pairs)('%s, %s → %s', (power, action, next) => {
  if (next === undefined) expect(() => afterAction('node2', power, action)).toThrow(/^node2 (runs|is)/);
  else expect(afterAction('node2', power, action)).toBe(next);
});
