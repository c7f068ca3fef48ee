// Owns the validation of persistent volumes, and of the volume specs inside attachments.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName, checkOneOf } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors } from '../names.ts';
import { formatQuantity, parseQuantity } from '../quantity.ts';
import { checkNodeSelector } from './affinity-validation.ts';
import { checkModes } from './claim-validation.ts';
import { checkBasicAmount } from './resources-validation.ts';
import type { PersistentVolume, PersistentVolumeSpec } from './v1.ts';
import { checkOutsideSource } from './volume-source-validation.ts';
import { checkHostPath } from './volume-validation.ts';

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
/** Labels of nodes in beta, and what they are called since. */
const stableKeys: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};
const inlineOnly = 'in the context of inline volumes';

function checkCapacity(spec: PersistentVolumeSpec, at: string, out: Causes): void {
  const capacity = spec.capacity ?? {};
  const names = Object.keys(capacity);
  if (names.length === 0) out.push(required(`${at}.capacity`));
  if (capacity['storage'] === undefined || names.length > 1) out.push(notSupported(`${at}.capacity`, spec.capacity ?? null, ['storage']));
  for (const [name, text] of Object.entries(capacity)) {
    const amount = parseQuantity(text);
    const here = `${at}.capacity[${name}]`;
    checkBasicAmount(text, here, out);
    if (amount.nano <= 0n) out.push(invalidValue(here, formatQuantity(amount), 'must be greater than zero'));
  }
}

