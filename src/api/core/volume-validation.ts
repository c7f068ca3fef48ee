// Owns the validation of a pod's volumes.
import { duplicate, forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkDnsLabel, checkNoBacksteps } from '../field-checks.ts';
import type { ObjectMeta } from '../meta/v1.ts';
import { dnsSubdomainErrors } from '../names.ts';
import { parseQuantity } from '../quantity.ts';
import { checkClaimSpec, checkTemplateMetadata } from './claim-validation.ts';
import { checkDownwardFile, checkItem, checkMode } from './file-validation.ts';
import { checkProjection } from './projected-volume-validation.ts';
import type { HostPathVolumeSource, Volume } from './v1.ts';
import type { Volumes } from './volume-mount-validation.ts';
import { checkOutsideSource } from './volume-source-validation.ts';

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
/** A directory of the node. */
export function checkHostPath(source: HostPathVolumeSource, at: string, out: Causes): void {
  if (source.path === '') return void out.push(required(`${at}.path`));
  checkNoBacksteps(source.path, `${at}.path`, out);
  const type = source.type ?? '';
  if (!hostPathTypes.includes(type)) out.push(notSupported(`${at}.type`, type, hostPathTypes));
}

function checkSource(volume: Volume, source: Source, at: string, owner: string | undefined, out: Causes): void {
  const here = `${at}.${source}`;
  const { emptyDir, hostPath, secret, configMap, iscsi, persistentVolumeClaim: claim, downwardAPI, projected, ephemeral, image } = volume;
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
  if (source === 'iscsi' && iscsi?.initiatorName !== undefined && `${volume.name}:${iscsi.targetPortal}`.length > 64)
    out.push(
      invalidValue(
        `${at}.name`,
        volume.name,
        'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
      ),
    );
  if (source === 'persistentVolumeClaim' && claim?.claimName === '') out.push(required(`${here}.claimName`));
  if (source === 'downwardAPI' && downwardAPI !== undefined) {
    checkMode(downwardAPI.defaultMode, `${here}.defaultMode`, out);
    for (const file of downwardAPI.items ?? []) checkDownwardFile(file, here, out);
  }
  if (source === 'projected' && projected !== undefined) checkProjection(projected, here, out);
  if (source === 'ephemeral' && ephemeral !== undefined) {
    const template = ephemeral.volumeClaimTemplate;
    if (template === undefined) out.push(required(`${here}.volumeClaimTemplate`));
    else {
      checkTemplateMetadata(template.metadata, `${here}.volumeClaimTemplate.metadata`, out);
      checkClaimSpec(template.spec, `${here}.volumeClaimTemplate.spec`, out);
    }
    const name = `${owner}-${volume.name}`;
    if (owner && volume.name !== '')
      for (const error of dnsSubdomainErrors(name)) out.push(invalidValue(`${at}.name`, volume.name, `PVC name "${name}": ${error}`));
  }
  if (source === 'image' && image !== undefined) {
    if (owner !== undefined && !image.reference) out.push(required(`${here}.reference`));
    const policies = ['Always', 'IfNotPresent', 'Never'];
    if (image.pullPolicy === ('' as string)) out.push(required(`${here}.pullPolicy`));
    else if (!policies.includes(image.pullPolicy ?? '')) out.push(notSupported(`${here}.pullPolicy`, image.pullPolicy ?? '', policies));
  }
  checkOutsideSource(source, volume[source] ?? {}, at, out, { persistent: false, owner: volume.name });
}

const oddPaths: Readonly<Partial<Record<Source, string>>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

function checkVolumeSource(volume: Volume, at: string, owner: string | undefined, out: Causes): void {
  let found = false;
  for (const source of sources) {
    if (volume[source] === undefined) continue;
    if (found) out.push(forbiddenValue(`${at}.${oddPaths[source] ?? source}`, 'may not specify more than 1 volume type'));
    else checkSource(volume, source, at, owner, out);
    found = true;
  }
  if (!found) out.push(required(at, 'must specify a volume type'));
}

/** Checks volumes and returns the valid ones, which are those that containers may mount. `meta` is the pod's, undefined in a template. */
export function checkVolumes(
  volumes: readonly Volume[] | undefined,
  meta: Partial<ObjectMeta> | undefined,
  at: string,
  out: Causes,
): Volumes {
  const valid = new Map<string, Volume>();
  const owner = meta === undefined ? undefined : (meta.name ?? '');
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
    if (claim !== undefined && owner && made.has(claim))
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
