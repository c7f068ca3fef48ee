// Owns which endpoint slices mirror an Endpoints object that somebody keeps by hand. Pure; upstream's rules.
import { isIPv4, isIPv6 } from 'node:net';
import type { EndpointAddress, EndpointPort, Endpoints, Service } from '../../api/core/v1.ts';
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { Draft } from '../../api/object.ts';

export const mirrorManager = 'endpointslicemirroring-controller.k8s.io';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const serviceNameLabel = 'kubernetes.io/service-name';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const ownManagedBy = 'endpoints.kubernetes.io/managed-by';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const changeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** A slice holds so many. */
const mostInSlice = 100;

/** Whether these endpoints are somebody's own: no controller's, no lock, not marked to be left alone, of a Service without selector. */
export function isMirrored({ metadata }: Endpoints, service: Service | undefined): boolean {
  const { labels = {}, annotations = {} } = metadata;
  if (labels[skipLabel] === 'true' || annotations[leaderAnnotation] !== undefined || labels[ownManagedBy] !== undefined) return false;
  return service !== undefined && Object.keys(service.spec.selector ?? {}).length === 0;
}

/** What to write. `skipped`: addresses beyond the most that are mirrored a subset; `invalid`: those that are no addresses. */
export interface MirrorPlan {
  readonly create: readonly Draft<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
  readonly skipped: number;
  readonly invalid: number;
}

interface Group {
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: NonNullable<EndpointSlice['ports']>;
  readonly endpoints: Map<string, Endpoint>;
}

/** Plans for endpoints that are mirrored. One slice a set of ports and address family, 100 at most each; those that are there are kept as far as they go. */
export function planMirror(endpoints: Endpoints, present: readonly EndpointSlice[], mostEach: number): MirrorPlan {
  const groups = new Map<string, Group>();
  let skipped = 0;
  let invalid = 0;
  for (const { ports = [], addresses = [], notReadyAddresses = [] } of endpoints.subsets ?? []) {
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ];
    skipped += Math.max(0, all.length - mostEach);
    for (const { address, ready } of all.slice(0, mostEach)) {
      const addressType = isIPv4(address.ip) ? 'IPv4' : isIPv6(address.ip) ? 'IPv6' : undefined;
      if (addressType === undefined) {
        invalid++;
        continue;
      }
      const served = ports.map(portOf);
      const key = JSON.stringify([addressType, keyOf(served)]);
      const group = groups.get(key) ?? { addressType, ports: served, endpoints: new Map() };
      groups.set(key, group);
      group.endpoints.set(address.ip, endpointOf(address, ready));
    }
  }
  const meta = metadataOf(endpoints);
  const create: Draft<EndpointSlice>[] = [];
  const update: EndpointSlice[] = [];
  const spare = new Set(present);
  const contents = [...groups.values()].flatMap(({ addressType, ports, endpoints: wanted }) => {
    const all = [...wanted.values()];
    const parts = Array.from({ length: Math.ceil(all.length / mostInSlice) }, (_, part) =>
      all.slice(part * mostInSlice, (part + 1) * mostInSlice),
    );
    return parts.map((part) => ({ addressType, endpoints: part, ports }));
  });
  type Content = (typeof contents)[number];
  const place = (content: Content, fits: (slice: EndpointSlice) => boolean): boolean => {
    const slice = [...spare].find((one) => one.addressType === content.addressType && fits(one));
    if (slice === undefined) return false;
    spare.delete(slice);
    const { labels, annotations, ownerReferences } = slice.metadata;
    const same =
      sameValue(slice.endpoints ?? [], content.endpoints) &&
      keyOf(slice.ports ?? []) === keyOf(content.ports) &&
      sameValue([labels ?? {}, annotations ?? {}, ownerReferences], [meta.labels, meta.annotations, meta.ownerReferences]);
    if (!same) update.push({ ...slice, metadata: { ...slice.metadata, ...meta }, ...content });
    return true;
  };
  // Slices that serve the same ports first; then those that nobody needs become the new ones.
  const homeless = contents.filter((content) => !place(content, ({ ports }) => keyOf(ports ?? []) === keyOf(content.ports)));
  for (const content of homeless)
    if (!place(content, () => true)) create.push({ metadata: { generateName: `${endpoints.metadata.name}-`, ...meta }, ...content });
  return { create, update, delete: [...spare], skipped, invalid };
}

function metadataOf({ metadata }: Endpoints) {
  const { name, namespace, uid, labels = {}, annotations = {} } = metadata;
  const { [changeAnnotation]: _, [lastApplied]: __, ...copied } = annotations;
  const owner = { apiVersion: 'v1', kind: 'Endpoints', name, uid, controller: true, blockOwnerDeletion: true };
  return {
    ...(namespace === undefined ? {} : { namespace }),
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirrorManager },
    annotations: copied,
    ownerReferences: [owner],
  };
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

function portOf({ name = '', port, protocol = 'TCP', appProtocol }: EndpointPort): NonNullable<EndpointSlice['ports']>[number] {
  return { name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
}

function keyOf(ports: NonNullable<EndpointSlice['ports']>): string {
  return JSON.stringify(
    ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => [name, port, protocol, appProtocol ?? null]).sort(),
  );
}
