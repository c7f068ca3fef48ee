// Tests what ranges a cluster takes for pods and Services.
import { expect, test } from 'vitest';
import { OptionError } from './option-error.ts';
import { addressIn, clusterLimits, nodeShares, overlap, readRanges, serviceLimits } from './ranges.ts';

test.each([
  ['10.96.3.0/16', ['10.96.0.0/16']],
  ['10.96.0.0/16,FD96::5/112', ['10.96.0.0/16', 'fd96::/112']],
  ['fd96::/112, 10.96.0.0/16', ['fd96::/112', '10.96.0.0/16']],
  ['fd96::/112', ['fd96::/112']],
])('takes %s', (text, expected) => {
  expect(readRanges('--service-cidr', text, serviceLimits)).toEqual(expected);
});

test.each([
  '',
  'x',
  '10.96.0.0',
  '10.96.0.0/7',
  '10.96.0.0/30',
  'fd96::/63',
  '::ffff:10.0.0.0/112',
  '10.96.0.0/16,10.97.0.0/16',
  '1.0.0.0/8,fd::/64,2.0.0.0/8',
])('refuses %j with the flag in the message', (text) => {
  expect(() => readRanges('--service-cidr', text, serviceLimits)).toThrow(OptionError);
  expect(() => readRanges('--service-cidr', text, serviceLimits)).toThrow('--service-cidr');
});

test('a node has a share of each pod range', () => {
  const ranges = readRanges('--cluster-cidr', '10.42.0.0/16,fd42::/48', clusterLimits);
  expect(nodeShares(ranges, 258)).toEqual(['10.43.2.0/24', 'fd42:0:0:102::/64']);
  expect(addressIn('fd42:0:0:102::/64', 1)).toBe('fd42:0:0:102::1');
  expect([overlap('10.0.0.0/8', '10.1.0.0/16'), overlap('10.0.0.0/16', '10.1.0.0/16'), overlap('10.0.0.0/8', 'fd00::/48')]).toEqual([
    true,
    false,
    false,
  ]);
});
