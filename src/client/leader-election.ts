// Owns that of several instances one acts: it holds a Lease, renews it, and stops acting when it cannot. Upstream's protocol, so either's instances take turns.
import type { Lease } from '../api/coordination/v1.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import { formatMicroTime } from '../base/time.ts';
import type { Client } from './client.ts';
import { EventRecorder } from './event-recorder.ts';
import { resources } from './resources.ts';

/** Where the Lease is, who asks for it, and upstream's three durations in milliseconds. */
export interface ElectionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly namespace: string;
  readonly name: string;
  /** Unique among those that run at the same time. One that comes back under its old name goes on at once. */
  readonly identity: string;
  readonly leaseMs: number;
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
  /** How often who waits looks whether the Lease is free; absent: every `retryMs`. It is looked at as well when it would end. */
  readonly askMs?: number;
}

/** What an instance has seen of the Lease: another's hold ends so long after its last change was seen here, whatever its clock says. */
interface Seen {
  readonly record: string;
  readonly endsMs: number;
}

/**
 * Calls `lead` whenever the Lease is won. When it cannot be renewed for `renewDeadlineMs`, what `lead` returned is stopped, and the Lease is asked
 * for again. Stopping gives the Lease back, so that another need not wait.
 */
export function runAsLeader(options: ElectionOptions, lead: () => Service): Service {
  const { clock, entropy, log, client, identity, namespace, name } = options;
  const tasks = new TaskGroup(log);
  const recorder = new EventRecorder(client, clock, log, { component: identity });
  let seen: Seen | undefined;
  let acting: Service | undefined;

  const tell = ({ metadata }: Lease, words: string): void =>
    recorder.record(
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace, name, uid: metadata.uid },
      'Normal',
      'LeaderElection',
      `${identity} ${words}`,
    );
  const holding = (before: Lease | undefined): NonNullable<Lease['spec']> => {
    const now = formatMicroTime(clock.now());
    const mine = before?.spec?.holderIdentity === identity;
    const transitions = before?.spec?.leaseTransitions ?? 0;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(options.leaseMs / 1000),
      acquireTime: mine && before.spec?.acquireTime ? before.spec.acquireTime : now,
      renewTime: now,
      leaseTransitions: before === undefined || mine ? transitions : transitions + 1,
    };
  };

  /** Takes or renews the Lease; undefined where another has it. */
  const tryOnce = async (): Promise<Lease | undefined> => {
    const lease = await client.get(resources.leases, { namespace, name }).catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    });
    try {
      if (lease === undefined) return await client.create(resources.leases, { metadata: { namespace, name }, spec: holding(undefined) });
      const record = JSON.stringify(lease.spec);
      const lastsMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
      if (seen?.record !== record) seen = { record, endsMs: clock.now() + lastsMs };
      const holder = lease.spec?.holderIdentity;
      if (holder && holder !== identity && seen.endsMs > clock.now()) return undefined;
      return await client.update(resources.leases, { ...lease, spec: holding(lease) });
    } catch (error) {
      if (hasReason(error, 'Conflict', 'AlreadyExists')) return undefined;
      throw error;
    }
  };

  const acquire = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      const lease = await tryOnce().catch((error: unknown) => {
        log.warn('the lease of the leader cannot be had, trying again', { lease: name, error });
        return undefined;
      });
      if (signal.aborted) return;
      if (lease !== undefined) return tell(lease, 'became leader');
      const againMs = (options.askMs ?? options.retryMs) * (1 + 1.2 * entropy.fraction());
      const endsInMs = (seen?.endsMs ?? 0) - clock.now();
      await clock.sleep(endsInMs > 0 ? Math.min(againMs, endsInMs + 1) : againMs, signal);
    }
  };
  const renew = async (signal: AbortSignal): Promise<void> => {
    for (let renewedMs = clock.now(); clock.now() - renewedMs < options.renewDeadlineMs; ) {
      await clock.sleep(options.retryMs, signal);
      // A server that does not answer at all must not keep it acting beyond its time.
      const late = clock.sleep(renewedMs + options.renewDeadlineMs - clock.now(), signal).then(() => undefined);
      const lease = await Promise.race([tryOnce().catch(() => undefined), late]);
      if (lease !== undefined) renewedMs = clock.now();
    }
  };
  const release = async (): Promise<void> => {
    const lease = await client.get(resources.leases, { namespace, name });
    if (lease.spec?.holderIdentity !== identity) return;
    const now = formatMicroTime(clock.now());
    const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    await client.update(resources.leases, { ...lease, spec });
  };

  tasks.run(`lead by lease ${name}`, async (signal) => {
    while (!signal.aborted) {
      await acquire(signal);
      if (signal.aborted) return;
      acting = lead();
      try {
        await renew(signal);
        log.error('the lease of the leader was lost: stopping to act', { lease: name });
      } finally {
        await acting.stop();
        acting = undefined;
      }
    }
  });
  return {
    async stop() {
      const led = acting !== undefined;
      await tasks.stop();
      if (led) await release().catch((error: unknown) => log.debug('the lease of the leader was not given back', { error }));
      await recorder.stop();
    },
  };
}
