// Owns 100,000 ConfigMaps: to create them, to start again on them, to list them, and what one costs in memory. `--count` for fewer.
import { parseArgs } from 'node:util';
import { ControlPlane } from './lib-control-plane.ts';
import { LoadClient, throughput } from './lib-http.ts';

const limitMs = 5000;
const { values } = parseArgs({ options: { count: { type: 'string', default: '100000' } } });
const count = Number(values.count);
const path = '/api/v1/namespaces/default/configmaps';
const plane = await ControlPlane.open();
try {
  const emptyMb = plane.residentMb;
  let client = new LoadClient(plane.access, 4);
  const blob = 'x'.repeat(1000);
  const perSecond = await throughput(count, 128, (index) =>
    client.ask('POST', path, JSON.stringify({ metadata: { name: `c-${index}` }, data: { blob } })),
  );
  const fullMb = plane.residentMb;
  client.close();
  const restartMs = await plane.restart();
  client = new LoadClient(plane.access, 1);
  const startMs = performance.now();
  const { bytes } = await client.ask('GET', path);
  const listMs = performance.now() - startMs;
  const againMb = plane.residentMb;
  client.close();
  console.log(`${count} ConfigMaps of ${Math.round(bytes / count)} bytes: ${Math.round(perSecond)} creates/s`);
  console.log(
    `memory: ${emptyMb.toFixed(0)} MB empty, ${fullMb.toFixed(0)} MB after, ${(((fullMb - emptyMb) * 1000) / count).toFixed(1)} KB an object; ${againMb.toFixed(0)} MB after the restart and a list`,
  );
  console.log(`up again in ${restartMs.toFixed(0)} ms; a list of all (${(bytes / 1e6).toFixed(0)} MB) in ${listMs.toFixed(0)} ms`);
  console.log(`many-objects: ${(restartMs / limitMs).toFixed(2)} of the limit of ${limitMs} ms from start to serving`);
} finally {
  await plane.close();
}
