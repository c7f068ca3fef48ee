// Owns what volumes must say that live outside the node: network file systems, disks, drivers. Pods and persistent volumes share the checks.
import { invalidValue, notSupported, required, tooLong } from '../causes.ts';
import { type Causes, checkDnsLabel, checkName, checkNoBacksteps, checkRelativePath, rangeMessage } from '../field-checks.ts';
import { dnsLabelErrors, dnsSubdomainErrors } from '../names.ts';
import { checkIscsi } from './iscsi-validation.ts';

/** A volume's source as it came: each check knows which fields it looks at. */
export type SourceFields = Readonly<Record<string, unknown>>;
/** Where a source stands: in a persistent volume secrets are named with their namespace. `owner` is the volume's name there. */
export interface SourcePlace {
  readonly persistent: boolean;
  readonly owner: string;
}
type Check = (source: SourceFields, at: string, out: Causes, place: SourcePlace) => void;

const longestDriverName = 63;

function textOf(source: SourceFields, field: string): string {
  const value = source[field];
  return typeof value === 'string' ? value : '';
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== '';
}

/** Fields that a source cannot do without. */
function needing(...fields: readonly string[]): Check {
  return (source, at, out) => {
    for (const field of fields) if (!isSet(source[field])) out.push(required(`${at}.${field}`));
  };
}

function both(first: Check, second: Check): Check {
  return (source, at, out, place) => {
    first(source, at, out, place);
    second(source, at, out, place);
  };
}

function checkPartition(source: SourceFields, at: string, out: Causes): void {
  const partition = Number(source['partition'] ?? 0);
  if (partition < 0 || partition > 255) out.push(invalidValue(`${at}.partition`, partition, rangeMessage(1, 255)));
}

/** A reference to a secret: its name, and in a persistent volume its namespace. */
function checkSecretRef(source: SourceFields, at: string, out: Causes, { persistent }: SourcePlace): void {
  const secret = source['secretRef'];
  if (secret === undefined || secret === null) return;
  for (const field of persistent ? ['name', 'namespace'] : ['name'])
    if (!isSet((secret as SourceFields)[field])) out.push(required(`${at}.secretRef.${field}`));
}

function checkNfs(source: SourceFields, at: string, out: Causes): void {
  needing('server', 'path')(source, at, out, { persistent: false, owner: '' });
  const path = textOf(source, 'path');
  if (!path.startsWith('/')) out.push(invalidValue(`${at}.path`, path, 'must be an absolute path'));
}

