// Owns how a whole struct is shown in a refusal: as upstream's own unversioned Go struct, with Go's field names and all its zero values.
import { goFieldsOf } from './decode-fields.ts';

/** Leading words of JSON names that Go spells in capitals. */
const initials: Readonly<Record<string, string>> = {
  api: 'API',
  aws: 'AWS',
  cel: 'CEL',
  cephfs: 'CephFS',
  cidr: 'CIDR',
  cidrs: 'CIDRs',
  csi: 'CSI',
  dns: 'DNS',
  fc: 'FC',
  fs: 'FS',
  gce: 'GCE',
  http: 'HTTP',
  id: 'ID',
  ip: 'IP',
  iqn: 'IQN',
  iscsi: 'ISCSI',
  nfs: 'NFS',
  os: 'OS',
  rbd: 'RBD',
  se: 'SE',
  tls: 'TLS',
  ttl: 'TTL',
  uid: 'UID',
  url: 'URL',
};
const integers = /^(u?int(8|16|32|64)?|float64)$/;
/** Types of the meta group are shared with the versioned API and keep their JSON names; so do quantities and times. */
const metaPackage = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const corePackage = 'io.k8s.api.core.v1';

function goName(name: string): string {
  const head = /^[a-z]+/.exec(name)?.[0] ?? '';
  const capitals = initials[head];
  return capitals === undefined ? name.charAt(0).toUpperCase() + name.slice(1) : capitals + name.slice(head.length);
}

function resolve(owner: string, type: string): string | undefined {
  const name = type.slice(type.lastIndexOf('.') + 1);
  return [owner, corePackage, metaPackage].map((group) => `${group}.${name}`).find((full) => goFieldsOf(full) !== undefined);
}

function printed(owner: string, type: string, pointer: boolean, value: unknown): unknown {
  const list = /^(?:\[\]|map\[[a-zA-Z0-9.]+\])(.*)$/.exec(type);
  if (list !== null) {
    if (value === undefined || value === null) return null;
    const inner = list[1] ?? '';
    const items = inner.startsWith('*') ? inner.slice(1) : inner;
    if (Array.isArray(value)) return value.map((item) => printed(owner, items, false, item));
    if (typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, printed(owner, items, false, item)]));
  }
  if (pointer && (value === undefined || value === null)) return null;
  const full = resolve(owner, type);
  if (full?.startsWith(metaPackage)) return value ?? {};
  if (full !== undefined) return goStruct(full, value);
  if (value !== undefined && value !== null) return value;
  if (type === 'bool') return false;
  if (type.endsWith('Time')) return null;
  if (type === 'resource.Quantity') return '0';
  return integers.test(type) || type === 'intstr.IntOrString' ? 0 : '';
}

/** A wire value of the type (`io.k8s.api.core.v1.Taint`) as its Go struct prints. A type that is not known prints as it is. */
export function goStruct(type: string, value: unknown): unknown {
  const fields = goFieldsOf(type);
  if (fields === undefined) return value ?? null;
  const given = (value ?? {}) as Readonly<Record<string, unknown>>;
  const owner = type.slice(0, type.lastIndexOf('.'));
  return Object.fromEntries(fields.map((field) => [goName(field.name), printed(owner, field.type, field.pointer, given[field.name])]));
}
