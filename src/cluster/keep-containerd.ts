// Owns that a node's containerd is there as long as Peapod is: one that ends is started again. What ran in it runs on, and is found again.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';

/** How it is looked at and started. */
export interface KeptContainerd {
  runs(): boolean;
  start(): Promise<unknown>;
}

const lookMs = 500;
/** After a start that failed; longer each time. */
const firstRetryMs = 1000;
const longestRetryMs = 30_000;

/** Looks after it until stopped. `stop` leaves it running. */
export function keepContainerd({ runs, start }: KeptContainerd, clock: Clock, log: Log): Service {
  const tasks = new TaskGroup(log);
  tasks.run('keep containerd', async (signal) => {
    let retryMs = firstRetryMs;
    for (;;) {
      await clock.sleep(lookMs, signal);
      if (runs()) continue;
      log.warn('containerd has ended, it is started again; containers run on meanwhile');
      try {
        await start();
        retryMs = firstRetryMs;
      } catch (error) {
        log.error('containerd could not be started, trying again', { error });
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(longestRetryMs, 2 * retryMs);
      }
    }
  });
  return { stop: () => tasks.stop() };
}
