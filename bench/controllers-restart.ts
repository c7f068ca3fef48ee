// Owns a restart on 100,000 objects with all controllers on: the seconds until they act, against 10, and what an object costs in memory. `--count` for fewer.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ControlPlane } from './lib-control-plane.ts';
import { LoadClient, throughput } from './lib-http.ts';

const limitMs = 10_000;
const { values } = parseArgs({ options: { count: { type: 'string', default: '100000' } } });
const count = Number(values.count);
const plane = await ControlPlane.open('scheduler');
try {
  await sleep(2000);
  const emptyMb = plane.residentMb;
  let client = new LoadClient(plane.access, 4);
  const kinds: readonly (readonly [string, object])[] = [
    ['configmaps', { data: { blob: 'x'.repeat(500) } }],
    ['secrets', { data: { blob: 'eHh4'.repeat(100) } }],
    ['serviceaccounts', {}],
    ['limitranges', { spec: { limits: [] } }],
  ];
  await throughput(count, 64, (index) => {
    const [resource, content] = kinds[index % kinds.length] ?? ['', {}];
    const body = JSON.stringify({ metadata: { name: `o-${index}`, labels: { number: String(index) } }, ...content });
    return client.ask('POST', `/api/v1/namespaces/default/${resource}`, body);
  });
  await sleep(3000);
  const fullMb = plane.residentMb;
  client.close();
  const startMs = performance.now();
  const servingMs = await plane.restart();
  client = new LoadClient(plane.access, 1);
  await client.ask('POST', '/api/v1/namespaces', JSON.stringify({ metadata: { name: 'new' } }));
  const acted = (): Promise<boolean> =>
    client.ask('GET', '/api/v1/namespaces/new/serviceaccounts/default').then(
      () => true,
      () => false,
    );
  while (!(await acted())) await sleep(20);
  const actedMs = performance.now() - startMs;
  await sleep(3000);
  console.log(
    `${count} objects: ${(((fullMb - emptyMb) * 1000) / count).toFixed(1)} KB an object with all controllers on (${emptyMb.toFixed(0)} to ${fullMb.toFixed(0)} MB)`,
  );
  console.log(
    `serving after ${servingMs.toFixed(0)} ms, a new namespace has its account after ${actedMs.toFixed(0)} ms, ${plane.residentMb.toFixed(0)} MB then`,
  );
  client.close();
  console.log(`controllers-restart: ${(actedMs / limitMs).toFixed(2)} of the limit of ${limitMs / 1000} s`);
} finally {
  await plane.close();
}
