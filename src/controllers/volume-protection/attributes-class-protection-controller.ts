// Owns the finalizer that keeps a class of volume attributes from going while claims or volumes are of it.
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import type { VolumeAttributesClass } from '../../api/storage/v1.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext, Enqueue } from '../controller.ts';
import type { SharedInformer } from '../shared-informers.ts';
import { classesOfClaim, classesOfVolume, classFinalizer, planProtection } from './plan.ts';
import { writeFinalizer } from './write-finalizer.ts';

/** Wakes the classes that an object was of and is no longer. */
function watchUsers<T extends PersistentVolume | PersistentVolumeClaim>(
  users: SharedInformer<T>,
  classesOf: (user: T) => readonly string[],
  enqueue: Enqueue,
): Promise<void> {
  const wake = (names: readonly string[]): void => {
    for (const name of names) enqueue(name);
  };
  users.on({
    updated(user, old) {
      const now = classesOf(user);
      wake(classesOf(old).filter((name) => !now.includes(name)));
    },
    deleted: (user) => wake(classesOf(user)),
  });
  return users.start().synced;
}

export function attributesClassProtectionController({ informers, client }: ControllerContext): Controller {
  const classes = informers.of(resources.volumeAttributesClasses);
  const volumes = informers.of(resources.persistentVolumes, { attributesClass: classesOfVolume });
  const claims = informers.of(resources.persistentVolumeClaims, { attributesClass: classesOfClaim });
  return {
    name: 'volumeattributesclass-protection-controller',
    async start(enqueue) {
      const changed = ({ metadata }: VolumeAttributesClass): void => enqueue(metadata.name);
      classes.on({ added: changed, updated: changed });
      await Promise.all([
        classes.start().synced,
        watchUsers(volumes, classesOfVolume, enqueue),
        watchUsers(claims, classesOfClaim, enqueue),
      ]);
    },
    async reconcile(name) {
      const found = classes.get('', name);
      if (found === undefined) return undefined;
      const used = (): boolean => volumes.byIndex('attributesClass', name).length + claims.byIndex('attributesClass', name).length > 0;
      const plan = planProtection(found.metadata, classFinalizer, used);
      if (plan !== 'nothing') await writeFinalizer(client, resources.volumeAttributesClasses, found, classFinalizer, plan);
      return undefined;
    },
    async stop() {
      await Promise.all([classes.stop(), volumes.stop(), claims.stop()]);
    },
  };
}
