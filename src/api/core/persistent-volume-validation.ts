// Owns the validation of persistent volumes.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName, checkNoBacksteps, checkOneOf } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors } from '../names.ts';
import { parseQuantity } from '../quantity.ts';
import { checkNodeSelector } from './affinity-validation.ts';
import type { PersistentVolume, PersistentVolumeSpec } from './v1.ts';
import { checkHostPath } from './volume-validation.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
/** Everything that says where the bytes are, in the order in which upstream looks. */
const sources = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const satisfies readonly (keyof PersistentVolumeSpec)[];

function checkSource(spec: PersistentVolumeSpec, source: (typeof sources)[number], out: Causes): void {
  const at = `spec.${source}`;
  const { hostPath, nfs, local, csi } = spec;
  if (source === 'hostPath' && hostPath !== undefined) checkHostPath(hostPath, at, out);
  if (source === 'nfs' && nfs !== undefined) {
    if (nfs.server === '') out.push(required(`${at}.server`));
    if (nfs.path === '') out.push(required(`${at}.path`));
    else if (!nfs.path.startsWith('/')) out.push(invalidValue(`${at}.path`, nfs.path, 'must be an absolute path'));
  }
  if (source === 'local' && local !== undefined) {
    if (local.path === '') out.push(required(`${at}.path`));
    else checkNoBacksteps(local.path, `${at}.path`, out);
    if (spec.nodeAffinity === undefined) out.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  }
  if (source === 'csi' && csi !== undefined) {
    if (csi.driver === '') out.push(required(`${at}.driver`));
    if (csi.volumeHandle === '') out.push(required(`${at}.volumeHandle`));
  }
}

/** Complaints about a persistent volume beyond its metadata. */
export function persistentVolumeCauses({ spec = {} }: PersistentVolume): StatusCause[] {
  const out: Causes = [];
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) out.push(required('spec.accessModes'));
  for (const mode of modes) if (!accessModes.includes(mode)) out.push(notSupported('spec.accessModes', mode, accessModes));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1)
    out.push(forbiddenValue('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'));
  const capacity = spec.capacity ?? {};
  const names = Object.keys(capacity);
  if (names.length === 0) out.push(required('spec.capacity'));
  if (capacity['storage'] === undefined || names.length > 1) out.push(notSupported('spec.capacity', spec.capacity ?? null, ['storage']));
  for (const [name, amount] of Object.entries(capacity))
    if (parseQuantity(amount).nano <= 0n) out.push(invalidValue(`spec.capacity[${name}]`, amount, 'must be greater than zero'));
  checkOneOf(spec.persistentVolumeReclaimPolicy ?? '', ['Delete', 'Recycle', 'Retain'], 'spec.persistentVolumeReclaimPolicy', out);
  if (spec.nodeAffinity?.required !== undefined) checkNodeSelector(spec.nodeAffinity.required, 'spec.nodeAffinity.required', out);
  let found = false;
  for (const source of sources) {
    if (spec[source] === undefined) continue;
    if (found) out.push(forbiddenValue(`spec.${source}`, 'may not specify more than 1 volume type'));
    else checkSource(spec, source, out);
    found = true;
  }
  if (!found) out.push(required('spec', 'must specify a volume type'));
  if (spec.storageClassName) checkName(dnsSubdomainErrors(spec.storageClassName), spec.storageClassName, 'spec.storageClassName', out);
  if (spec.volumeMode !== undefined) checkOneOf(spec.volumeMode, ['Block', 'Filesystem'], 'spec.volumeMode', out);
  return out;
}

/** Where the bytes are does not change, nor how they are offered. */
export function persistentVolumeUpdateCauses(next: PersistentVolume, old: PersistentVolume): StatusCause[] {
  const out = persistentVolumeCauses(next);
  const source = ({ spec = {} }: PersistentVolume): unknown => sources.map((name) => spec[name] ?? null);
  if (!sameValue(source(next), source(old)))
    out.push(forbiddenValue('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'));
  if (next.spec?.volumeMode !== old.spec?.volumeMode)
    out.push(invalidValue('spec.volumeMode', next.spec?.volumeMode, 'field is immutable'));
  return out;
}

/** What is told about a volume that is accepted all the same. */
export function persistentVolumeWarnings({ spec }: PersistentVolume): readonly string[] {
  return spec?.persistentVolumeReclaimPolicy === 'Recycle'
    ? [
        'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      ]
    : [];
}
