// Owns mirroring Endpoints that somebody keeps by hand into endpoint slices, and removing the mirrors when they are not wanted any more.
import type { Endpoints } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, placeOf, splitKey } from '../object-key.ts';
import { isMirrored, managedByLabel, mirrorManager, planMirror, serviceNameLabel } from './plan.ts';

/** The watch has not shown yet what was written. */
const afterConflict = { againMs: 20 };

export function endpointSliceMirroringController({ informers, client, clock, log }: ControllerContext, mostEach: number): Controller {
  const mirrorOf = ({ metadata }: EndpointSlice): string | undefined =>
    metadata.labels?.[managedByLabel] === mirrorManager ? `${metadata.namespace}/${metadata.labels[serviceNameLabel] ?? ''}` : undefined;
  const byMirrored = (slice: EndpointSlice): readonly string[] => {
    const key = mirrorOf(slice);
    return key === undefined ? [] : [key];
  };
  const endpoints = informers.of(resources.endpoints);
  const services = informers.of(resources.services);
  const slices = informers.of(resources.endpointSlices, { byMirrored });
  const recorder = new EventRecorder(client, clock, log, { component: 'endpoint-slice-mirroring-controller' });
  /** What was written last, until the watch shows it: uid and version. */
  const written = new Map<string, ReadonlyMap<string, number>>();

  const lags = (key: string): boolean => {
    const shown = new Map(slices.byIndex('byMirrored', key).map(({ metadata }) => [metadata.uid, Number(metadata.resourceVersion)]));
    const behind = [...(written.get(key) ?? [])].some(([uid, version]) => (shown.get(uid) ?? 0) < version);
    if (!behind) written.delete(key);
    return behind;
  };
  const remove = async (slice: EndpointSlice): Promise<void> => {
    const { uid } = slice.metadata;
    await client.delete(resources.endpointSlices, placeOf(slice), { preconditions: { uid } }).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
    });
  };
  const tell = (object: Endpoints, reason: string, words: string): void =>
    recorder.record(subjectOf(object, 'v1', 'Endpoints'), 'Warning', reason, words);

  return {
    name: 'endpointslice-mirroring-controller',
    backoff: { baseMs: 1000, factor: 2, maxMs: 100_000 },
    mostRetries: 15,
    async start(enqueue) {
      const changed = (object: Parameters<typeof keyOf>[0]): void => enqueue(keyOf(object));
      endpoints.on({ added: changed, updated: changed, deleted: changed });
      services.on({
        added: changed,
        updated(service, old) {
          const [now, before] = [service, old].map(({ spec }) => Object.keys(spec.selector ?? {}).length === 0);
          if (now !== before) changed(service);
        },
        deleted: changed,
      });
      const sliceChanged = (slice: EndpointSlice): void => {
        const key = mirrorOf(slice);
        if (key !== undefined) enqueue(key, 1000);
      };
      await Promise.all([endpoints.start().synced, services.start().synced]);
      slices.on({ added: sliceChanged, updated: sliceChanged, deleted: sliceChanged });
      await slices.start().synced;
    },
    async reconcile(key) {
      const [namespace, name] = splitKey(key);
      const object = endpoints.get(namespace, name);
      const present = slices.byIndex('byMirrored', key).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      if (object === undefined || !isMirrored(object, services.get(namespace, name))) {
        written.delete(key);
        await Promise.all(present.map(remove));
        return undefined;
      }
      if (object.metadata.deletionTimestamp !== undefined) return undefined;
      if (lags(key)) return afterConflict;
      const plan = planMirror(object, present, mostEach);
      const most = `A max of ${mostEach} addresses can be mirrored to EndpointSlices per Endpoints subset.`;
      if (plan.invalid > 0)
        tell(object, 'InvalidIPAddress', `Skipped ${plan.invalid} invalid IP addresses when mirroring to EndpointSlices`);
      if (plan.skipped > plan.invalid) tell(object, 'TooManyAddressesToMirror', `${most} ${plan.skipped} addresses were skipped`);
      try {
        const results = await Promise.all([
          ...plan.create.map((slice) => client.create(resources.endpointSlices, slice)),
          ...plan.update.map((slice) => client.update(resources.endpointSlices, slice)),
        ]);
        if (results.length > 0) written.set(key, new Map(results.map(({ metadata }) => [metadata.uid, Number(metadata.resourceVersion)])));
        await Promise.all(plan.delete.map(remove));
      } catch (error) {
        if (hasReason(error, 'Conflict', 'NotFound')) return afterConflict;
        throw error;
      }
      return undefined;
    },
    async stop() {
      await Promise.all([endpoints.stop(), services.stop(), slices.stop(), recorder.stop()]);
    },
  };
}
