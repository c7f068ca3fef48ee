// Owns that claims, volumes and attribute classes in use are not removed: each gets its finalizer when it is made.
import type { AnyObject } from '../../api/object.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { isAbout } from './plugin.ts';

const finalizers: readonly { readonly group: string; readonly resource: string; readonly finalizer: string }[] = [
  { group: '', resource: 'persistentvolumeclaims', finalizer: 'kubernetes.io/pvc-protection' },
  { group: '', resource: 'persistentvolumes', finalizer: 'kubernetes.io/pv-protection' },
  { group: 'storage.k8s.io', resource: 'volumeattributesclasses', finalizer: 'kubernetes.io/vac-protection' },
];

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit(attributes) {
    const { object } = attributes;
    const found = finalizers.find(({ group, resource }) => isAbout(attributes, group, resource));
    if (attributes.operation !== 'CREATE' || object === undefined || found === undefined) return object;
    const present = object.metadata.finalizers ?? [];
    if (present.includes(found.finalizer)) return object;
    return { ...object, metadata: { ...object.metadata, finalizers: [...present, found.finalizer] } } as AnyObject;
  },
};
