// Owns the rules of storage classes, drivers and attachments.
import { nodeLabelSelectorWarnings, nodeLabelWarnings } from '../core/node-label-warnings.ts';
import { sameValue } from '../equal.ts';
import { checksOf, type GroupRules, onType, onTypes, withOldMetadata } from '../kind-rules.ts';
import { attachmentCauses, attachmentUpdateCauses } from './attachment-validation.ts';
import {
  capacityCauses,
  capacityUpdateCauses,
  driverCauses,
  driverUpdateCauses,
  nodeDriversCauses,
  nodeDriversUpdateCauses,
} from './driver-validation.ts';
import {
  attributesClassCauses,
  attributesClassUpdateCauses,
  storageClassCauses,
  storageClassUpdateCauses,
} from './storage-class-validation.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass } from './v1.ts';

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

/** Drivers get no generation when they are made, but one is counted from their first change on. */
function countedDriver(next: CSIDriver, old: CSIDriver): CSIDriver {
  if (sameValue(next.spec, old.spec)) return next;
  return { ...next, metadata: { ...next.metadata, generation: (old.metadata.generation ?? 0) + 1 } };
}

const tokensShown =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes';

/** A new request for tokens should say where they are handed over. */
function driverWarnings({ spec }: CSIDriver, old?: CSIDriver): readonly string[] {
  const { tokenRequests = [], serviceAccountTokenInSecrets } = spec;
  const asks = tokenRequests.length > 0 && serviceAccountTokenInSecrets === undefined;
  return asks && !sameValue(tokenRequests, old?.spec.tokenRequests ?? []) ? [tokensShown] : [];
}

function storageClassWarnings({ allowedTopologies = [] }: StorageClass): readonly string[] {
  return allowedTopologies.flatMap(({ matchLabelExpressions = [] }, term) =>
    matchLabelExpressions.flatMap(({ key }, index) =>
      nodeLabelWarnings(key, `allowedTopologies[${term}].matchLabelExpressions[${index}].key`),
    ),
  );
}

/** The rules of the group's kinds, by kind. */
export const storageRules: GroupRules = {
  StorageClass: {
    generation: 'none',
    metaOnUpdate: 'update',
    default: onType<StorageClass>(defaultStorageClass),
    ...checksOf<StorageClass>({ validate: storageClassCauses, validateUpdate: storageClassUpdateCauses, warnings: storageClassWarnings }),
  },
  CSIDriver: {
    generation: 'none',
    metaOnUpdate: 'update',
    default: onType<CSIDriver>(defaultDriver),
    prepareForUpdate: onTypes<CSIDriver>(countedDriver),
    ...checksOf<CSIDriver>({ validate: driverCauses, validateUpdate: driverUpdateCauses, warnings: driverWarnings }),
  },
  CSINode: {
    generation: 'none',
    metaOnUpdate: 'create',
    ...checksOf<CSINode>({ validate: nodeDriversCauses, validateUpdate: nodeDriversUpdateCauses }),
  },
  CSIStorageCapacity: {
    generation: 'none',
    metaOnUpdate: 'update',
    ...checksOf<CSIStorageCapacity>({
      validate: capacityCauses,
      validateUpdate: capacityUpdateCauses,
      warnings: ({ nodeTopology }) => nodeLabelSelectorWarnings(nodeTopology, 'nodeTopology'),
    }),
  },
  VolumeAttachment: {
    generation: 'none',
    metaOnUpdate: 'create',
    prepareForStatusUpdate: withOldMetadata,
    ...checksOf<VolumeAttachment>({
      validate: attachmentCauses,
      validateUpdate: attachmentUpdateCauses,
      validateStatusUpdate: attachmentUpdateCauses,
    }),
  },
  VolumeAttributesClass: {
    generation: 'none',
    ...checksOf<VolumeAttributesClass>({ validate: attributesClassCauses, validateUpdate: attributesClassUpdateCauses }),
  },
};
