// Owns emptying a volume by a pod: makes it, tells on the volume what happens to it, takes it away. It does not touch the volume.
import type { PersistentVolume, Pod } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import { wordsOf } from '../refusals.ts';
import type { SharedInformer } from '../shared-informers.ts';
import { recyclerEnd, recyclerName, recyclerNamespace, recyclerPod, usersOf } from './recycler-pod.ts';

/** What recycling works with. `tell` records an event of the volume. */
export interface RecyclingParts {
  readonly client: Client;
  readonly watching: Client;
  readonly pods: SharedInformer<Pod>;
  readonly tell: (volume: PersistentVolume, type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

/** Takes the next step. `wait`: a pod is at it, or the volume is still used. `failed`: upstream's words. `claimShown`: another claim has the name. */
export async function recycle(
  volume: PersistentVolume,
  claimShown: boolean,
  { client, watching, pods, tell }: RecyclingParts,
): Promise<'wait' | 'done' | { readonly failed: string }> {
  const { claimRef } = volume.spec;
  const users = claimRef?.name === undefined ? [] : usersOf(claimRef.name, pods.list(claimRef.namespace));
  if (users.length > 0 && !claimShown) {
    tell(volume, 'Normal', 'VolumeFailedRecycle', `Volume is used by pods: ${users.join(',')}`);
    return 'wait';
  }
  const draft = recyclerPod(volume);
  if (draft === undefined) return { failed: 'No recycler plugin found for the volume!' };
  const key = { namespace: recyclerNamespace, name: recyclerName(volume) };
  const pod = pods.get(key.namespace, key.name);
  if (pod === undefined) {
    try {
      await client.create(resources.pods, draft);
    } catch (error) {
      // Our copy lags: the pod will show up.
      if (hasReason(error, 'AlreadyExists')) return 'wait';
      return { failed: `Recycle failed: unexpected error creating recycler pod:  ${wordsOf(error)}` };
    }
    return 'wait';
  }
  const end = recyclerEnd(pod);
  if (end === 'running' || pod.metadata.deletionTimestamp !== undefined) return 'wait';
  const { items } = await watching.list(resources.events, {
    namespace: recyclerNamespace,
    fieldSelector: `involvedObject.uid=${pod.metadata.uid}`,
  });
  for (const { type, message } of items)
    tell(volume, type === 'Warning' ? 'Warning' : 'Normal', 'RecyclerPod', `Recycler pod: ${message ?? ''}`);
  await client.delete(resources.pods, key, { preconditions: { uid: pod.metadata.uid } }).catch((error: unknown) => {
    if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
  });
  return end === 'done' ? end : { failed: `Recycle failed: ${end.failed}` };
}
