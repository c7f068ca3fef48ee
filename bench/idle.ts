// Owns what an idle cluster costs: resident memory against 150 MB, processor time against 1 % of a core. `--seconds` (60) to shorten, `--runtime cri` for real containers.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureBundle, freePort, PeapodProcess, simulated } from '../test/cli/peapod-process.ts';
import { realCluster } from '../test/real/cluster-for-tests.ts';
import { processorMs } from './lib-figures.ts';

const memoryLimitMb = 150;
const cpuLimitPercent = 1;
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, runtime: { type: 'string', default: 'simulated' } },
});
const seconds = Number(values.seconds);

/** Resident memory in MB; how much of it is shared with the executable file. */
function memoryOf(pid: number): { readonly residentMb: number; readonly ofFilesMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) / 1000;
  return { residentMb: mb('VmRSS'), ofFilesMb: mb('RssFile') };
}

/** What runs, and how it ends. */
async function open(): Promise<{ readonly pid: number; close(): Promise<unknown> }> {
  if (values.runtime === 'cri') {
    const cluster = await realCluster(202);
    await cluster.start();
    return { pid: cluster.process.pid, close: () => cluster.dispose() };
  }
  ensureBundle();
  const dir = mkdtempSync(join(tmpdir(), 'peapod-bench-'));
  const running = new PeapodProcess(simulated(dir, await freePort()));
  await running.up;
  return {
    pid: running.pid,
    async close() {
      await running.end('SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const { pid, close } = await open();
try {
  // What a start leaves to do is not idleness, nor is what V8 gives back of its memory within some ten seconds.
  await sleep(15_000);
  const [startMs, beforeMs] = [performance.now(), processorMs(pid)];
  let mostMb = 0;
  while (performance.now() - startMs < seconds * 1000) {
    await sleep(Math.min(1000, seconds * 1000));
    mostMb = Math.max(mostMb, memoryOf(pid).residentMb);
  }
  const cpuPercent = ((processorMs(pid) - beforeMs) / (performance.now() - startMs)) * 100;
  const { residentMb, ofFilesMb } = memoryOf(pid);
  console.log(
    `over ${seconds} s: ${residentMb.toFixed(0)} MB resident at the end (${ofFilesMb.toFixed(0)} MB of it pages of files), ${mostMb.toFixed(0)} MB at most; ${cpuPercent.toFixed(2)} % of a core`,
  );
  console.log(
    `idle: ${(mostMb / memoryLimitMb).toFixed(2)} of the limit of ${memoryLimitMb} MB, ${(cpuPercent / cpuLimitPercent).toFixed(2)} of the limit of ${cpuLimitPercent} % of a core`,
  );
} finally {
  await close();
}
