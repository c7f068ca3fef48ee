// Owns what a controller is: a name, what it watches, and a reconcile by key. All rooms are shaped alike: plan.ts decides, the rest is thin.
import type { Backoff } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import { Recent } from '../base/recent.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import { WorkQueue, workOff } from '../base/work-queue.ts';
import type { Client } from '../client/client.ts';
import type { SharedInformers } from './shared-informers.ts';

/** What every controller gets from outside. */
export interface ControllerContext {
  /** Reads and watches; upstream's controllers share one user for it. Prefer `informers`: it is for what must be filtered. */
  readonly watching: Client;
  /** One local copy of each resource for all controllers. */
  readonly informers: SharedInformers;
  /** Writes, with the rights of this controller's own user. */
  readonly client: Client;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
}

/** Thrown by a reconcile that has nothing to complain of but the time: it is tried again with back-off, without a warning. */
export class TryAgain extends Error {
  override readonly name = 'TryAgain';
}

/** How a reconcile ended: look again after so long, or only when something changes. */
export type Reconciled = { readonly againMs: number } | undefined;

/** Says that something changed about a key, which is looked at `delayMs` from now (a moment from now where there is none). */
export type Enqueue = (key: string, delayMs?: number) => void;

/** One controller. `start` begins watching and calls `enqueue` with the keys that something changed about. */
export interface Controller {
  readonly name: string;
  /** How long a key that failed waits; Kubernetes' usual 5 ms doubling to 1,000 s where nothing is said. */
  readonly backoff?: Backoff;
  /** How many keys are worked on at once; 5 where nothing is said. */
  readonly workers?: number;
  /** After so many retries in a row a key waits for the next change; without it, it is tried for ever. */
  readonly mostRetries?: number;
  /** So long after a change its key is looked at, where the usual 3 ms are not right; it may depend on the key. */
  readonly settleMs?: number | ((key: string) => number);
  /** Resolves when the first picture of the world is in. */
  start(enqueue: Enqueue): Promise<void>;
  /** Reads the world, plans, applies. Rejections are retried with back-off. Called for one key at a time. */
  reconcile(key: string): Promise<Reconciled>;
  stop(): Promise<void>;
}

const defaultWorkers = 5;

/** So long after a change its key is looked at: what changes together is looked at once. */
const usualSettleMs = 3;

/**
 * So long a key that was never heard of is left alone: whoever makes an object and goes on writing it sees it as they wrote it, which clients
 * of a cluster with a network in between are used to. What happens to it later is answered at once: a roll goes step by step.
 */
const newbornMs = 60;
const rememberedKeys = 20_000;

/** Runs a controller until it is stopped: its keys are worked off by a few workers, each key by one at a time. */
export function runController(controller: Controller, { clock, log: parent }: Pick<ControllerContext, 'clock' | 'log'>): Service {
  const log = parent.with({ controller: controller.name });
  const { workers = defaultWorkers, backoff, mostRetries, settleMs = usualSettleMs } = controller;
  const queue = new WorkQueue<string>(clock, backoff);
  const tasks = new TaskGroup(log);
  tasks.run(controller.name, async () => {
    const firstHeardMs = new Recent<string, number>(rememberedKeys);
    const pace = (key: string): number => {
      const nowMs = clock.now();
      const firstMs = firstHeardMs.get(key) ?? nowMs;
      if (firstMs === nowMs) firstHeardMs.set(key, nowMs, 1);
      return Math.max(typeof settleMs === 'number' ? settleMs : settleMs(key), firstMs + newbornMs - nowMs);
    };
    await controller.start((key, delayMs = pace(key)) => queue.addAfter(key, delayMs));
    await workOff(
      queue,
      workers,
      async (key) => {
        const result = await controller.reconcile(key);
        if (result !== undefined) queue.addAfter(key, result.againMs);
      },
      (key, error) => {
        if (tasks.signal.aborted) return;
        if (error instanceof TryAgain) log.debug('trying again', { key, why: error.message });
        else log.warn('reconcile failed, trying again', { key, error });
      },
      mostRetries,
    );
  });
  return {
    async stop() {
      queue.close();
      await controller.stop();
      await tasks.stop();
    },
  };
}
