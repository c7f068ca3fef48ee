// Owns keeping the tables of other objects current: one informer a kind, each change told on.
import type { KubeObject } from '../api/object.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { Informer } from '../client/informer.ts';
import type { Resource } from '../client/resource.ts';
import { resources } from '../client/resources.ts';
import type { ClusterObjects } from './cluster-view.ts';
import type { LiveObjects } from './live-objects.ts';
import type { LiveTable } from './table.ts';
import type { WakeEvent } from './wake-event.ts';

/** Starts them; `synced` resolves when all tables are filled. */
export function startObjectInformers(
  { client, clock, log }: { readonly client: Client; readonly clock: Clock; readonly log: Log },
  objects: LiveObjects,
  tell: (event: WakeEvent) => void,
): Service & { readonly synced: Promise<void> } {
  const fill = <T extends KubeObject>(on: keyof ClusterObjects, resource: Resource<T>, table: LiveTable<T>): Informer<T> => {
    const informer = new Informer({ client, resource, clock, log });
    informer.on({
      added(object) {
        table.put(object);
        tell({ on, object });
      },
      updated(object, old) {
        table.put(object);
        tell({ on, object, old });
      },
      deleted(object) {
        table.remove(object);
        tell({ on, object, gone: true });
      },
    });
    return informer.start();
  };
  const informers: readonly (Service & { readonly synced: Promise<void> })[] = [
    fill('namespaces', resources.namespaces, objects.namespaces),
    fill('services', resources.services, objects.services),
    fill('replicationControllers', resources.replicationControllers, objects.replicationControllers),
    fill('replicaSets', resources.replicaSets, objects.replicaSets),
    fill('statefulSets', resources.statefulSets, objects.statefulSets),
    fill('budgets', resources.podDisruptionBudgets, objects.budgets),
    fill('claims', resources.persistentVolumeClaims, objects.claims),
    fill('volumes', resources.persistentVolumes, objects.volumes),
    fill('storageClasses', resources.storageClasses, objects.storageClasses),
    fill('csiNodes', resources.csiNodes, objects.csiNodes),
    fill('csiDrivers', resources.csiDrivers, objects.csiDrivers),
    fill('csiCapacities', resources.csiStorageCapacities, objects.csiCapacities),
    fill('attachments', resources.volumeAttachments, objects.attachments),
    fill('resourceClaims', resources.resourceClaims, objects.resourceClaims),
    fill('resourceSlices', resources.resourceSlices, objects.resourceSlices),
    fill('deviceClasses', resources.deviceClasses, objects.deviceClasses),
  ];
  return {
    synced: Promise.all(informers.map(({ synced }) => synced)).then(() => {}),
    stop: async () => void (await Promise.all(informers.map((informer) => informer.stop()))),
  };
}
