// Owns the rules of storage classes, drivers and attachments.
import { type GroupRules, onType, withoutGeneration } from '../kind-rules.ts';
import type { CSIDriver, StorageClass } from './v1.ts';

function defaultStorageClass(storageClass: StorageClass): StorageClass {
  return {
    ...storageClass,
    reclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
    volumeBindingMode: storageClass.volumeBindingMode ?? 'Immediate',
  };
}

function defaultDriver(driver: CSIDriver): CSIDriver {
  const { spec } = driver;
  return {
    ...driver,
    spec: {
      ...spec,
      attachRequired: spec.attachRequired ?? true,
      podInfoOnMount: spec.podInfoOnMount ?? false,
      storageCapacity: spec.storageCapacity ?? false,
      fsGroupPolicy: spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType',
      volumeLifecycleModes: (spec.volumeLifecycleModes ?? []).length === 0 ? ['Persistent'] : (spec.volumeLifecycleModes ?? []),
      requiresRepublish: spec.requiresRepublish ?? false,
      seLinuxMount: spec.seLinuxMount ?? false,
    },
  };
}

/** The rules of the group's kinds, by kind. */
export const storageRules: GroupRules = {
  StorageClass: { generation: 'none', default: onType<StorageClass>(defaultStorageClass) },
  CSIDriver: { generation: 'none', default: onType<CSIDriver>(defaultDriver) },
  CSINode: withoutGeneration,
  CSIStorageCapacity: withoutGeneration,
  VolumeAttachment: withoutGeneration,
  VolumeAttributesClass: withoutGeneration,
};
