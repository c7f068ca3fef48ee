// Owns deleting a namespace of 10,000 ConfigMaps, Secrets and Services with all controllers on, against 20 s. `--count` for fewer.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ControlPlane } from './lib-control-plane.ts';
import { LoadClient, throughput } from './lib-http.ts';

const limitMs = 20_000;
const { values } = parseArgs({ options: { count: { type: 'string', default: '10000' } } });
const count = Number(values.count);
const namespace = '/api/v1/namespaces/doomed';
const plane = await ControlPlane.open('scheduler');
try {
  const client = new LoadClient(plane.access, 4);
  await client.ask('POST', '/api/v1/namespaces', JSON.stringify({ metadata: { name: 'doomed' } }));
  const bodies: readonly (readonly [string, (name: string) => object])[] = [
    ['configmaps', (name) => ({ metadata: { name }, data: { a: 'b' } })],
    ['secrets', (name) => ({ metadata: { name }, data: { a: 'Yg==' } })],
    ['services', (name) => ({ metadata: { name }, spec: { selector: { app: 'x' }, ports: [{ port: 80 }] } })],
  ];
  await throughput(count, 64, (index) => {
    const [resource, body] = bodies[index % bodies.length] ?? ['', () => ({})];
    return client.ask('POST', `${namespace}/${resource}`, JSON.stringify(body(`o-${index}`)));
  });
  // Each Service has its Endpoints and its slice by then.
  await sleep(3000);
  const cpuMs = plane.cpuMs;
  const startMs = performance.now();
  await client.ask('DELETE', namespace);
  const gone = (): Promise<boolean> =>
    client.ask('GET', namespace).then(
      () => false,
      () => true,
    );
  while (!(await gone())) await sleep(100);
  const tookMs = performance.now() - startMs;
  client.close();
  console.log(
    `${count} objects and what the controllers made for them: gone in ${(tookMs / 1000).toFixed(1)} s, of which 5 s are upstream's pause`,
  );
  console.log(`processor time ${((plane.cpuMs - cpuMs) / 1000).toFixed(1)} s, ${plane.residentMb.toFixed(0)} MB`);
  console.log(`namespace-delete: ${(tookMs / limitMs).toFixed(2)} of the limit of ${limitMs / 1000} s`);
} finally {
  await plane.close();
}
