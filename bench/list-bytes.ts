// Owns a list of 10,000 pods of 4 KB, time to its last byte, beside a bare server that sends the same bytes from a file over the same TLS.
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ControlPlane } from './lib-control-plane.ts';
import { median } from './lib-figures.ts';
import { LoadClient, throughput } from './lib-http.ts';

const [count, rounds, limit] = [10_000, 15, 2];
const plane = await ControlPlane.open();
const path = '/api/v1/namespaces/default/pods';
const pod = (index: number): string =>
  JSON.stringify({
    metadata: { name: `pod-${index}`, annotations: { padding: 'x'.repeat(1500) } },
    spec: {
      containers: [
        {
          name: 'c',
          image: 'registry.k8s.io/pause:3.10',
          env: Array.from({ length: 20 }, (_, n) => ({ name: `V${n}`, value: 'v'.repeat(20) })),
        },
      ],
    },
  });

/** Milliseconds to the last byte. */
async function timed(client: LoadClient, what: string): Promise<number> {
  const startMs = performance.now();
  ({ bytes } = await client.ask('GET', what));
  return performance.now() - startMs;
}

let bytes = 0;
const client = new LoadClient(plane.access);
try {
  await client.ask('POST', '/api/v1/namespaces/default/serviceaccounts', JSON.stringify({ metadata: { name: 'default' } })).catch(() => {});
  await throughput(count, 64, (index) => client.ask('POST', path, pod(index)));
  const { text } = await client.ask('GET', path, undefined, true);
  const file = join(plane.dir, 'list.json');
  writeFileSync(file, text);
  const pki = join(plane.dir, 'data', 'pki');
  const bare = createSecureServer({
    key: readFileSync(join(pki, 'serving.key')),
    cert: readFileSync(join(pki, 'serving.crt')),
    ciphers: 'TLS_AES_128_GCM_SHA256',
  });
  bare.on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    createReadStream(file, { highWaterMark: 512 * 1024 }).pipe(stream);
  });
  await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
  const peer = new LoadClient({ ...plane.access, server: `https://127.0.0.1:${(bare.address() as AddressInfo).port}` });
  const [ours, theirs]: [number[], number[]] = [[], []];
  // In turn, so that whatever else the machine does meets both alike.
  for (let round = 0; round < rounds; round++) {
    ours.push(await timed(client, path));
    theirs.push(await timed(peer, '/'));
  }
  peer.close();
  bare.close();
  const [our, their] = [median(ours), median(theirs)];
  console.log(
    `${(bytes / 1e6).toFixed(1)} MB: Peapod ${our.toFixed(0)} ms, the same bytes from a file ${their.toFixed(0)} ms (medians of ${rounds})`,
  );
  console.log(`list-bytes: ${(our / their).toFixed(2)} times the bare server's time; the limit is ${limit}`);
} finally {
  client.close();
  await plane.close();
}
