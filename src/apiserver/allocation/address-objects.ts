// Owns IPAddress objects: one for every cluster IP, written and removed in the same transaction as its Service, and put right at start.
import type { Service } from '../../api/core/v1.ts';
import { inFieldOrder } from '../../api/field-order.ts';
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import type { AnyObject } from '../../api/object.ts';
import type { Clock } from '../../base/clock.ts';
import type { Entropy } from '../../base/entropy.ts';
import { formatTime } from '../../base/time.ts';
import type { Compare, Store, Write } from '../../store/store.ts';
import type { ObjectSource } from '../auth/object-source.ts';
import type { Companions } from '../commit.ts';
import { recordOwnership } from '../managed-fields/record-ownership.ts';
import { keyOf, rangeOf } from '../storage-key.ts';
import { encodeStored, objectOf } from '../stored-object.ts';
import { canonicalAddress } from './cluster-addresses.ts';
import { isHeadless, needsClusterIP } from './ip-families.ts';

/** What the objects are made with. */
export interface AddressParts {
  readonly store: Store;
  readonly catalog: KindCatalog;
  readonly clock: Pick<Clock, 'now'>;
  readonly entropy: Entropy;
}

const managedBy = 'ipaddress.kubernetes.io/managed-by';
const allocator = 'ipallocator.k8s.io';
const manager = 'kube-apiserver';
const repairedAtOnce = 100;

/** The cluster IPs of a Service in their canonical spelling; none for a headless or external one. */
export function clusterIPsOf(service: Service | undefined): readonly string[] {
  const spec = service?.spec ?? {};
  if (service === undefined || !needsClusterIP(spec) || isHeadless(spec)) return [];
  return (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])).map(canonicalAddress);
}

interface Parent {
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Whether the Service that an IPAddress was made for still has that address. */
export function isStillUsed(objects: ObjectSource, address: AnyObject): boolean {
  const { resource, namespace = '', name = '' } = parentOf(address);
  if (resource !== 'services') return false;
  const service = objects.get({ group: '', resource }, namespace, name);
  return clusterIPsOf(service as unknown as Service | undefined).includes(address.metadata.name);
}

function parentOf(address: AnyObject): Parent {
  return ((address as { readonly spec?: { readonly parentRef?: Parent } }).spec?.parentRef ?? {}) as Parent;
}

function isParent({ metadata }: Service, { resource, namespace, name }: Parent): boolean {
  return resource === 'services' && namespace === metadata.namespace && name === metadata.name;
}

/** What goes with a write that makes `old` (absent: nothing) into `next` (absent: nothing). */
export function addressCompanions(parts: AddressParts, next: Service | undefined, old: Service | undefined): Companions | undefined {
  const { store, catalog } = parts;
  const kind = catalog.byKind('networking.k8s.io', 'v1', 'IPAddress');
  const [before, after] = [clusterIPsOf(old), clusterIPsOf(next)];
  const [gone, come] = [before.filter((ip) => !after.includes(ip)), after.filter((ip) => !before.includes(ip))];
  if (kind === undefined || (gone.length === 0 && come.length === 0)) return undefined;
  const compare: Compare[] = [];
  const writes: Write[] = [];
  for (const ip of come) {
    if (next === undefined) continue;
    const key = keyOf(kind, '', ip);
    const object = { ...addressObject(parts, next, ip), apiVersion: 'networking.k8s.io/v1', kind: 'IPAddress' } as AnyObject;
    const recorded = recordOwnership({ kind, old: undefined, next: object, manager, subresource: '', nowMs: parts.clock.now() });
    compare.push({ key, modRevision: 0 });
    writes.push({ type: 'put', key, value: encodeStored(inFieldOrder(kind, recorded)) });
  }
  for (const ip of gone) {
    const key = keyOf(kind, '', ip);
    const entry = store.get(key);
    if (entry !== undefined && old !== undefined && isParent(old, parentOf(objectOf(entry)))) writes.push({ type: 'delete', key });
  }
  return { compare, writes };
}

function addressObject({ clock, entropy }: AddressParts, { metadata }: Service, ip: string): object {
  return {
    metadata: {
      name: ip,
      uid: entropy.uuid(),
      creationTimestamp: formatTime(clock.now()),
      labels: { 'ipaddress.kubernetes.io/ip-family': ip.includes(':') ? 'IPv6' : 'IPv4', [managedBy]: allocator },
    },
    spec: { parentRef: { resource: 'services', namespace: metadata.namespace, name: metadata.name } },
  };
}

/** Makes the objects that are missing and removes our own that stand for nothing any more. What changes meanwhile is left as it is. */
export async function repairAddresses(parts: AddressParts): Promise<void> {
  const { store, catalog } = parts;
  const [addresses, services] = [catalog.byKind('networking.k8s.io', 'v1', 'IPAddress'), catalog.byKind('', 'v1', 'Service')];
  if (addresses === undefined || services === undefined) return;
  const used = new Map<string, Service>();
  for (const entry of store.range(rangeOf(services, '')).entries) {
    const service = objectOf(entry) as unknown as Service;
    for (const ip of clusterIPsOf(service)) used.set(ip, service);
  }
  const stale: Companions[] = [];
  for (const entry of store.range(rangeOf(addresses, '')).entries) {
    const address = objectOf(entry);
    const { name, labels } = address.metadata;
    const service = used.get(name);
    if (service !== undefined && isParent(service, parentOf(address))) used.delete(name);
    else if (labels?.[managedBy] === allocator)
      stale.push({ compare: [{ key: entry.key, modRevision: entry.modRevision }], writes: [{ type: 'delete', key: entry.key }] });
  }
  await carryOut(store, stale);
  const missing = [...used].flatMap(([ip, service]) => {
    const single = { ...service, spec: { ...service.spec, clusterIPs: [ip] } } as Service;
    return addressCompanions(parts, single, undefined) ?? [];
  });
  await carryOut(store, missing);
}

async function carryOut(store: Store, changes: readonly Companions[]): Promise<void> {
  for (let at = 0; at < changes.length; at += repairedAtOnce)
    await Promise.all(changes.slice(at, at + repairedAtOnce).map((change) => store.transact(change)));
}
