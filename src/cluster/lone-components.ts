// Owns starting the scheduler or the controllers alone, with one client for everything they do.
import { hostname } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { type ElectionOptions, runAsLeader } from '../client/leader-election.ts';
import { type ControllersOptions, createControllers } from '../controllers/controllers.ts';
import { createScheduler } from '../scheduler/scheduler.ts';
import type { SchedulerConfig } from '../scheduler/scheduler-config.ts';

/** What comes in from outside. */
export interface Outside {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
}

/** `election` undefined: it always acts. */
export function startLoneScheduler(client: Client, config: SchedulerConfig, election: Election | undefined, outside: Outside): Service {
  const lead = (): Service => createScheduler({ ...outside, client, config, host: hostname() });
  return election === undefined ? lead() : runAsLeader({ ...outside, client, ...election }, lead);
}

/** How a lone program takes turns with others; undefined: it always acts. */
export type Election = Omit<ElectionOptions, keyof Outside | 'client'>;

export function startLoneControllers(
  client: Client,
  parts: Pick<ControllersOptions, 'caPem' | 'settings' | 'authority' | 'signToken'>,
  election: Election | undefined,
  outside: Outside,
): Service {
  const lead = (): Service => createControllers({ ...outside, ...parts, watching: client, clientFor: () => client });
  return election === undefined ? lead() : runAsLeader({ ...outside, client, ...election }, lead);
}