function checkFibre(source: SourceFields, at: string, out: Causes): void {
  const { targetWWNs: names, wwids, lun } = source;
  if (!isSet(names) && !isSet(wwids)) out.push(required(`${at}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  if (!isSet(names)) return;
  if (isSet(wwids)) out.push(invalidValue(`${at}.targetWWNs`, names, 'targetWWNs and wwids can not be specified simultaneously'));
  if (typeof lun !== 'number') out.push(required(`${at}.lun`, 'lun is required if targetWWNs is specified'));
  else if (lun < 0 || lun > 255) out.push(invalidValue(`${at}.lun`, lun, rangeMessage(0, 255)));
}

function checkQuobyte(source: SourceFields, at: string, out: Causes): void {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  const registry = textOf(source, 'registry');
  if (registry === '') out.push(required(`${at}.registry`, pairs));
  else if (textOf(source, 'tenant').length > 64)
    out.push(required(`${at}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
  else
    for (const pair of registry.split(','))
      if (!/^(\[[^\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair)) out.push(invalidValue(`${at}.registry`, registry, pairs));
  if (!isSet(source['volume'])) out.push(required(`${at}.volume`));
}

function checkGlusterfs(source: SourceFields, at: string, out: Causes, { persistent }: SourcePlace): void {
  needing('endpoints', 'path')(source, at, out, { persistent, owner: '' });
  const namespace = source['endpointsNamespace'];
  if (!persistent || typeof namespace !== 'string') return;
  const why = 'if the endpointnamespace is set, it must be a valid namespace name';
  checkName(namespace === '' ? [why] : dnsLabelErrors(namespace), namespace, `${at}.endpointsNamespace`, out);
}

function checkFlocker(source: SourceFields, at: string, out: Causes): void {
  const name = textOf(source, 'datasetName');
  const id = textOf(source, 'datasetUUID');
  if (name === '' && id === '') out.push(required(at, 'one of datasetName and datasetUUID is required'));
  if (name !== '' && id !== '') out.push(invalidValue(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (name.includes('/')) out.push(invalidValue(`${at}.datasetName`, name, "must not contain '/'"));
}

function checkFlex(source: SourceFields, at: string, out: Causes): void {
  if (!isSet(source['driver'])) out.push(required(`${at}.driver`));
  for (const key of Object.keys((source['options'] as object | undefined) ?? {})) {
    const owner = `.${(key.includes('/') ? key.slice(0, key.indexOf('/')) : key).toLowerCase()}`;
    if (owner.endsWith('.kubernetes.io') || owner.endsWith('.k8s.io'))
      out.push(invalidValue(`${at}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'));
  }
}

function checkAzureDisk(source: SourceFields, at: string, out: Causes): void {
  needing('diskName', 'diskURI')(source, at, out, { persistent: false, owner: '' });
  const { cachingMode: caching, kind } = source;
  const uri = textOf(source, 'diskURI');
  const cachings = ['None', 'ReadOnly', 'ReadWrite'];
  const kinds = ['Dedicated', 'Managed', 'Shared'];
  if (typeof caching === 'string' && !cachings.includes(caching)) out.push(notSupported(`${at}.cachingMode`, caching, cachings));
  if (typeof kind !== 'string') return;
  if (!kinds.includes(kind)) out.push(notSupported(`${at}.kind`, kind, kinds));
  const managed = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
  const blob = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';
  if (kind === 'Managed' && !uri.startsWith('/subscriptions/')) out.push(notSupported(`${at}.diskURI`, uri, [managed]));
  if (kind !== 'Managed' && !uri.startsWith('https://')) out.push(notSupported(`${at}.diskURI`, uri, [blob]));
}

function checkAzureFile(source: SourceFields, at: string, out: Causes, { persistent }: SourcePlace): void {
  needing('secretName', 'shareName')(source, at, out, { persistent, owner: '' });
  if (persistent && source['secretNamespace'] === '') out.push(required(`${at}.secretNamespace`));
}

function checkStorageOs(source: SourceFields, at: string, out: Causes, place: SourcePlace): void {
  const name = textOf(source, 'volumeName');
  const namespace = textOf(source, 'volumeNamespace');
  if (name === '') out.push(required(`${at}.volumeName`));
  else checkDnsLabel(name, `${at}.volumeName`, out);
  if (namespace !== '') checkDnsLabel(namespace, `${at}.volumeNamespace`, out);
  checkSecretRef(source, at, out, place);
}

/** The name of a storage driver: a DNS subdomain in any case, at most 63 bytes. */
export function checkDriverName(name: string, at: string, out: Causes): void {
  if (name === '') return void out.push(required(at));
  if (name.length > longestDriverName) out.push(tooLong(at, longestDriverName));
  checkName(dnsSubdomainErrors(name.toLowerCase()), name, at, out);
}

const driverSecrets = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'];

function checkCsi(source: SourceFields, at: string, out: Causes, { persistent }: SourcePlace): void {
  checkDriverName(textOf(source, 'driver'), `${at}.driver`, out);
  if (persistent) {
    if (!isSet(source['volumeHandle'])) out.push(required(`${at}.volumeHandle`));
    for (const field of driverSecrets) {
      const secret = source[field] as SourceFields | undefined;
      if (secret === undefined) continue;
      const here = `${at}.${field}`;
      const name = textOf(secret, 'name');
      const namespace = textOf(secret, 'namespace');
      if (name === '') out.push(required(`${here}.name`));
      else checkName(dnsSubdomainErrors(name), name, `${here}.name`, out);
      if (namespace === '') out.push(required(`${here}.namespace`));
      else checkDnsLabel(namespace, `${here}.namespace`, out);
    }
    return;
  }
  const secret = source['nodePublishSecretRef'] as SourceFields | undefined;
  if (secret === undefined) return;
  const name = textOf(secret, 'name');
  if (name === '') out.push(required(`${at}.nodePublishSecretRef.name`));
  else checkName(dnsSubdomainErrors(name), name, `${at}.name`, out);
}

const checks: Readonly<Record<string, Check>> = {
  gitRepo: both(needing('repository'), (source, at, out) => checkRelativePath(textOf(source, 'directory'), `${at}.directory`, out)),
  gcePersistentDisk: both(needing('pdName'), checkPartition),
  awsElasticBlockStore: both(needing('volumeID'), checkPartition),
  nfs: checkNfs,
  iscsi: (source, at, out, { persistent, owner }) => checkIscsi(source, persistent ? owner : undefined, at, out),
  glusterfs: checkGlusterfs,
  flocker: checkFlocker,
  rbd: needing('monitors', 'image'),
  cinder: both(needing('volumeID'), checkSecretRef),
  cephfs: needing('monitors'),
  quobyte: checkQuobyte,
  fc: checkFibre,
  flexVolume: checkFlex,
  azureFile: checkAzureFile,
  azureDisk: checkAzureDisk,
  vsphereVolume: needing('volumePath'),
  photonPersistentDisk: needing('pdID'),
  portworxVolume: needing('volumeID'),
  scaleIO: needing('gateway', 'system', 'volumeName'),
  storageos: checkStorageOs,
  csi: checkCsi,
  local(source, at, out) {
    const path = textOf(source, 'path');
    if (path === '') out.push(required(`${at}.path`));
    else checkNoBacksteps(path, `${at}.path`, out);
  },
};

/** Checks a source of the kind `field` names; kinds that only pods have are checked elsewhere. `parent` is the field that holds it. */
export function checkOutsideSource(field: string, source: object, parent: string, out: Causes, place: SourcePlace): void {
  const at = `${parent}.${field === 'gcePersistentDisk' ? 'persistentDisk' : field}`;
  checks[field]?.(source as SourceFields, at, out, place);
}
