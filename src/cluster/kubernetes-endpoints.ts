// Owns the endpoints of the Service `kubernetes` where several control planes share a store: each says that it lives, all write down who does.
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { resources } from '../client/resources.ts';
import { prefixEnd, type Store } from '../store/store.ts';
import { ensure } from './bootstrap.ts';
import { kubernetesEndpoints, type Listening, nameable } from './kubernetes-addresses.ts';

const prefix = '/masterleases/';
/** Upstream's durations: who has not been heard of for so long is gone. */
const lifeMs = 15_000;
const renewMs = 5_000;

/** Where a control plane says that it lives. */
export function leaseKeyOf({ ip, port }: Listening): string {
  return `${prefix}${ip}:${port}`;
}

/** What it works with. `own`: where this control plane listens. */
export interface MembershipParts {
  readonly store: Store;
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly own: Listening;
}

/** Who is there, as heard by this process: another's silence is measured by its clock alone. */
class Members implements Disposable {
  readonly #heardMs = new Map<string, { readonly at: Listening; readonly ms: number }>();
  readonly #watch: Disposable;

  constructor(store: Store, clock: Clock, changed: () => void) {
    const range = { start: prefix, end: prefixEnd(prefix) };
    const hear = (key: string, value: Uint8Array): void => {
      const fresh = !this.#heardMs.has(key);
      this.#heardMs.set(key, { at: JSON.parse(Buffer.from(value).toString()) as Listening, ms: clock.now() });
      if (fresh) changed();
    };
    for (const { key, value } of store.range(range).entries) hear(key, value);
    this.#watch = store.watch(range, store.revision, (events) => {
      for (const event of events) {
        if (event.type === 'put') hear(event.entry.key, event.entry.value);
        else if (this.#heardMs.delete(event.key)) changed();
      }
    });
  }

  /** Those heard of lately, and the keys of those that were not. */
  at(nowMs: number): { readonly live: readonly Listening[]; readonly silent: readonly string[] } {
    const all = [...this.#heardMs];
    return {
      live: all.filter(([, { ms }]) => nowMs - ms < lifeMs).map(([, { at }]) => at),
      silent: all.filter(([, { ms }]) => nowMs - ms >= lifeMs).map(([key]) => key),
    };
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }
}

/** Joins the control planes of a store, and keeps the endpoints true until stopped: then this one leaves. Resolves when it is named. */
export async function joinControlPlanes(parts: MembershipParts): Promise<Service> {
  const { store, client, clock, log, own } = parts;
  const key = leaseKeyOf(own);
  const tasks = new TaskGroup(log);
  let wake = Promise.withResolvers<void>();
  using starting = new DisposableStack();
  const members = starting.use(new Members(store, clock, () => wake.resolve()));
  const say = async (): Promise<void> => {
    const value = Buffer.from(JSON.stringify({ ...own, saidMs: clock.now() }));
    await store.transact({ compare: [], writes: [{ type: 'put', key, value }] });
  };
  const settle = async (without?: string): Promise<void> => {
    const { live, silent } = members.at(clock.now());
    for (const one of silent) {
      const entry = store.get(one);
      if (entry === undefined || one === key) continue;
      log.info('a control plane is not heard of any more', { control_plane: one.slice(prefix.length) });
      await store.transact({ compare: [{ key: one, modRevision: entry.modRevision }], writes: [{ type: 'delete', key: one }] });
    }
    const named = nameable(live.filter((one) => leaseKeyOf(one) !== without));
    if (named.length > 0) await write(client, named);
  };
  await say();
  await settle();
  starting.move();
  tasks.run('the endpoints of kubernetes', async (signal) => {
    for (let saidMs = clock.now(); !signal.aborted; ) {
      await Promise.race([clock.sleep(renewMs, signal), wake.promise]);
      wake = Promise.withResolvers();
      try {
        if (clock.now() - saidMs >= renewMs) {
          await say();
          saidMs = clock.now();
        }
        await settle();
      } catch (error) {
        if (!signal.aborted) log.warn('the endpoints of kubernetes could not be kept', { error });
      }
    }
  });
  return {
    async stop() {
      await tasks.stop();
      try {
        await store.transact({ compare: [], writes: [{ type: 'delete', key }] });
        await settle(key);
      } catch (error) {
        log.debug('this control plane could not take its leave', { error });
      }
      members[Symbol.dispose]();
    },
  };
}

async function write(client: Client, named: readonly Listening[]): Promise<void> {
  const wanted = kubernetesEndpoints(named);
  for (const { resource, object } of wanted) await ensure(client, { resource, object, keep: false });
  const names = new Set(wanted.map(({ object }) => object.metadata.name));
  const { items } = await client.list(resources.endpointSlices, {
    namespace: 'default',
    labelSelector: 'kubernetes.io/service-name=kubernetes',
  });
  for (const { metadata } of items) {
    if (names.has(metadata.name) || !/^kubernetes(-\d+)?$/.test(metadata.name)) continue;
    await client.delete(resources.endpointSlices, { namespace: 'default', name: metadata.name }).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound')) throw error;
    });
  }
}
