// Owns the rotation of container logs: which files belong to a log, when one is full, and which go. The runtime reopens the log afterwards.
import type { Clock } from '../../base/clock.ts';
import type { NodeFiles } from '../../runtime/files.ts';

/** A log is moved away at this size; this many files are kept, the present one included. */
export const rotateBytes = 10 * 1024 * 1024;
export const keptFiles = 5;

const stamp = /^\d{8}-\d{6}$/;

/** The suffix of a file that was moved away: `20260101-120000`. Pure. */
export function rotationStamp(nowMs: number): string {
  const text = new Date(nowMs).toISOString();
  return `${text.slice(0, 10).replaceAll('-', '')}-${text.slice(11, 19).replaceAll(':', '')}`;
}

/** The rotated files among `names` of the log file `name`, the oldest first. Pure. */
export function rotatedNames(name: string, names: readonly string[]): readonly string[] {
  return names.filter((other) => other.startsWith(`${name}.`) && stamp.test(other.slice(name.length + 1))).sort();
}

const split = (path: string): readonly [string, string] => {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, slash), path.slice(slash + 1)];
};

/** All files of a log, the oldest first, the present one last (whether it is there or not). */
export async function logFiles(files: NodeFiles, path: string): Promise<readonly string[]> {
  const [directory, name] = split(path);
  const names = (await files.stat(directory)) === undefined ? [] : await files.list(directory);
  return [...rotatedNames(name, names).map((other) => `${directory}/${other}`), path];
}

/**
 * Moves a full log away, has the runtime open a new one (`reopen`), and removes the oldest beyond what is kept. Where reopening fails the file is moved
 * back. Returns whether it was moved.
 */
export async function rotateLog(files: NodeFiles, path: string, clock: Clock, reopen: () => Promise<void>): Promise<boolean> {
  const stat = await files.stat(path);
  if (stat === undefined || stat.sizeBytes < rotateBytes) return false;
  const moved = `${path}.${rotationStamp(clock.now())}`;
  if ((await files.stat(moved)) !== undefined) return false;
  await files.rename(path, moved);
  try {
    await reopen();
  } catch (error) {
    await files.rename(moved, path);
    throw error;
  }
  const [directory, name] = split(path);
  const rotated = rotatedNames(name, await files.list(directory));
  for (const old of rotated.slice(0, Math.max(0, rotated.length - (keptFiles - 1)))) await files.remove(`${directory}/${old}`);
  return true;
}
