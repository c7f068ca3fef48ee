// Tests for whom endpoints are meant: shares of zones as upstream works them out, near ones, and what is said of it.
import { expect, test } from 'vitest';
import type { Node, Service } from '../../api/core/v1.ts';
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1.ts';
import { withHints } from './hints.ts';
import { ShareBook } from './share-book.ts';
import { allocate, isOverloaded, zoneShares } from './zone-shares.ts';

const metadata = { name: 'web', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const node = (zone: string | undefined, cpu: string, ready = true, role = ''): Node => ({
  metadata: {
    ...metadata,
    labels: { ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }), ...(role === '' ? {} : { [role]: '' }) },
  },
  spec: {},
  status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const service = (annotations: Record<string, string>, trafficDistribution?: string): Service => ({
  metadata: { ...metadata, annotations },
  spec: trafficDistribution === undefined ? {} : { trafficDistribution },
});
const auto = service({ 'service.kubernetes.io/topology-mode': 'Auto' });
/** Endpoints as `zone` or `zone>hint`; a capital zone is not ready. */
const endpoint = (text: string): Endpoint => {
  const [zone = '', hint] = text.split('>');
  return {
    addresses: ['10.0.0.1'],
    conditions: { ready: zone === zone.toLowerCase() },
    nodeName: `n${zone}`,
    ...(zone === '' ? {} : { zone: zone.toLowerCase() }),
    ...(hint === undefined ? {} : { hints: { forZones: [{ name: hint }] } }),
  };
};
const slice = (...endpoints: readonly string[]): EndpointSlice => ({ metadata, addressType: 'IPv4', endpoints: endpoints.map(endpoint) });
const shown = ({ hints }: Endpoint): string =>
  [...(hints?.forZones ?? []), ...(hints?.forNodes ?? [])].map(({ name }) => name).join('+') || '-';
const even = zoneShares([node('a', '4'), node('b', '4')]);

test.each<readonly [string, readonly Node[], Readonly<Record<string, number>> | undefined]>([
  ['two zones', [node('a', '3'), node('b', '1')], { a: 0.75, b: 0.25 }],
  ['several nodes a zone', [node('a', '1'), node('b', '2'), node('a', '1')], { a: 0.5, b: 0.5 }],
  ['one zone', [node('a', '1'), node('a', '1')], undefined],
  ['a node without a zone', [node('a', '1'), node('b', '1'), node(undefined, '1')], undefined],
  ['a node without CPU', [node('a', '1'), node('b', '0')], undefined],
  ['nodes that are not ready do not count', [node('a', '1'), node('b', '1'), node(undefined, '1', false)], { a: 0.5, b: 0.5 }],
  [
    'nor those of the control plane',
    [node('a', '1'), node('b', '1'), node('c', '9', true, 'node-role.kubernetes.io/control-plane')],
    { a: 0.5, b: 0.5 },
  ],
  ['no node', [], undefined],
])('shares: %s', (_, nodes, expected) => {
  const shares = zoneShares(nodes);
  expect(shares && Object.fromEntries(shares)).toEqual(expected);
});

test.each([
  [2, 'a:1-1 b:1-1'],
  [3, 'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones)'],
  [1, 'Insufficient number of endpoints (1 endpoints, 2 zones)'],
  [12, 'a:5-7 b:5-7'],
])('%i endpoints in two equal zones', (endpoints, expected) => {
  const allocations = allocate(even, endpoints);
  const text =
    typeof allocations === 'string' ? allocations : [...allocations].map(([zone, { least, most }]) => `${zone}:${least}-${most}`).join(' ');
  expect(text).toBe(expected);
});

test.each<readonly [string, Service, readonly string[], readonly string[], string]>([
  ['each its own zone', auto, ['a', 'b'], [], 'a b'],
  ['what one zone has too many of is given to the other', auto, ['a', 'a', 'a', 'b'], [], 'b a a b'],
  ['what is not ready has none', auto, ['a', 'b', 'A'], [], 'a b -'],
  ['hints that fit stay', auto, ['a', 'b'], ['a>a', 'b>b'], 'a b'],
  ['hints of a zone that is gone do not', auto, ['a', 'b'], ['a>z', 'b>b'], 'a b a b'],
  ['fewer endpoints than zones', auto, ['a'], [], 'Insufficient number of endpoints (1 endpoints, 2 zones)'],
  ['an endpoint without a zone', auto, ['a', ''], [], 'One or more endpoints do not have a zone specified'],
  ['same zone', service({}, 'PreferSameZone'), ['a', 'A', ''], [], 'a - -'],
  ['same node', service({}, 'PreferSameNode'), ['a', ''], [], 'a+na n'],
  ['close, and old hints that are wrong', service({}, 'PreferClose'), ['a'], ['b>a'], 'a b'],
  ['nothing wanted: what has hints loses them', service({}), ['a'], ['b>a'], '- -'],
  [
    'the older annotation counts first',
    service({ ...auto.metadata.annotations, 'service.kubernetes.io/topology-aware-hints': 'x' }),
    ['a'],
    [],
    '-',
  ],
])('%s', (_, of, written, unchanged, expected) => {
  const before = unchanged.length === 0 ? [] : [slice(...unchanged)];
  const { create, update, refusal } = withHints(of, { create: [slice(...written)], update: [], unchanged: before }, even);
  const all = [...create, ...update].flatMap(({ endpoints = [] }) => endpoints.map(shown));
  expect(refusal ?? all.join(' ')).toBe(expected);
  if (refusal !== undefined) expect(new Set(all)).toEqual(new Set(['-']));
});

test('a zone with too few endpoints of a Service has it looked at; hints that come and go are told', () => {
  const book = new ShareBook();
  expect(book.weigh(even)).toEqual([]);
  const given = new Map([
    ['a', 2],
    ['b', 2],
  ]);
  const families = ['IPv4'];
  expect(book.note('n/web', new Map([['IPv4', { given }]]), families)).toEqual([
    { type: 'Normal', reason: 'TopologyAwareHintsEnabled', message: 'Topology Aware Hints has been enabled, addressType: IPv4' },
  ]);
  expect(book.note('n/web', new Map([['IPv4', { given }]]), families)).toEqual([]);
  expect(isOverloaded(given, even)).toBe(false);
  expect(book.weigh(zoneShares([node('a', '9'), node('b', '1')]))).toEqual(['n/web']);
  expect(book.weigh(undefined)).toEqual(['n/web']);
  expect(book.note('n/web', new Map([['IPv4', { refusal: 'No' }]]), families)).toEqual([
    { type: 'Warning', reason: 'TopologyAwareHintsDisabled', message: 'No, addressType: IPv4' },
  ]);
  expect(book.note('n/web', new Map(), families)).toEqual([]);
});

test.each([
  ['near endpoints', service({}, 'PreferClose')],
  ['shares of zones', auto],
])('a slice that the server stored without endpoints is no obstacle: %s', (_, one) => {
  const empty = { ...slice(), endpoints: null } as unknown as EndpointSlice;
  const { create, update } = withHints(one, { create: [], update: [], unchanged: [empty] }, even);
  expect([create.length, update.flatMap(({ endpoints }) => endpoints ?? [])]).toEqual([0, []]);
});
