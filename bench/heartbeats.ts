// Owns what 10,000 nodes that renew their leases every 10 s cost a control plane with all controllers on: its share of a core. `--nodes`, `--seconds`.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ControlPlane } from './lib-control-plane.ts';
import { LoadClient, throughput } from './lib-http.ts';

const limitPercent = 100;
const periodMs = 10_000;
const { values } = parseArgs({ options: { nodes: { type: 'string', default: '10000' }, seconds: { type: 'string', default: '60' } } });
const [nodes, seconds] = [Number(values.nodes), Number(values.seconds)];
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const now = (): string => new Date().toISOString().replace('Z', '000Z');
const plane = await ControlPlane.open('scheduler');
try {
  const client = new LoadClient(plane.access, 4);
  const at = new Date().toISOString().replace(/\.\d+/, '');
  const status = { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: at, lastTransitionTime: at }] };
  await throughput(nodes, 64, async (index) => {
    const name = `n-${index}`;
    await client.ask('POST', '/api/v1/nodes', JSON.stringify({ metadata: { name, labels: { 'kubernetes.io/hostname': name } }, status }));
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: now() };
    return client.ask('POST', leases, JSON.stringify({ metadata: { name }, spec }));
  });
  await sleep(10_000);
  const [cpuMs, startMs] = [plane.cpuMs, performance.now()];
  let [beats, late] = [0, 0];
  for (let round = 0; round * periodMs < seconds * 1000; round++) {
    const step = periodMs / 100;
    for (let part = 0; part < 100; part++) {
      const dueMs = startMs + round * periodMs + part * step;
      await sleep(Math.max(0, dueMs - performance.now()));
      late = Math.max(late, performance.now() - dueMs);
      const mine = Array.from({ length: nodes / 100 }, (_, index) => part + index * 100);
      await Promise.all(
        mine.map((index) =>
          client.ask(
            'PATCH',
            `${leases}/n-${index}`,
            JSON.stringify({ spec: { renewTime: now() } }),
            false,
            'application/merge-patch+json',
          ),
        ),
      );
      beats += mine.length;
    }
  }
  const tookMs = performance.now() - startMs;
  const percent = ((plane.cpuMs - cpuMs) / tookMs) * 100;
  client.close();
  console.log(
    `${nodes} nodes: ${Math.round(beats / (tookMs / 1000))} leases/s, at most ${late.toFixed(0)} ms late, ${plane.residentMb.toFixed(0)} MB`,
  );
  console.log(`heartbeats: ${(percent / limitPercent).toFixed(2)} of one core`);
} finally {
  await plane.close();
}
