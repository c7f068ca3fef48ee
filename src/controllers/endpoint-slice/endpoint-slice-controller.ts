// Owns keeping each Service's endpoint slices as its pods are. Slices of deleted Services are the garbage collector's.
import type { Node } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Timer } from '../../base/clock.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import { type Controller, type ControllerContext, TryAgain } from '../controller.ts';
import { managedBy, managedByLabel, planSlices, serviceNameLabel } from './plan.ts';
import { hasEndpoints } from './pod-facts.ts';
import { keyOf, ServiceWatch } from './service-watch.ts';
import { ShareBook } from './share-book.ts';
import { TriggerTimes } from './trigger-times.ts';
import { zoneFacts, zoneShares } from './zone-shares.ts';

/** How long the watch may lag behind what was written here before it is taken that someone else wrote; and how often to look. */
const lagMs = 1000;
const lagLookMs = 20;
/** So long nodes gather before their zones are weighed. */
const weighMs = 50;

export function endpointSliceController({ informers, client, clock, log }: ControllerContext, most?: number): Controller {
  const recorder = new EventRecorder(client, clock, log, { component: 'endpoint-slice-controller' });
  const book = new ShareBook();
  const watch = new ServiceWatch({ informers });
  const nodes = informers.of(resources.nodes);
  const slices = informers.of(resources.endpointSlices, {
    service: ({ metadata }) => (metadata.labels?.[managedByLabel] === managedBy ? [serviceKeyOf({ metadata })] : []),
  });
  const times = new TriggerTimes();
  let weighing: Timer | undefined;
  /** What this controller wrote last, by Service: uid and generation of each slice, until the watch shows it. */
  const written = new Map<string, { readonly atMs: number; readonly generations: ReadonlyMap<string, number> }>();

  const lags = (key: string): boolean => {
    const last = written.get(key);
    if (last === undefined) return false;
    const shown = new Map(slices.byIndex('service', key).map(({ metadata }) => [metadata.uid, metadata.generation ?? 0]));
    const behind = [...last.generations].some(([uid, generation]) => (shown.get(uid) ?? -1) < generation);
    if (behind && clock.now() - last.atMs < lagMs) return true;
    written.delete(key);
    return false;
  };

  return {
    name: 'endpointslice-controller',
    backoff: { baseMs: 1000, factor: 2, maxMs: 1_000_000 },
    mostRetries: 15,
    settleMs: (key) => times.settleMs(key),
    async start(enqueue) {
      const changed = ({ metadata }: EndpointSlice): void => {
        if (metadata.labels?.[managedByLabel] === managedBy) enqueue(serviceKeyOf({ metadata }));
      };
      slices.on({
        updated(slice, old) {
          changed(old);
          changed(slice);
        },
        deleted: changed,
      });
      await Promise.all([nodes.start().synced, slices.start().synced]);
      let shown = '';
      const weigh = (): void => {
        const facts = nodes.list().map(zoneFacts).sort().join(',');
        if (facts === shown) return;
        shown = facts;
        for (const key of book.weigh(zoneShares(nodes.list()))) enqueue(key);
      };
      const moved = (node: Node, old: Node): void => {
        if (zoneFacts(node) !== zoneFacts(old)) weighSoon();
      };
      weigh();
      // Thousands of nodes come at once: they are weighed together, not all of them anew for each.
      const weighSoon = (): void => {
        weighing ??= clock.after(weighMs, () => {
          weighing = undefined;
          weigh();
        });
      };
      nodes.on({ added: weighSoon, deleted: weighSoon, updated: moved });
      await watch.start(enqueue);
    },
    async reconcile(key) {
      const service = watch.service(key);
      if (service === undefined) {
        times.forget(key);
        written.delete(key);
        book.forget(key);
        return undefined;
      }
      if (!hasEndpoints(service) || service.metadata.deletionTimestamp !== undefined) return undefined;
      if (lags(key)) return { againMs: lagLookMs };
      const pods = watch.pods(service);
      const plan = planSlices(service, {
        pods,
        slices: slices.byIndex('service', key).filter(({ metadata }) => metadata.deletionTimestamp === undefined),
        node: (name) => nodes.get('', name),
        changedMs: times.look(key, service, pods),
        ...(book.shares === undefined ? {} : { zones: book.shares }),
        ...(most === undefined ? {} : { most }),
      });
      try {
        const results = await Promise.all([
          ...plan.create.map((slice) => client.create(resources.endpointSlices, slice)),
          ...plan.update.map((slice) => client.update(resources.endpointSlices, slice)),
        ]);
        if (results.length > 0) {
          const generations = new Map(results.map(({ metadata }) => [metadata.uid, metadata.generation ?? 0]));
          written.set(key, { atMs: clock.now(), generations });
        }
        await Promise.all(plan.delete.map((slice) => remove(slice)));
      } catch (error) {
        // The time of the change must be told by the try that succeeds.
        times.forget(key);
        if (hasReason(error, 'Conflict', 'NotFound')) return { againMs: lagLookMs };
        throw error;
      }
      const { name, namespace = '', uid } = service.metadata;
      const tell = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
        recorder.record({ apiVersion: 'v1', kind: 'Service', namespace, name, uid }, type, reason, message);
      const families = (service.spec.ipFamilies ?? []).filter((family) => family !== '');
      for (const { type, reason, message } of book.note(key, plan.shares, families)) tell(type, reason, message);
      if (plan.complaints.length === 0) return undefined;
      const complaint = plan.complaints.length === 1 ? plan.complaints[0] : `[${plan.complaints.join(', ')}]`;
      tell('Warning', 'FailedToUpdateEndpointSlices', `Error updating Endpoint Slices for Service ${key}: ${complaint}`);
      throw new TryAgain(complaint);
    },
    async stop() {
      weighing?.[Symbol.dispose]();
      await Promise.all([watch.stop(), nodes.stop(), slices.stop(), recorder.stop()]);
    },
  };

  async function remove({ metadata }: EndpointSlice): Promise<void> {
    const { name, uid, namespace = '' } = metadata;
    await client.delete(resources.endpointSlices, { namespace, name }, { preconditions: { uid } }).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound')) throw error;
    });
  }
}

function serviceKeyOf({ metadata }: Pick<EndpointSlice, 'metadata'>): string {
  return keyOf({ metadata: { ...metadata, name: metadata.labels?.[serviceNameLabel] ?? '' } });
}
