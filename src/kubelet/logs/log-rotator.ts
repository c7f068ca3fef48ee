// Owns looking after the logs of all running containers: every 10 s, and each second while one of them is loud, one after the other.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Service, TaskGroup } from '../../base/service.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { PodLookup } from '../pod-lookup.ts';
import { rotateBytes, rotateLog } from './rotation.ts';

const lookMs = 10_000;
/** A log that is so many times too big at a look would fill the disk until the next. */
const loud = 4;
const loudLookMs = 1000;

/** Starts looking after them. */
export function logRotator(options: {
  readonly runtime: Runtime;
  readonly files: NodeFiles;
  readonly pods: PodLookup;
  readonly clock: Clock;
  readonly log: Log;
}): Service {
  const { runtime, files, pods, clock, log } = options;
  const tasks = new TaskGroup(log);
  tasks.run('rotate logs', async (signal) => {
    let isLoud = false;
    for (;;) {
      await clock.sleep(isLoud ? loudLookMs : lookMs, signal);
      const wasLoud: boolean = isLoud;
      isLoud = false;
      const running = pods.all().flatMap(({ containers }) => containers.filter(({ state }) => state === 'running'));
      for (const { id, logPath } of running) {
        try {
          if (logPath === '') continue;
          const bytes = (await files.stat(logPath))?.sizeBytes ?? 0;
          // Who was loud is so as long as it fills its log within that second.
          isLoud ||= bytes > (wasLoud ? 1 : loud) * rotateBytes;
          await rotateLog(files, logPath, clock, () => runtime.reopenLog(id));
        } catch (error) {
          log.warn('a log was not rotated', { path: logPath, error });
        }
      }
    }
  });
  return tasks;
}
