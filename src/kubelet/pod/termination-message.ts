// Owns the last words of a container: its message file, or where it asked for it and failed, the tail of its log.
import type { NodeFiles } from '../../runtime/files.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import { messageSourceOf } from '../container/labels.ts';

/** Bytes of one container's message, of all of a pod's, and of a log that stands in. */
const longestMessage = 4096;
const longestOfPod = 12 * 1024;
const longestLog = 2048;
const mostLogLines = 80;

async function tail(files: NodeFiles, path: string, length: number): Promise<string> {
  const real = await files.resolve(path);
  const stat = real === undefined ? undefined : await files.stat(real);
  if (real === undefined || stat?.kind !== 'file') return '';
  const bytes = await files.readAt(real, Math.max(0, stat.sizeBytes - length), length);
  return Buffer.from(bytes).toString('utf8');
}

/** The text of log lines in CRI's format; a line that is cut at the front is left out. */
export function logText(lines: string): string {
  return lines
    .split('\n')
    .flatMap((line) => {
      const parts = /^\S+ (?:stdout|stderr) ([FP])(?:\S*) (.*)$/.exec(line);
      return parts === null ? [] : [`${parts[2]}${parts[1] === 'F' ? '\n' : ''}`];
    })
    .slice(-mostLogLines)
    .join('');
}

/** The last text of a container's log; empty where there is none. */
export async function logTail(files: NodeFiles, instance: ContainerStatus): Promise<string> {
  if (instance.logPath === '') return '';
  return logText(await tail(files, instance.logPath, 4 * longestLog + 64 * mostLogLines).catch(() => ''));
}

/** Never rejects: what cannot be read is no message. `containers`: how many share the pod's budget; of what exceeds a share, the end is cut off. */
export async function terminationMessage(files: NodeFiles, instance: ContainerStatus, containers: number): Promise<string> {
  const share = Math.floor(longestOfPod / Math.max(1, containers));
  const text = await wholeMessage(files, instance);
  return Buffer.byteLength(text) <= share ? text : Buffer.from(text).subarray(0, share).toString('utf8');
}

async function wholeMessage(files: NodeFiles, instance: ContainerStatus): Promise<string> {
  const { file, fallback } = messageSourceOf(instance);
  try {
    const text = file === undefined ? '' : await tail(files, file, longestMessage);
    if (text !== '' || !fallback) return text;
    const log = logText(await tail(files, instance.logPath, 4 * longestLog + 64 * mostLogLines));
    return Buffer.from(log).subarray(-longestLog).toString('utf8');
  } catch {
    return '';
  }
}
