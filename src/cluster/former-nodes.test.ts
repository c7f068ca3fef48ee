// Owns the proof of which Nodes count as left from an earlier start.
import { expect, test } from 'vitest';
import type { Node } from '../api/core/v1.ts';
import { isFormerNode } from './former-nodes.ts';

test.each<[string, string, number, boolean]>([
  ['node2', '10.42.1.1', 1, true],
  ['node1', '10.42.0.1', 0, true],
  ['node1', '10.42.0.1', 1, false],
  ['node2', '192.168.0.7', 1, false],
  ['worker', '10.42.1.1', 1, false],
  ['node02', '10.42.1.1', 1, false],
])('%s at %s, with %d nodes now', (name, address, nodes, former) => {
  const node = { metadata: { name }, status: { addresses: [{ type: 'InternalIP', address }] } } as unknown as Node;
  expect(isFormerNode(node, nodes, '10.42.0.0/16')).toBe(former);
});
