// Owns what 100 idle pods with a probe each second cost: processor time of Peapod as a share of a core, and its memory a pod, by their difference to none. `--pods`, `--seconds`. Needs root.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Pod } from '../src/api/core/v1.ts';
import type { Draft } from '../src/api/object.ts';
import { resources } from '../src/client/resources.ts';
import { adminOf } from '../test/cli/peapod-process.ts';
import { realCluster, testNamespace, whyNoRealCluster } from '../test/real/cluster-for-tests.ts';

const mark = 0.1;
const ticksPerSecond = 100;
const { values } = parseArgs({ options: { pods: { type: 'string', default: '100' }, seconds: { type: 'string', default: '30' } } });
const pods = Number(values.pods);
const seconds = Number(values.seconds);
const problem = whyNoRealCluster();
if (problem !== undefined) {
  console.error(`kubelet-cpu: not measured: ${problem}`);
  process.exit(1);
}

const cluster = await realCluster(209);
try {
  await cluster.start();
  await cluster.importImages();
  const client = await adminOf(cluster.dataDir);
  await testNamespace(client, 'bench');
  const pid = cluster.process.pid;
  const cpuSeconds = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  };
  const residentMiB = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  const share = async (): Promise<number> => {
    const [cpu, startMs] = [cpuSeconds(), performance.now()];
    await sleep(seconds * 1000);
    return (cpuSeconds() - cpu) / ((performance.now() - startMs) / 1000);
  };
  await sleep(5000);
  const idle = await share();
  const idleMiB = residentMiB();
  const spec: Pod['spec'] = {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'c',
        image: 'busybox:1.36',
        command: ['sh', '-c', 'mkdir /w; echo ok > /w/index.html; exec httpd -f -p 8080 -h /w'],
        readinessProbe: { httpGet: { port: 8080, path: '/' }, periodSeconds: 1 },
      },
    ],
  };
  const names = Array.from({ length: pods }, (_, index) => `idle-${index}`);
  for (const name of names) await client.create(resources.pods, { metadata: { name, namespace: 'bench' }, spec } as Draft<Pod>);
  for (;;) {
    const { items } = await client.list(resources.pods, { namespace: 'bench' });
    if (items.filter(({ status }) => status?.containerStatuses?.[0]?.ready === true).length === pods) break;
    await sleep(500);
  }
  await sleep(10_000);
  const busy = await share();
  const busyMiB = residentMiB();
  await client.close();
  console.log(`no pods: ${(idle * 100).toFixed(1)} % of a core, ${idleMiB.toFixed(0)} MiB`);
  console.log(`${pods} pods with a probe each second: ${(busy * 100).toFixed(1)} % of a core, ${busyMiB.toFixed(0)} MiB`);
  console.log(
    `kubelet-cpu: ${((busy - idle) * 100).toFixed(1)} % of a core for ${pods} pods, ${((busy - idle) / mark).toFixed(2)} of the mark of ${mark * 100} %; ${(((busyMiB - idleMiB) / pods) * 1024).toFixed(0)} KiB a pod`,
  );
} finally {
  await cluster.dispose();
}
