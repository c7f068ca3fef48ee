// Tests who gets which address of a pool.
import { expect, test } from 'vitest';
import type { Service } from '../../api/core/v1.ts';
import { planLoadBalancers, poolOf } from './plan.ts';

const pool = poolOf('192.0.2.8/30');
const service = (name: string, ip?: string, spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): Service =>
  ({
    metadata: { name, namespace: 'default', uid: name, ...metadata },
    spec: { type: 'LoadBalancer', ...spec },
    status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip, ipMode: 'VIP' }] } },
  }) as unknown as Service;
const said = (services: readonly Service[]): readonly string[] =>
  planLoadBalancers(services, pool).map((plan) =>
    plan.do === 'complain'
      ? `${plan.service.metadata.name}: ${plan.message}`
      : `${plan.service.metadata.name} = ${plan.loadBalancer.ingress?.map(({ ip }) => ip).join(' ') ?? 'nothing'}`,
  );

test.each([
  ['192.0.2.0/28', '192.0.2.1', 14],
  ['192.0.2.8/30', '192.0.2.9', 2],
  ['192.0.2.8/31', '192.0.2.8', 2],
  ['192.0.2.8/32', '192.0.2.8', 1],
])('the pool %s begins with %s and has %i addresses', (range, first, size) => {
  const { first: value, size: count } = poolOf(range);
  expect([value - (poolOf('192.0.2.0/32').first - 0), count]).toEqual([Number(first.split('.')[3]), size]);
});

test.each<readonly [string, readonly Service[], readonly string[]]>([
  ['in order of the lowest', [service('a'), service('b')], ['a = 192.0.2.9', 'b = 192.0.2.10']],
  ['who has one keeps it', [service('a', '192.0.2.10'), service('b')], ['b = 192.0.2.9']],
  [
    'more than there are',
    [service('a'), service('b'), service('c')],
    ['a = 192.0.2.9', 'b = 192.0.2.10', 'c: no address of the pool is left'],
  ],
  ['as asked', [service('a'), service('b', undefined, { loadBalancerIP: '192.0.2.10' })], ['a = 192.0.2.9', 'b = 192.0.2.10']],
  [
    'as asked, but taken',
    [service('a', '192.0.2.9'), service('b', undefined, { loadBalancerIP: '192.0.2.9' })],
    ['b: 192.0.2.9 has been given to another Service'],
  ],
  ['as asked, but elsewhere', [service('a', undefined, { loadBalancerIP: '198.51.100.1' })], ['a: 198.51.100.1 is not of the pool']],
  ['it asks for another now', [service('a', '192.0.2.9', { loadBalancerIP: '192.0.2.10' })], ['a = 192.0.2.10']],
  ['of another pool, before', [service('a', '198.51.100.1')], ['a = 192.0.2.9']],
  ['a class is somebody else’s', [service('a', undefined, { loadBalancerClass: 'example.com/x' })], []],
  ['no load balancer any more', [service('a', '192.0.2.9', { type: 'ClusterIP' })], ['a = nothing']],
  ['another type, another’s address', [service('a', '198.51.100.1', { type: 'ClusterIP' })], []],
  ['leaving, it keeps its own', [service('a', '192.0.2.9', {}, { deletionTimestamp: 'now' }), service('b')], ['b = 192.0.2.10']],
  [
    'the older keeps what two have',
    [
      service('a', '192.0.2.9', {}, { creationTimestamp: '2026-01-02T00:00:00Z' }),
      service('b', '192.0.2.9', {}, { creationTimestamp: '2026-01-01T00:00:00Z' }),
    ],
    ['a = 192.0.2.10'],
  ],
])('%s', (_, services, expected) => expect(said(services)).toEqual(expected));
