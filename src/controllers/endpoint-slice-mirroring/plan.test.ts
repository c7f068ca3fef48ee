// Tests which hand-made endpoints are mirrored, and into which slices.
import { expect, test } from 'vitest';
import type { Endpoints, Service } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { isMirrored, planMirror } from './plan.ts';

const metadata = { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const service = { metadata, spec: {} } as Service;
const endpoints = (more: Partial<Endpoints> = {}): Endpoints => ({ metadata: { ...metadata, labels: { mine: 'x' } }, ...more });
test.each([
  ['somebody’s own', endpoints(), service, true],
  ['no Service', endpoints(), undefined, false],
  ['a Service that selects', endpoints(), { metadata, spec: { selector: { a: 'b' } } } as Service, false],
  ['a controller’s', endpoints({ metadata: { ...metadata, labels: { 'endpoints.kubernetes.io/managed-by': 'x' } } }), service, false],
  [
    'to be left alone',
    endpoints({ metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } }),
    service,
    false,
  ],
  ['a lock', endpoints({ metadata: { ...metadata, annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } } }), service, false],
])('endpoints are mirrored: %s', (_, one, of, expected) => expect(isMirrored(one, of)).toBe(expected));

test('mirrors: one a family and set of ports, reused where ports change, addresses that are none are counted', () => {
  const subsets = [{ addresses: [{ ip: '192.0.2.7' }, { ip: '2001:db8::1' }], notReadyAddresses: [{ ip: 'x' }], ports: [{ port: 80 }] }];
  const plan = planMirror(endpoints({ subsets }), [], 1000);
  expect(plan.create.map(({ addressType, endpoints: list }) => [addressType, list?.length])).toEqual([
    ['IPv4', 1],
    ['IPv6', 1],
  ]);
  expect([plan.skipped, plan.invalid]).toEqual([0, 1]);
  const [slice] = plan.create;
  const present = { ...slice, metadata: { ...metadata, ...slice?.metadata } } as EndpointSlice;
  const again = planMirror(endpoints({ subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 81 }] }] }), [present], 1000);
  expect([again.create.length, again.update[0]?.ports?.[0]?.port, again.delete.length]).toEqual([0, 81, 0]);
  expect(planMirror(endpoints(), [present], 1000).delete).toEqual([present]);
});
