// Tests what load balancers are told at health-check node ports, and that the ports open, change and close with their Services.
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import type { Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import { silentLog } from '../base/log.ts';
import { healthAnswer, healthCheckOf } from './health-check.ts';
import { openHealthChecks } from './health-check-servers.ts';

const service = (spec: Record<string, unknown>): Service =>
  ({
    metadata: { namespace: 'shop', name: 'web' },
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 31_000, ...spec },
  }) as unknown as Service;
const endpoint = (ip: string, nodeName: string, ready?: boolean) => ({ addresses: [ip], nodeName, conditions: { ready } });
const slices = [
  {
    addressType: 'IPv4',
    endpoints: [endpoint('10.42.0.2', 'n1', true), endpoint('10.42.0.3', 'n1', false), endpoint('10.42.1.2', 'n2', true)],
  },
  { addressType: 'IPv4', endpoints: [endpoint('10.42.0.2', 'n1', true), endpoint('10.42.0.4', 'n1')] },
] as unknown as readonly EndpointSlice[];

test.each([
  ['ready endpoints of this node, each once', {}, 'n1', 2],
  ['those of another', {}, 'n2', 1],
  ['none', {}, 'n3', 0],
  ['not for other traffic policies', { externalTrafficPolicy: 'Cluster' }, 'n1', undefined],
  ['not for other types', { type: 'NodePort' }, 'n1', undefined],
  ['not without a port', { healthCheckNodePort: undefined }, 'n1', undefined],
])('%s', (_, spec, node, count) => expect(healthCheckOf(service(spec), slices, node)?.localEndpoints).toBe(count));

test('the answer is upstream’s', () => {
  const check = { namespace: 'shop', name: 'web', port: 31_000, localEndpoints: 2 };
  expect(healthAnswer(check)).toEqual({
    code: 200,
    headers: expect.objectContaining({ 'content-type': 'application/json', 'x-load-balancing-endpoint-weight': '2' }),
    body: '{\n\t"service": {\n\t\t"namespace": "shop",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
  });
  expect(healthAnswer({ ...check, localEndpoints: 0 }).code).toBe(503);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('a port answers as long as its Service has it', async () => {
  const port = await freePort();
  const ports = openHealthChecks(['127.0.0.1'], silentLog);
  const check = { namespace: 'shop', name: 'web', port, localEndpoints: 1 };
  const code = async (): Promise<number | string> =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(
      ({ status }) => status,
      () => 'nobody',
    );
  const until = async (wanted: number | string): Promise<void> => {
    while ((await code()) !== wanted);
  };
  ports.show('shop/web', check);
  await until(200);
  ports.show('shop/web', { ...check, localEndpoints: 0 });
  expect(await code()).toBe(503);
  ports.show('shop/web', undefined);
  await until('nobody');
  ports.show('shop/web', check);
  await until(200);
  await ports.stop();
  expect(await code()).toBe('nobody');
});
