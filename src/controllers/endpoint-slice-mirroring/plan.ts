// Owns which endpoint slices mirror an Endpoints object that somebody keeps by hand. Pure; upstream's rules.
import { isIPv4, isIPv6 } from 'node:net';
import type { EndpointAddress, EndpointPort, Endpoints, Service } from '../../api/core/v1.ts';
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { Draft } from '../../api/object.ts';
import { repacked } from './repack.ts';

export const mirrorManager = 'endpointslicemirroring-controller.k8s.io';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const serviceNameLabel = 'kubernetes.io/service-name';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const changeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Whether these endpoints are somebody's own: no lock, not marked to be left alone, of a Service without selector (it may have had one). */
export function isMirrored({ metadata }: Endpoints, service: Service | undefined): boolean {
  const { labels = {}, annotations = {} } = metadata;
  if (labels[skipLabel] === 'true' || annotations[leaderAnnotation] !== undefined) return false;
  return service !== undefined && Object.keys(service.spec.selector ?? {}).length === 0;
}

/** What to write. `skipped`: addresses that are not mirrored, as they are too many or (`invalid`) no addresses. */
export interface MirrorPlan {
  readonly create: readonly Draft<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
  readonly skipped: number;
  readonly invalid: number;
}

type Content = Required<Pick<EndpointSlice, 'addressType' | 'endpoints' | 'ports'>>;

/** Plans for endpoints that are mirrored: one slice a set of ports and address family, however many there are. Those that are there are kept as far as they go. */
export function planMirror(endpoints: Endpoints, present: readonly EndpointSlice[], mostEach: number): MirrorPlan {
  const { contents, skipped, invalid } = contentsOf(endpoints, mostEach);
  const meta = metadataOf(endpoints);
  const prefix = `${endpoints.metadata.name}-`;
  const create: Draft<EndpointSlice>[] = [];
  const update: EndpointSlice[] = [];
  const spare = new Set(present);
  const place = (content: Content, fits: (slice: EndpointSlice) => boolean, more: { readonly generateName?: string }): boolean => {
    const slice = [...spare].find((one) => one.addressType === content.addressType && fits(one));
    if (slice === undefined) return false;
    spare.delete(slice);
    if (says(slice, content, meta)) return true;
    const { generateName: _, finalizers: __, ...kept } = slice.metadata;
    update.push({ ...slice, metadata: { ...kept, ...more, ...meta }, ...content });
    return true;
  };
  // Slices that serve the same ports first: written anew, they forget how they were named. Then those that nobody needs become the new ones.
  const samePorts = ({ ports }: Content): string => keyOf(ports);
  const homeless = contents.filter((content) => !place(content, ({ ports }) => keyOf(ports ?? []) === samePorts(content), {}));
  for (const content of homeless) {
    if (!place(content, () => true, { generateName: prefix })) create.push({ metadata: { generateName: prefix, ...meta }, ...content });
  }
  return { create, update, delete: [...spare], skipped, invalid };
}

/** Whether a slice says it all already, in whatever order. */
function says(slice: EndpointSlice, { endpoints, ports }: Content, meta: ReturnType<typeof metadataOf>): boolean {
  const { labels = {}, annotations = {}, ownerReferences } = slice.metadata;
  const sorted = (all: readonly Endpoint[]): readonly Endpoint[] =>
    [...all].sort((one, other) => (endpointKey(one) < endpointKey(other) ? -1 : 1));
  return (
    keyOf(slice.ports ?? []) === keyOf(ports) &&
    sameValue(sorted(slice.endpoints ?? []), sorted(endpoints)) &&
    sameValue([labels, annotations, ownerReferences], [meta.labels, meta.annotations, meta.ownerReferences])
  );
}

function contentsOf(
  { subsets = [] }: Endpoints,
  mostEach: number,
): { readonly contents: readonly Content[]; readonly skipped: number; readonly invalid: number } {
  let skipped = 0;
  let invalid = 0;
  const groups = new Map<string, { readonly content: Omit<Content, 'endpoints'>; readonly endpoints: Map<string, Endpoint> }>();
  for (const { ports, places } of repacked(subsets)) {
    const served = ports.map(portOf);
    let added = 0;
    for (const { address, ready } of places) {
      if (added >= mostEach) break;
      const addressType = isIPv4(address.ip) ? 'IPv4' : isIPv6(address.ip) ? 'IPv6' : undefined;
      if (addressType === undefined) {
        invalid++;
        continue;
      }
      added++;
      const key = `${addressType} ${keyOf(served)}`;
      const group = groups.get(key) ?? { content: { addressType, ports: served }, endpoints: new Map<string, Endpoint>() };
      groups.set(key, group);
      const endpoint = endpointOf(address, ready);
      group.endpoints.set(endpointKey(endpoint), endpoint);
    }
    skipped += places.length - added;
  }
  const contents = [...groups.values()].map(({ content, endpoints }) => ({
    ...content,
    endpoints: [...endpoints.values()].slice(0, mostEach),
  }));
  return { contents, skipped, invalid };
}

/** What makes an endpoint another one. */
function endpointKey({ addresses, targetRef }: Endpoint): string {
  return JSON.stringify([addresses, targetRef?.namespace, targetRef?.name]);
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
