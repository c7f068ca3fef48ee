// Owns which kinds answer a deletion with the object, as a table over all that are served.
import { expect, test } from 'vitest';
import { builtInCatalog } from '../api/kinds/built-in.ts';
import { answersDeletionWithObject } from './kind-behaviour.ts';

const withObject: Readonly<Record<string, readonly string[]>> = {
  '': ['Namespace', 'PersistentVolume', 'PersistentVolumeClaim', 'Pod', 'PodTemplate', 'ResourceQuota', 'Service', 'ServiceAccount'],
  'storage.k8s.io': ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass'],
  'resource.k8s.io': ['DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice'],
  apps: [],
  'networking.k8s.io': [],
};

test.each(Object.entries(withObject))('of the kinds of group "%s" these answer a deletion with the object: %j', (group, kinds) => {
  const found = new Set(
    builtInCatalog()
      .all()
      .filter((one) => one.group === group && answersDeletionWithObject(one))
      .map((one) => one.kind),
  );
  expect([...found].sort()).toEqual(kinds);
});
