// Owns what is kept of a container that died badly: how it ended, its last log lines, what it used, what its probes and the kernel said. Pure.
import { formatTime } from '../../base/time.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';

/** A look at what a container used. */
export interface UsageSample {
  readonly atMs: number;
  readonly memoryBytes: number;
  readonly cpuNanoseconds: number;
}

/** One answer of a probe. */
export interface ProbeAnswer {
  readonly atMs: number;
  readonly kind: 'startup' | 'readiness' | 'liveness';
  readonly result: 'success' | 'failure' | 'unknown';
  readonly output: string;
}

/** The kernel's report of a process that it killed for lack of memory. */
export interface OomKill {
  /** As the kernel names it: at most 15 characters. */
  readonly process: string;
  readonly pid: number;
  /** Bytes that it held in memory when it was killed. */
  readonly residentBytes: number;
}

/** All that is kept of one end. */
export interface LastWords {
  readonly containerId: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  /** The restart count of the instance. */
  readonly attempt: number;
  readonly exitCode: number;
  readonly signal: number;
  readonly reason: string;
  readonly message: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Bytes that the container may use; absent: no limit. */
  readonly memoryLimitBytes?: number;
  /** The last minute, oldest first. */
  readonly usage: readonly UsageSample[];
  /** The last answers, oldest first. */
  readonly probes: readonly ProbeAnswer[];
  readonly kernel?: OomKill;
  /** The last lines of its log. */
  readonly log: readonly string[];
}

export const longestLogLines = 20;
const longestLine = 300;

/** True for ends that somebody will ask about. */
export function isBadEnd({ state, exitCode, reason }: ContainerStatus): boolean {
  return state === 'exited' && (exitCode !== 0 || reason === 'OOMKilled');
}

/** The last lines of a log's text, cut where they are long. */
export function lastLines(text: string): readonly string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  return lines
    .slice(-longestLogLines)
    .filter((line, index, all) => line !== '' || all.length > 1 || index > 0)
    .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line));
}

/** Puts the words together. */
export function lastWordsOf(
  instance: ContainerStatus,
  about: Pick<LastWords, 'namespace' | 'pod' | 'podUid' | 'usage' | 'probes' | 'log' | 'message'> &
    Partial<Pick<LastWords, 'kernel' | 'memoryLimitBytes'>>,
): LastWords {
  const { id, metadata, exitCode, signal, reason, startedAtMs, finishedAtMs } = instance;
  return {
    ...about,
    containerId: id,
    container: metadata.name,
    attempt: metadata.attempt,
    exitCode,
    signal,
    reason: reason === '' ? 'Error' : reason,
    startedAt: formatTime(startedAtMs),
    finishedAt: formatTime(finishedAtMs),
  };
}

/** The kernel's reports in its log, by the id of the container whose process was killed: the last one of each counts. */
export function oomKillsIn(kernelLog: string): ReadonlyMap<string, OomKill> {
  const containers = new Map<number, string>();
  const kills = new Map<string, OomKill>();
  for (const line of kernelLog.split('\n')) {
    const where = /oom-kill:.*task_memcg=\S*?([0-9a-f]{64})[^,]*,.*\bpid=(\d+)/.exec(line);
    if (where !== null) containers.set(Number(where[2]), where[1] ?? '');
    const kill = /Killed process (\d+) \((.*?)\).*?anon-rss:(\d+)kB(?:, file-rss:(\d+)kB)?(?:, shmem-rss:(\d+)kB)?/.exec(line);
    const id = kill === null ? undefined : containers.get(Number(kill[1]));
    if (kill === null || id === undefined) continue;
    const kibibytes = [kill[3], kill[4], kill[5]].reduce((sum, amount) => sum + Number(amount ?? 0), 0);
    kills.set(id, { process: kill[2] ?? '', pid: Number(kill[1]), residentBytes: kibibytes * 1024 });
  }
  return kills;
}
