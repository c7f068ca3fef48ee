// What can be done to a node in each of its states: every pair.
import { expect, test } from 'vitest';
import { afterAction, type NodeAction, type NodePower, NodeSwitch, nodeActions } from './cluster-node.ts';

const leads: Readonly<Record<NodePower, Partial<Record<NodeAction, NodePower>>>> = {
  on: { stop: 'off', shutdown: 'off', cut: 'cut' },
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

test('an action that fails half-way leaves the state as it was, and can be tried again; actions come one after the other', async () => {
  const node = new NodeSwitch('node2');
  const seen: string[] = [];
  await expect(node.act('stop', () => Promise.reject(new Error('the disk is full')))).rejects.toThrow('the disk is full');
  expect(node.power).toBe('on');
  const note = async (action: NodeAction): Promise<void> => {
    seen.push(`${action} begins`);
    await Promise.resolve();
    seen.push(`${action} ends`);
  };
  await Promise.all([node.act('stop', note), node.act('start', note)]);
  expect(seen).toEqual(['stop begins', 'stop ends', 'start begins', 'start ends']);
  expect(node.power).toBe('on');
  await expect(node.act('heal', note)).rejects.toThrow('node2 runs and is connected');
});
