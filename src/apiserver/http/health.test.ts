// Owns the test of what the health endpoints answer: all checks, one, some left out, and a failing one.
import { expect, test } from 'vitest';
import type { DocumentRequest } from './documents.ts';
import { type HealthCheck, healthRoutes } from './health.ts';

const ping: HealthCheck = { name: 'ping', check: () => undefined };
const etcd: HealthCheck = { name: 'etcd', check: () => 'the disk is full' };

test.each([
  [[ping], '/readyz', '', 200, 'ok'],
  [[ping], '/readyz/ping', '', 200, 'ok'],
  [[ping], '/readyz/nonsense', '', 404, '404 page not found\n'],
  [[ping], '/readyz', 'verbose', 200, '[+]ping ok\nreadyz check passed\n'],
  [[ping, etcd], '/readyz', '', 500, '[+]ping ok\n[-]etcd failed: the disk is full\nreadyz check failed\n'],
  [[ping, etcd], '/readyz/etcd', '', 500, 'internal server error: readyz/etcd: the disk is full\n'],
  [[ping, etcd], '/readyz', 'exclude=etcd', 200, 'ok'],
  [[ping, etcd], '/readyz', 'verbose&exclude=etcd', 200, '[+]ping ok\n[+]etcd excluded: ok\nreadyz check passed\n'],
  [
    [ping],
    '/readyz',
    'verbose&exclude=x',
    200,
    '[+]ping ok\nwarn: some health checks cannot be excluded: no matches for "x"\nreadyz check passed\n',
  ],
] as const)('%j at %s?%s', async (checks, path, query, code, body) => {
  const route = healthRoutes(checks, checks).find((candidate) => path.startsWith(candidate.path));
  const answer = await route?.answer({ path, query: new URLSearchParams(query) } as unknown as DocumentRequest);
  expect(answer?.code).toBe(code);
  expect(Buffer.from(answer?.body ?? '').toString()).toBe(body);
});
