// Tests which addresses are somebody else's on a machine.
import { expect, test } from 'vitest';
import { clashOf, fencedRanges } from './neighbours.ts';
import { networkRules } from './network-rules.ts';

test('a fence tells what it is around', () => {
  const facts = { table: 't', bridge: 'b', uplinks: [], kubernetes: undefined };
  const rules = networkRules({ ...facts, clusterCidrs: ['10.42.0.0/16', 'fd42::/48'], serviceCidrs: ['10.96.0.0/16', 'fd96::/108'] });
  expect(fencedRanges(rules)).toEqual(['10.42.0.0/16', '10.96.0.0/16', 'fd42::/48', 'fd96::/108']);
});

test.each([
  ['the same', '10.42.0.0/16', '10.42.0.0/16'],
  ['a part of it', '10.42.7.0/24', '10.42.0.0/16'],
  ['more than it', '10.0.0.0/8', '10.42.0.0/16'],
  ['of IPv6', 'fd42::/48', 'fd42::/48'],
  ['apart', '10.43.0.0/16', undefined],
  ['of the other family', 'fd00::/8', 'fd42::/48'],
])('%s', (_, range, wanted) => expect(clashOf(['10.42.0.0/16', 'fd42::/48'], [{ range, by: 'x' }])?.wanted).toBe(wanted));
