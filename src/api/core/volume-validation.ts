// Owns the validation of a pod's volumes.
import { duplicate, forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkDnsLabel, checkName, checkNoBacksteps, rangeMessage } from '../field-checks.ts';
import type { ObjectMeta } from '../meta/v1.ts';
import { dnsSubdomainErrors } from '../names.ts';
import { parseQuantity } from '../quantity.ts';
import { checkClaimSpec, checkTemplateMetadata } from './claim-validation.ts';
import { checkDownwardFile, checkItem, checkMode } from './file-validation.ts';
import { checkProjection } from './projected-volume-validation.ts';
import type { CSIVolumeSource, HostPathVolumeSource, ISCSIVolumeSource, Volume } from './v1.ts';
import type { Volumes } from './volume-mount-validation.ts';

type Source = Exclude<keyof Volume, 'name'>;
/** In the order in which upstream looks for them; the first one counts, each further one is refused. */
const sources: readonly Source[] = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
];
const hostPathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
/** Fields that the older network and cloud volumes cannot do without. */
const neededFields: Readonly<Partial<Record<Source, readonly string[]>>> = {
  gitRepo: ['repository'],
  awsElasticBlockStore: ['volumeID'],
  glusterfs: ['endpoints', 'path'],
  rbd: ['monitors', 'image'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  scaleIO: ['gateway', 'system', 'volumeName'],
};

/** A directory of the node. */
export function checkHostPath(source: HostPathVolumeSource, at: string, out: Causes): void {
  if (source.path === '') return void out.push(required(`${at}.path`));
  checkNoBacksteps(source.path, `${at}.path`, out);
  const type = source.type ?? '';
  if (!hostPathTypes.includes(type)) out.push(notSupported(`${at}.type`, type, hostPathTypes));
}

function checkIscsi(source: ISCSIVolumeSource, at: string, out: Causes): void {
  const { targetPortal, iqn, lun } = source;
  if (targetPortal === '') out.push(required(`${at}.targetPortal`));
  if (iqn === '') out.push(required(`${at}.iqn`));
  else if (!/^(iqn|eui|naa)/.test(iqn)) out.push(invalidValue(`${at}.iqn`, iqn, 'must be valid format starting with iqn, eui, or naa'));
  else if (!/^(iqn\.\d{4}-\d\d\.[^:]+(:.+)?|eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{32})$/.test(iqn))
    out.push(invalidValue(`${at}.iqn`, iqn, 'must be valid format'));
  if (lun < 0 || lun > 255) out.push(invalidValue(`${at}.lun`, lun, rangeMessage(0, 255)));
}

function checkCsi(source: CSIVolumeSource, at: string, out: Causes): void {
  const { driver, nodePublishSecretRef } = source;
  if (driver === '') out.push(required(`${at}.driver`));
  if (driver.length > 63)
    out.push({ reason: 'FieldValueTooLong', message: 'Too long: may not be more than 63 bytes', field: `${at}.driver` });
  if (driver !== '')
    checkName(dnsSubdomainErrors(driver.toLowerCase() === driver ? driver : driver.toLowerCase()), driver, `${at}.driver`, out);
  if (nodePublishSecretRef !== undefined && !nodePublishSecretRef.name) out.push(required(`${at}.nodePublishSecretRef.name`));
}

function checkNeeded(source: object, fields: readonly string[], at: string, out: Causes): void {
  for (const field of fields) {
    const value = (source as Readonly<Record<string, unknown>>)[field];
    if (!value || (Array.isArray(value) && value.length === 0)) out.push(required(`${at}.${field}`));
  }
}

function checkSource(volume: Volume, source: Source, at: string, owner: string, out: Causes): void {
  const here = `${at}.${source}`;
  const {
    emptyDir,
    hostPath,
    secret,
    configMap,
    nfs,
    iscsi,
    persistentVolumeClaim: claim,
    downwardAPI,
    flexVolume,
    projected,
    csi,
    ephemeral,
    image,
    flocker,
  } = volume;
  if (source === 'emptyDir' && emptyDir?.sizeLimit !== undefined && parseQuantity(emptyDir.sizeLimit).nano < 0n)
    out.push(forbiddenValue(`${here}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
  if (source === 'hostPath' && hostPath !== undefined) checkHostPath(hostPath, here, out);
  if (source === 'secret' && secret !== undefined) {
    if (!secret.secretName) out.push(required(`${here}.secretName`));
    checkMode(secret.defaultMode, `${here}.defaultMode`, out);
    for (const [index, item] of (secret.items ?? []).entries()) checkItem(item, `${here}.items[${index}]`, out);
  }
  if (source === 'configMap' && configMap !== undefined) {
    if (!configMap.name) out.push(required(`${here}.name`));
    checkMode(configMap.defaultMode, `${here}.defaultMode`, out);
    for (const [index, item] of (configMap.items ?? []).entries()) checkItem(item, `${here}.items[${index}]`, out);
  }
  if (source === 'nfs' && nfs !== undefined) {
    if (nfs.server === '') out.push(required(`${here}.server`));
    if (nfs.path === '') out.push(required(`${here}.path`));
    else if (!nfs.path.startsWith('/')) out.push(invalidValue(`${here}.path`, nfs.path, 'must be an absolute path'));
  }
  if (source === 'iscsi' && iscsi !== undefined) checkIscsi(iscsi, here, out);
  if (source === 'persistentVolumeClaim' && claim?.claimName === '') out.push(required(`${here}.claimName`));
  if (source === 'downwardAPI' && downwardAPI !== undefined) {
    checkMode(downwardAPI.defaultMode, `${here}.defaultMode`, out);
    for (const file of downwardAPI.items ?? []) checkDownwardFile(file, here, out);
  }
  if (source === 'flexVolume' && flexVolume?.driver === '') out.push(required(`${here}.driver`));
  if (source === 'flocker' && flocker !== undefined && !flocker.datasetName && !flocker.datasetUUID)
    out.push(required(here, 'one of datasetName and datasetUUID is required'));
  if (source === 'projected' && projected !== undefined) checkProjection(projected, here, out);
  if (source === 'csi' && csi !== undefined) checkCsi(csi, here, out);
  if (source === 'ephemeral' && ephemeral !== undefined) {
    const template = ephemeral.volumeClaimTemplate;
    if (template === undefined) out.push(required(`${here}.volumeClaimTemplate`));
    else {
      checkTemplateMetadata(template.metadata, `${here}.volumeClaimTemplate.metadata`, out);
      checkClaimSpec(template.spec, `${here}.volumeClaimTemplate.spec`, out);
    }
    const name = `${owner}-${volume.name}`;
    if (owner !== '' && volume.name !== '')
      for (const error of dnsSubdomainErrors(name)) out.push(invalidValue(`${at}.name`, volume.name, `PVC name "${name}": ${error}`));
  }
  if (source === 'image' && image !== undefined) {
    if (!image.reference) out.push(required(`${here}.reference`));
    const policies = ['Always', 'IfNotPresent', 'Never'];
    if (!policies.includes(image.pullPolicy ?? '')) out.push(notSupported(`${here}.pullPolicy`, image.pullPolicy ?? '', policies));
  }
  const needed = neededFields[source];
  if (needed !== undefined) checkNeeded(volume[source] ?? {}, needed, here, out);
}

const oddPaths: Readonly<Partial<Record<Source, string>>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

function checkVolumeSource(volume: Volume, at: string, owner: string, out: Causes): void {
  let found = false;
  for (const source of sources) {
    if (volume[source] === undefined) continue;
    if (found) out.push(forbiddenValue(`${at}.${oddPaths[source] ?? source}`, 'may not specify more than 1 volume type'));
    else checkSource(volume, source, at, owner, out);
    found = true;
  }
  if (!found) out.push(required(at, 'must specify a volume type'));
}

/** Checks volumes and returns the valid ones, which are those that containers may mount. */
export function checkVolumes(volumes: readonly Volume[] | undefined, meta: Partial<ObjectMeta>, at: string, out: Causes): Volumes {
  const valid = new Map<string, Volume>();
  const owner = meta.name ?? '';
  const made = new Set((volumes ?? []).filter((volume) => volume.ephemeral !== undefined).map((volume) => `${owner}-${volume.name}`));
  for (const [index, volume] of (volumes ?? []).entries()) {
    const here = `${at}[${index}]`;
    const before = out.length;
    checkVolumeSource(volume, here, owner, out);
    if (volume.name === '') out.push(required(`${here}.name`));
    else checkDnsLabel(volume.name, `${here}.name`, out);
    if (valid.has(volume.name)) out.push(duplicate(`${here}.name`, volume.name));
    if (out.length === before) valid.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && owner !== '' && made.has(claim))
      out.push(
        invalidValue(
          `${here}.persistentVolumeClaim.claimName`,
          claim,
          'must not reference a PVC that gets created for an ephemeral volume',
        ),
      );
  }
  return valid;
}
