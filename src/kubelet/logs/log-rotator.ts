// Owns looking after the logs of all running containers: every 10 s, one after the other.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Service, TaskGroup } from '../../base/service.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { PodLookup } from '../pod-lookup.ts';
import { rotateLog } from './rotation.ts';

const lookMs = 10_000;

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
    for (;;) {
      await clock.sleep(lookMs, signal);
      const running = pods.all().flatMap(({ containers }) => containers.filter(({ state }) => state === 'running'));
      for (const { id, logPath } of running) {
        try {
          if (logPath !== '') await rotateLog(files, logPath, clock, () => runtime.reopenLog(id));
        } catch (error) {
          log.warn('a log was not rotated', { path: logPath, error });
        }
      }
    }
  });
  return tasks;
}
