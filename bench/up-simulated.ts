// Owns the time from starting the process to a Ready node with simulated containers, median of 5, against the limit of 1 s.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBundle, freePort, PeapodProcess, simulated } from '../test/cli/peapod-process.ts';
import { median } from './lib-figures.ts';

const limitMs = 1000;
const runs = 5;

ensureBundle();
const dir = mkdtempSync(join(tmpdir(), 'peapod-bench-'));

async function once(dataDir: string): Promise<number> {
  const running = new PeapodProcess(simulated(dataDir, await freePort()));
  const tookMs = await running.up;
  await running.end('SIGTERM');
  return tookMs;
}

try {
  // One start that is not counted: the file cache and the compile cache are warm afterwards, as the limit supposes.
  await once(join(dir, 'warm'));
  const fresh: number[] = [];
  const again: number[] = [];
  for (let run = 0; run < runs; run++) {
    fresh.push(await once(join(dir, String(run))));
    again.push(await once(join(dir, String(run))));
  }
  const show = (figures: readonly number[]): string => figures.map((ms) => ms.toFixed(0)).join(', ');
  console.log(
    `a new data directory: ${show(fresh)} ms; one that has been up before: ${show(again)} ms, median ${median(again).toFixed(0)} ms`,
  );
  console.log(
    `up-simulated: ${median(fresh).toFixed(0)} ms to a Ready node, ${(median(fresh) / limitMs).toFixed(2)} of the limit of ${limitMs} ms`,
  );
} finally {
  rmSync(dir, { recursive: true, force: true });
}
