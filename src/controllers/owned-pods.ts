// Owns hearing of the pods of a kind's objects: who made or lost one, whose expectation it meets, and whom a pod without an owner could belong to.
import type { Pod } from '../api/core/v1.ts';
import type { KubeObject } from '../api/object.ts';
import type { Expectations } from './expectations.ts';
import { keyOf } from './object-key.ts';
import { controllerOf } from './ownership.ts';
import type { SharedInformer } from './shared-informers.ts';

/** What a watch of owned pods works with. */
export interface OwnedPods<T extends KubeObject> {
  readonly pods: SharedInformer<Pod>;
  readonly owners: Pick<SharedInformer<T>, 'list'>;
  readonly expectations: Expectations;
  /** The present object that controls a pod. */
  ownerOf(pod: Pod): KubeObject | undefined;
  /** Whether an object would adopt a pod that nobody controls. */
  matches(owner: T, pod: Pod): boolean;
  /** An object has something to look at. */
  change(owner: KubeObject): void;
  /** The same, for a pod of its own that is another now; absent: `change`. */
  readonly podChanged?: (owner: KubeObject) => void;
}

/** Watches; resolves when the first picture is in. */
export async function watchOwnedPods<T extends KubeObject>(of: OwnedPods<T>): Promise<void> {
  const { pods, owners, expectations } = of;
  const orphan = (pod: Pod): void => {
    for (const owner of owners.list(pod.metadata.namespace)) if (of.matches(owner, pod)) of.change(owner);
  };
  const gone = (pod: Pod): void => {
    const owner = of.ownerOf(pod);
    if (owner === undefined) return;
    expectations.deleted(keyOf(owner), pod.metadata.uid);
    of.change(owner);
  };
  pods.on({
    added(pod) {
      if (pod.metadata.deletionTimestamp !== undefined) return gone(pod);
      const owner = of.ownerOf(pod);
      if (owner !== undefined) {
        expectations.created(keyOf(owner));
        of.change(owner);
      } else if (controllerOf(pod) === undefined) orphan(pod);
    },
    updated(pod, old) {
      if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) gone(old);
      if (pod.metadata.deletionTimestamp !== undefined) return gone(pod);
      const owner = of.ownerOf(pod);
      if (owner !== undefined) (of.podChanged ?? of.change)(owner);
      else if (controllerOf(pod) === undefined) orphan(pod);
    },
    deleted: gone,
  });
  await pods.start().synced;
}
