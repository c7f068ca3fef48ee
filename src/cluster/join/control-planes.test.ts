// Tests which control planes a machine that joined remembers.
import { expect, test } from 'vitest';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { controlPlanesIn } from './control-planes.ts';

const slice = (port: number | undefined, ...ips: readonly string[]): EndpointSlice =>
  ({ ports: [{ name: 'https', port }], endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })) }) as never;
const ranges = ['10.42.0.0/16', 'fd42::/48'];

test.each<[string, readonly EndpointSlice[], readonly string[]]>([
  ['two on one port', [slice(6443, '192.0.2.2', '192.0.2.1')], ['https://192.0.2.1:6443', 'https://192.0.2.2:6443']],
  ['two on two ports', [slice(6443, '192.0.2.1'), slice(7443, '192.0.2.2')], ['https://192.0.2.1:6443', 'https://192.0.2.2:7443']],
  ['one of IPv6', [slice(6443, '2001:db8::1')], ['https://[2001:db8::1]:6443']],
  ['the address of a bridge', [slice(6443, '10.42.0.1')], []],
  ['one that is not ready', [{ ...slice(6443), endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: false } }] } as never], []],
  ['no port', [slice(undefined, '192.0.2.1')], []],
])('%s', (_, slices, expected) => expect(controlPlanesIn(slices, ranges)).toEqual(expected));
