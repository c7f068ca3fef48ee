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
  [
    'left behind when the Service lost its selector',
    endpoints({ metadata: { ...metadata, labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } } }),
    service,
    true,
  ],
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
  expect([plan.skipped, plan.invalid]).toEqual([1, 1]);
  const [slice] = plan.create;
  const present = { ...slice, metadata: { ...metadata, ...slice?.metadata } } as EndpointSlice;
  const again = planMirror(endpoints({ subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 81 }] }] }), [present], 1000);
  expect([again.create.length, again.update[0]?.ports?.[0]?.port, again.delete.length]).toEqual([0, 81, 0]);
  expect(planMirror(endpoints(), [present], 1000).delete).toEqual([present]);
});

const mirrored = (
  subsets: NonNullable<Endpoints['subsets']>,
  present: readonly EndpointSlice[] = [],
  most = 1000,
): ReturnType<typeof planMirror> => planMirror(endpoints({ subsets }), present, most);
const stored = (plan: ReturnType<typeof planMirror>): readonly EndpointSlice[] =>
  plan.create.map(
    (slice, at) => ({ ...slice, metadata: { ...metadata, ...slice.metadata, name: `n-${at}`, uid: `${at}` } }) as EndpointSlice,
  );
const many = Array.from({ length: 250 }, (_, at) => ({ ip: `192.0.2.${at}` }));

test('one slice holds all addresses of its ports, up to the most that are mirrored', () => {
  expect(mirrored([{ addresses: many, ports: [{ port: 80 }] }]).create.map(({ endpoints: list }) => list?.length)).toEqual([250]);
  const cut = mirrored([{ addresses: many, ports: [{ port: 80 }] }], [], 200);
  expect([cut.create[0]?.endpoints?.length, cut.skipped, cut.invalid]).toEqual([200, 50, 0]);
});

test.each([
  [
    'the same ports twice',
    [
      { addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] },
      { addresses: [{ ip: '192.0.2.2' }], ports: [{ port: 80 }] },
    ],
    [['192.0.2.1 true 192.0.2.2 true', '80']],
  ],
  [
    'the same addresses twice',
    [
      { addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'a', port: 80 }] },
      { addresses: [{ ip: '192.0.2.1' }], ports: [{ name: 'b', port: 81 }] },
    ],
    [['192.0.2.1 true', '80 81']],
  ],
  [
    'ready here and not there',
    [{ addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }], notReadyAddresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }],
    [['192.0.2.2 true 192.0.2.1 false', '80']],
  ],
  ['no ports', [{ addresses: [{ ip: '192.0.2.1' }] }], [['192.0.2.1 true', '']]],
])('subsets are brought together: %s', (_, subsets, expected) => {
  const words = mirrored(subsets).create.map(({ endpoints: list, ports }) => [
    (list ?? []).map(({ addresses, conditions }) => `${addresses[0]} ${conditions?.ready}`).join(' '),
    (ports ?? [])
      .map(({ port }) => port)
      .sort()
      .join(' '),
  ]);
  expect(words).toEqual(expected);
});

test('a slice is written anew without the name that it was made from; one that becomes another keeps it; order is no change', () => {
  const present = stored(mirrored([{ addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }], ports: [{ port: 80 }] }]));
  const turned = present.map((slice) => ({ ...slice, endpoints: [...(slice.endpoints ?? [])].reverse() }));
  expect(mirrored([{ addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }], ports: [{ port: 80 }] }], turned).update).toEqual([]);
  expect(mirrored([{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }], present).update[0]?.metadata.generateName).toBeUndefined();
  expect(mirrored([{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 81 }] }], present).update[0]?.metadata.generateName).toBe('n-');
});
