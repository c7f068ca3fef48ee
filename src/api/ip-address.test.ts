// Proves which texts are addresses and ranges, how they are spelled, and what fields that hold them refuse.
import { describe, expect, test } from 'vitest';
import { formatAddress, formatCidr, holdsAddress, parseAddress, parseCidr } from './ip-address.ts';
import { canonicalIpErrors, checkCidr, checkEndpointIp, ipWarnings } from './ip-checks.ts';
import type { StatusCause } from './meta/v1.ts';

test.each([
  ['10.9.8.7', '10.9.8.7'],
  ['010.9.8.7', '10.9.8.7'],
  ['2001:DB8::FFFF', '2001:db8::ffff'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::', '::'],
  ['1::', '1::'],
  ['::1', '::1'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
])('%s is spelled %s', (text, canonical) => {
  const address = parseAddress(text);
  expect(address && formatAddress(address)).toBe(canonical);
});

test.each(['', 'x', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.-4', '1::2::3', '12345::', '::1%eth0', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9'])(
  '%s is no address',
  (text) => expect(parseAddress(text)).toBeUndefined(),
);

test.each([
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['fd00::1/64', 'fd00::/64'],
  ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
  ['0.0.0.0/0', '0.0.0.0/0'],
])('%s is the range %s', (text, canonical) => {
  const range = parseCidr(text);
  expect(range && formatCidr(range)).toBe(canonical);
});
test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/a', 'fd00::/129', '10.0.0.0/8/8'])('%s is no range', (text) =>
  expect(parseCidr(text)).toBeUndefined(),
);
test('a range holds its own family only', () => {
  const range = parseCidr('10.0.0.0/8');
  const [inside, outside, other] = ['10.255.0.1', '11.0.0.1', 'a00::'].map(parseAddress);
  expect([inside, outside, other].map((address) => range && address && holdsAddress(range, address))).toEqual([true, false, false]);
});

describe('refusals', () => {
  const said = (check: (out: StatusCause[]) => void): readonly string[] => {
    const out: StatusCause[] = [];
    check(out);
    return out.map(({ message = '' }) => message.replace(/^Invalid value: "[^"]*": /, ''));
  };
  test.each([
    ['10.1.2.3/8', 'must not have bits set beyond the prefix length'],
    ['010.0.0.0/8', 'must not have leading 0s in IP or prefix length'],
    ['10.0.0.0/08', 'must not have leading 0s in IP or prefix length'],
    ['::ffff:10.0.0.0/104', 'must not have an IPv4-mapped IPv6 address'],
  ])('range %s: %s', (text, refusal) => expect(said((out) => checkCidr(text, 'f', out))).toEqual([refusal]));
  test.each([
    ['0.0.0.0', 'may not be unspecified (0.0.0.0)'],
    ['::1', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ['fe80::1', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    ['224.0.0.5', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ])('endpoint %s: %s', (text, refusal) => expect(said((out) => checkEndpointIp(text, 'f', out))).toEqual([refusal]));
  test.each([
    ['010.1.2.3', ['must not have leading 0s']],
    ['FD00::1', ['must be in canonical form ("fd00::1")']],
    ['fd00::1', []],
  ])('name %s', (text, errors) => expect(canonicalIpErrors(text)).toEqual(errors));
  test('IPv6 that is not canonical is taken with a warning', () =>
    expect(ipWarnings('FD00::1', 'f')).toEqual(['f: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")']));
});
