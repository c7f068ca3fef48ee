// Owns renewing a node's certificate before it ends: when, and again and again until it is done.
import type { Clock } from '../../base/clock.ts';
import type { Entropy } from '../../base/entropy.ts';
import type { Log } from '../../base/log.ts';
import { type Service, TaskGroup } from '../../base/service.ts';
import type { KeyPair } from '../key-pair.ts';
import { lifeOfCertificate } from './certificate-request.ts';

/** When a certificate is renewed: after seven to nine tenths of its life, so that nodes that joined together do not ask together. Upstream's shares. */
export function renewAtMs(fromMs: number, toMs: number, fraction: number): number {
  return fromMs + (0.7 + 0.2 * fraction) * (toMs - fromMs);
}

/** What renewing takes. */
export interface RotationOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly current: KeyPair;
  /** Since when it is in use; absent: since it says. */
  readonly sinceMs?: number;
  /** Asks for another one, with a key of its own. */
  request(signal: AbortSignal): Promise<KeyPair>;
  /** Takes it into use. */
  renewed(pair: KeyPair): void;
}

const leastPauseMs = 1000;
const longestPauseMs = 60_000;

/** Renews it for as long as it runs. A request that fails is tried again, with pauses that grow to a minute. */
export function keepCertificate({ clock, entropy, log, current, sinceMs, request, renewed }: RotationOptions): Service {
  const tasks = new TaskGroup(log);
  const sleepUntil = async (atMs: number, signal: AbortSignal): Promise<void> => {
    // One timer cannot wait for months.
    while (clock.now() < atMs) await clock.sleep(Math.min(atMs - clock.now(), 86_400_000), signal);
  };
  tasks.run('renew the node’s certificate', async (signal) => {
    let { fromMs, toMs } = lifeOfCertificate(current.cert);
    // Authorities date certificates back: what counts is how long one can be used from when it is there.
    fromMs = sinceMs ?? fromMs;
    let pauseMs = leastPauseMs;
    let atMs = renewAtMs(fromMs, toMs, entropy.fraction());
    while (!signal.aborted) {
      await sleepUntil(atMs, signal);
      try {
        const pair = await request(signal);
        renewed(pair);
        ({ toMs } = lifeOfCertificate(pair.cert));
        fromMs = clock.now();
        atMs = renewAtMs(fromMs, toMs, entropy.fraction());
        pauseMs = leastPauseMs;
        log.info('the node’s certificate was renewed', { until: new Date(toMs).toISOString() });
      } catch (error) {
        if (signal.aborted) return;
        log.warn('the node’s certificate could not be renewed; trying again', { error, until: new Date(toMs).toISOString() });
        await clock.sleep(pauseMs, signal);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    }
  });
  return tasks;
}
