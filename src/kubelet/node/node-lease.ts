// Owns the node's lease: made once, renewed every 10 s, so that the cluster knows that the node is alive.
import type { Lease } from '../../api/coordination/v1.ts';
import type { Draft } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import { type Backoff, backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { formatMicroTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';

const namespace = 'kube-node-lease';
const durationSeconds = 40;
const renewMs = 10_000;
const retry: Backoff = { baseMs: 200, factor: 2, maxMs: 7000 };

/** The lease as it is to be. `owner` is the Node, once it is known. Pure. */
export function leaseOf(nodeName: string, nodeUid: string | undefined, nowMs: number, current: Lease | undefined): Draft<Lease> {
  const owner = nodeUid === undefined ? undefined : [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeUid }];
  const metadata = current?.metadata ?? { name: nodeName, namespace };
  return {
    ...current,
    metadata: { ...metadata, ...(owner !== undefined && current?.metadata.ownerReferences === undefined && { ownerReferences: owner }) },
    spec: { ...current?.spec, holderIdentity: nodeName, leaseDurationSeconds: durationSeconds, renewTime: formatMicroTime(nowMs) },
  };
}

/** Keeps the lease until the signal aborts. Failures are retried after 0.2 s doubling to 7 s, without end. */
export async function keepLease(
  options: {
    readonly client: Client;
    readonly clock: Clock;
    readonly log: Log;
    readonly nodeName: string;
    /** The Node's uid, once it is registered. */
    nodeUid(): string | undefined;
  },
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, log, nodeName } = options;
  let current: Lease | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      current ??= await client.get(resources.leases, { namespace, name: nodeName }, { signal }).catch((error) => {
        if (hasReason(error, 'NotFound')) return undefined;
        throw error;
      });
      const next = leaseOf(nodeName, options.nodeUid(), clock.now(), current);
      current = current === undefined ? await client.create(resources.leases, next) : await client.update(resources.leases, next);
      failures = 0;
      await clock.sleep(renewMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      // Another revision, or none: the next try reads it anew.
      current = undefined;
      failures += 1;
      if (failures > 1) log.warn('the node’s lease was not renewed', { failures, error });
      await clock.sleep(backoffMs(retry, failures), signal);
    }
  }
}
