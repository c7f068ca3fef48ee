// Owns giving a pod its node for good: what was set aside for it first, then the Binding.
import type { Pod } from '../api/core/v1.ts';
import type { Clock } from '../base/clock.ts';
import type { Client } from '../client/client.ts';
import { resources } from '../client/resources.ts';
import { askBind, type ExtenderOptions } from './extender.ts';
import type { Reservation } from './framework.ts';

/** What binding needs. */
export interface Binder {
  readonly client: Client;
  readonly clock: Clock;
  readonly bindTimeoutMs: number;
  /** Who binds instead. */
  readonly binder?: ExtenderOptions;
}

/** Binds a pod to a node; rejects where the API refuses or what it needs cannot be had. */
export async function bind(binder: Binder, pod: Pod, node: string, reserved: readonly Reservation[], signal: AbortSignal): Promise<void> {
  const { client, clock, bindTimeoutMs } = binder;
  for (const one of reserved) await one.carryOut({ client, clock, bindTimeoutMs, signal });
  if (binder.binder !== undefined) return askBind(binder.binder, pod, node);
  const { namespace = '', name, uid } = pod.metadata;
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target: { kind: 'Node', name: node } };
  await client.createSubresource(resources.pods, { namespace, name }, 'binding', body);
}
