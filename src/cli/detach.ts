// Owns leaving a command in the background: the same program again, apart from the terminal, whose progress is shown here until it is ready.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { pathsOf } from '../cluster/paths.ts';
import type { Progress, Screen } from './progress.ts';

/** Set for the process that `--detach` leaves behind: it tells its parent what a person should see. */
const detachedMark = 'PEAPOD_DETACHED';

/** What the process that `--detach` leaves behind tells its parent. */
type Told = { readonly text: string } | { readonly ready: true };

/** Whether this is the process that was left behind. */
export function isDetached(): boolean {
  return process.env[detachedMark] === '1';
}

/** Tells the parent, as long as it is there. */
export function tellParent(message: Told): void {
  if (process.connected) process.send?.(message);
}

/** The parent's terminal, as long as the parent is there. The process' own standard error is its log, which stays. */
export const parentsScreen: Screen = { write: (text) => tellParent({ text }) };

/** Runs a command; a detached process tells its parent also why it could not. */
export async function tellingParent(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isDetached()) tellParent({ text: `peapod: ${error instanceof Error ? error.message : error}\n` });
    throw error;
  }
}

/** Starts the same command apart from this terminal and shows its progress until it is ready. */
export async function detach(options: { readonly dataDir: string }, progress: Progress): Promise<void> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const { log } = pathsOf(options.dataDir);
  const output = openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
    env: { ...process.env, [detachedMark]: '1' },
  });
  closeSync(output);
  const outcome = await new Promise<'ready' | number>((resolve, reject) => {
    child.once('error', reject);
    child.on('message', (message: Told) => {
      if ('text' in message) process.stderr.write(message.text);
      else resolve('ready');
    });
    // Its last words come before the channel closes, but perhaps after its exit.
    let code: number | undefined;
    const ended = (): void => {
      if (code !== undefined && !child.connected) resolve(code);
    };
    child.once('exit', (status) => {
      code = status ?? 1;
      ended();
    });
    child.once('disconnect', ended);
  });
  if (outcome === 'ready') {
    child.unref();
    progress.say(`    runs in the background, pid ${child.pid}; its log: ${log}; ./peapod down stops it`);
    process.exit(0);
  }
  process.exitCode = outcome === 0 ? 1 : outcome;
}
