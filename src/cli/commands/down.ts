// Owns `peapod down`: stops the process, its pods, containerd and the network rules, takes the context out, and with --delete removes the data.
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { readRunning, startTicksOf } from '../../cluster/instance.ts';
import { changeKubeconfig, contextName, personsKubeconfig, withoutPeapod } from '../../cluster/kubeconfig-file.ts';
import { observeMachine } from '../../cluster/machine.ts';
import { become, namespaceOf } from '../../cluster/mount-namespace.ts';
import { OptionError } from '../../cluster/option-error.ts';
import { defaultDataDir, pathsOf } from '../../cluster/paths.ts';
import { containerdPid, endRealRuntime } from '../../cluster/real-runtime.ts';
import { progressOn } from '../progress.ts';

const stopWithinMs = 30_000;

/** Idempotent: what is not there is not stopped, and that is no error. */
export async function down(flags: { readonly dataDir?: string; readonly delete?: boolean }): Promise<void> {
  const dataDir = flags.dataDir ?? defaultDataDir();
  const paths = pathsOf(dataDir);
  const progress = progressOn(process.stderr);
  const running = readRunning(paths.running);
  if (running !== undefined) await progress.step(`Stopped Peapod (pid ${running.pid})`, () => stopProcess(running.pid, running.startTicks));
  const pid = process.getuid?.() === 0 ? containerdPid(dataDir) : undefined;
  // Unmounting what containerd holds is only possible where it is mounted: in containerd's own namespace.
  if (pid !== undefined && namespaceOf(pid) !== namespaceOf('self'))
    become(['nsenter', `--mount=/proc/${pid}/ns/mnt`, '--', process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  const facts = observeMachine();
  if (facts.root && facts.nft !== undefined && facts.ip !== undefined) {
    await progress.step(
      pid === undefined ? 'Removed the network rules' : 'Stopped the pods and containerd, removed the network rules',
      () => endRealRuntime(dataDir, systemClock, silentLog),
    );
  }
  const config = personsKubeconfig();
  if (flags.dataDir === undefined && existsSync(config)) {
    changeKubeconfig(config, withoutPeapod);
    progress.say(`  context ${contextName} is out of ${config}`);
  }
  if (flags.delete) removeData(dataDir);
  progress.say(flags.delete ? `Gone: ${dataDir}` : `Down. The objects stay in ${dataDir} for the next up; --delete removes them.`);
  process.exit(0);
}

async function stopProcess(pid: number, startTicks: string): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const endMs = systemClock.now() + stopWithinMs;
  while (startTicksOf(pid) === startTicks) {
    if (systemClock.now() > endMs) throw new Error(`pid ${pid} did not stop within ${stopWithinMs / 1000} s; its log may say why`);
    // Unlike the clock's, this timer keeps the process alive while it waits.
    await sleep(20);
  }
}

/** Removes only what is Peapod's: a directory that holds none of its files is refused. */
function removeData(dataDir: string): void {
  if (!existsSync(dataDir)) return;
  const entries = readdirSync(dataDir);
  if (entries.length > 0 && !entries.some((name) => ['store.db', 'pki', 'kubeconfig', 'runtime', 'member'].includes(name))) {
    throw new OptionError(`${dataDir} holds nothing of Peapod's: it was left alone`);
  }
  for (const name of entries) rmSync(join(dataDir, name), { recursive: true, force: true });
  try {
    rmdirSync(dataDir);
  } catch (error) {
    // A disk of its own that is mounted there stays, empty.
    if ((error as { readonly code?: string }).code !== 'EBUSY') throw error;
  }
}