function checkSources(spec: PersistentVolumeSpec, name: string, at: string, out: Causes): void {
  let found = false;
  for (const source of sources) {
    const given = spec[source];
    if (given === undefined) continue;
    if (found && source !== 'flexVolume')
      out.push(forbiddenValue(`${at}.${source === 'cephfs' ? 'cephFS' : source}`, 'may not specify more than 1 volume type'));
    else if (source === 'hostPath' && spec.hostPath !== undefined) checkHostPath(spec.hostPath, `${at}.hostPath`, out);
    else {
      checkOutsideSource(source, given, at, out, { persistent: true, owner: name });
      if (source === 'local' && spec.nodeAffinity?.required === undefined)
        out.push(required(`${at}.nodeAffinity`, 'Local volume requires node affinity'));
    }
    found = true;
  }
  if (!found) out.push(required(at, 'must specify a volume type'));
  if (/^\/+(\.?\/*)*$/.test(spec.hostPath?.path ?? '') && spec.persistentVolumeReclaimPolicy === 'Recycle')
    out.push(forbiddenValue(`${at}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'"));
}

function checkInline(spec: PersistentVolumeSpec, at: string, out: Causes): void {
  if (spec.claimRef !== undefined) out.push(forbiddenValue(`${at}.claimRef`, `may not be specified ${inlineOnly}`));
  if (Object.keys(spec.capacity ?? {}).length > 0) out.push(forbiddenValue(`${at}.capacity`, `may not be specified ${inlineOnly}`));
  if (spec.csi === undefined) out.push(required(`${at}.csi`, `has to be specified ${inlineOnly}`));
}

/** A volume's spec. `inline` holds inside an attachment, where most of it may not be given. */
export function checkVolumeSpec(spec: PersistentVolumeSpec, name: string, inline: boolean, at: string, out: Causes): void {
  if (inline) checkInline(spec, at, out);
  if ((spec.accessModes ?? []).length === 0) out.push(required(`${at}.accessModes`));
  checkModes(spec.accessModes ?? [], `${at}.accessModes`, out);
  if (!inline) checkCapacity(spec, at, out);
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy && !inline) checkOneOf(policy, ['Delete', 'Recycle', 'Retain'], `${at}.persistentVolumeReclaimPolicy`, out);
  if (policy && inline && policy !== 'Retain')
    out.push(forbiddenValue(`${at}.persistentVolumeReclaimPolicy`, `may only be Retain ${inlineOnly}`));
  if (spec.nodeAffinity !== undefined && inline) out.push(forbiddenValue(`${at}.nodeAffinity`, `may not be specified ${inlineOnly}`));
  else if (spec.nodeAffinity?.required !== undefined) checkNodeSelector(spec.nodeAffinity.required, `${at}.nodeAffinity.required`, out);
  else if (spec.nodeAffinity !== undefined) out.push(required(`${at}.nodeAffinity.required`, 'must specify required node constraints'));
  checkSources(spec, name, at, out);
  if (spec.storageClassName && inline) out.push(forbiddenValue(`${at}.storageClassName`, `may not be specified ${inlineOnly}`));
  else if (spec.storageClassName)
    checkName(dnsSubdomainErrors(spec.storageClassName), spec.storageClassName, `${at}.storageClassName`, out);
  if (spec.volumeMode !== undefined && !inline) checkOneOf(spec.volumeMode, ['Block', 'Filesystem'], `${at}.volumeMode`, out);
  if (spec.volumeMode !== undefined && inline && spec.volumeMode !== 'Filesystem')
    out.push(forbiddenValue(`${at}.volumeMode`, `may not specify volumeMode other than Filesystem ${inlineOnly}`));
  const attributes = spec.volumeAttributesClassName;
  if (attributes === undefined) return;
  if (attributes === '') out.push(required(`${at}.volumeAttributesClassName`, 'an empty string is disallowed'));
  else checkName(dnsSubdomainErrors(attributes), attributes, `${at}.volumeAttributesClassName`, out);
  if (spec.csi === undefined) out.push(required(`${at}.csi`, 'has to be specified when using volumeAttributesClassName'));
}

/** Complaints about a persistent volume beyond its metadata. */
export function persistentVolumeCauses({ metadata, spec = {} }: PersistentVolume): StatusCause[] {
  const out: Causes = [];
  checkVolumeSpec(spec, metadata.name, false, 'spec', out);
  return out;
}

type NodeAffinity = PersistentVolumeSpec['nodeAffinity'];

/** Whether nodes are chosen as before, where keys that are out of use may have become the ones that took their place. */
function isSameBut(next: NodeAffinity, old: NodeAffinity): boolean {
  const keysOf = (affinity: NodeAffinity): readonly string[] =>
    (affinity?.required?.nodeSelectorTerms ?? []).flatMap((term) =>
      [...(term.matchExpressions ?? []), ...(term.matchFields ?? [])].map(({ key }) => key),
    );
  const before = keysOf(old);
  const moved = keysOf(next).every((key, index) => key === before[index] || key === stableKeys[before[index] ?? '']);
  const keyless = (affinity: NodeAffinity): unknown =>
    affinity === undefined ? undefined : JSON.parse(JSON.stringify(affinity), (name, value) => (name === 'key' ? '' : value));
  return moved && sameValue(keyless(next), keyless(old));
}

/** Where the bytes are does not change, nor how they are offered. A secret for growing may be added. */
export function persistentVolumeUpdateCauses(next: PersistentVolume, old: PersistentVolume): StatusCause[] {
  const out = persistentVolumeCauses(next);
  const before = old.spec ?? {};
  const after = next.spec ?? {};
  const mayAdd = before.csi !== undefined && before.csi.controllerExpandSecretRef === undefined;
  const sourceOf = (spec: PersistentVolumeSpec, added: boolean): unknown =>
    sources.map((name) => {
      if (name !== 'csi' || !added || spec.csi === undefined) return spec[name] ?? null;
      const { controllerExpandSecretRef: _added, ...csi } = spec.csi;
      return csi;
    });
  if (!sameValue(sourceOf(after, mayAdd), sourceOf(before, false)))
    out.push(forbiddenValue('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'));
  if (after.volumeMode !== before.volumeMode) out.push(invalidValue('volumeMode', after.volumeMode ?? null, immutable));
  if (before.nodeAffinity !== undefined && !isSameBut(after.nodeAffinity, before.nodeAffinity)) {
    const shown = after.nodeAffinity === undefined ? null : goStruct('io.k8s.api.core.v1.VolumeNodeAffinity', after.nodeAffinity);
    out.push(invalidValue('nodeAffinity', shown, `${immutable}, except for updating from beta label to GA`));
  }
  if (before.volumeAttributesClassName !== undefined && after.volumeAttributesClassName === undefined)
    out.push(forbiddenValue('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
  return out;
}
