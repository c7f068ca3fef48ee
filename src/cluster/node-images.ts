// Owns bringing images onto this machine's node from archives, and listing those that are there. It refuses to talk to registries.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '../base/clock.ts';
import { findProgram } from '../runtime/cri/containerd.ts';
import { criRuntime } from '../runtime/cri/cri-runtime.ts';
import type { ImageStatus } from '../runtime/runtime.ts';
import { readRunning } from './instance.ts';
import { logTo } from './logger.ts';
import { OptionError } from './option-error.ts';
import { pathsOf } from './paths.ts';
import { containerdOf, containerdPid } from './real-runtime.ts';

/** Where the node's containerd listens. Throws OptionError where there is none to talk to. */
function socketOf(dataDir: string): string {
  const running = readRunning(pathsOf(dataDir).running);
  if (containerdPid(dataDir) !== undefined) return containerdOf(dataDir).socket;
  if (running?.runtime === 'simulated')
    throw new OptionError('this cluster runs simulated containers: they take any image by its name, and need none to be loaded');
  throw new OptionError(`no containerd runs on ${dataDir}: start a cluster with real containers first (./peapod up)`);
}

/** Tells how much of the archive was read; `totalBytes` is undefined for a pipe. */
export type LoadProgress = (readBytes: number, totalBytes: number | undefined) => void;

/**
 * Loads every image of an archive that `docker save`, podman or OCI tools made; `-` reads standard input. Resolves with their names. `name` is what
 * images are called that the archive does not name.
 */
export async function loadImages(
  dataDir: string,
  file: string,
  stdin: Readable,
  name: string | undefined,
  progress: LoadProgress,
): Promise<readonly string[]> {
  const socket = socketOf(dataDir);
  const ctr = findProgram('ctr');
  if (ctr === undefined) throw new OptionError('ctr is missing, which comes with containerd (Debian: apt-get install containerd)');
  let total: number | undefined;
  if (file !== '-') {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) throw new OptionError(`there is no file ${file}`);
    total = stat.size;
  }
  const base = name === undefined ? [] : ['--base-name', name];
  const child = spawn(ctr, ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', ...base, '-'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let read = 0;
  async function* counted(source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const chunk of source) {
      read += chunk.length;
      progress(read, total);
      yield chunk;
    }
  }
  const [told, errors, ended] = [gathered(child.stdout), gathered(child.stderr), once(child, 'close')];
  // Where ctr gives up early, its own words tell more than the broken pipe.
  await pipeline(file === '-' ? stdin : createReadStream(file), counted, child.stdin).catch(() => {});
  const [code] = (await ended) as readonly unknown[];
  if (code !== 0) throw new OptionError(`${file === '-' ? 'standard input' : file} could not be loaded: ${lastLine(await errors)}`);
  return namesOf(await told);
}

/** The names that ctr says it unpacked. Pure. */
export function namesOf(output: string): readonly string[] {
  return [...new Set([...output.matchAll(/^unpacking (\S+) \(/gm)].map(([, name = '']) => name))];
}

async function gathered(stream: Readable): Promise<string> {
  return Buffer.concat(await stream.toArray()).toString('utf8');
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^ctr: /, '') || 'it is no image archive'
  );
}

/** The images that are on the node. */
export async function listImages(dataDir: string): Promise<readonly ImageStatus[]> {
  const runtime = criRuntime({ endpoint: `unix://${socketOf(dataDir)}`, clock: systemClock, log: logTo(2, 'error') });
  try {
    return await runtime.listImages();
  } finally {
    await runtime.close();
  }
}
