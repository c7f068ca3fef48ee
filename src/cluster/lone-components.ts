// Owns starting the scheduler or the controllers alone, with one client for everything they do.
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { createControllers } from '../controllers/controllers.ts';
import { createScheduler } from '../scheduler/scheduler.ts';

/** What comes in from outside. */
export interface Outside {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
}

export function startLoneScheduler(client: Client, outside: Outside): Service {
  return createScheduler({ ...outside, client });
}

export function startLoneController(client: Client, caPem: string, outside: Outside): Service {
  return createControllers({ ...outside, watching: client, clientFor: () => client, caPem });
}
