// Owns which endpoint slices a Service should have, keeping those that it has as far as they go. Pure; upstream's rules.
import type { Node, ObjectReference, Pod, Service } from '../../api/core/v1.ts';
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1.ts';
import type { Draft } from '../../api/object.ts';
import { formatTime } from '../../base/time.ts';
import { type Hinted, type SliceSet, wantsShares, withHints } from './hints.ts';
import {
  addressesOf,
  counts,
  headlessLabel,
  hostnameIn,
  isHeadless,
  isReady,
  lastChangeAnnotation,
  type ServedPort,
  servedPorts,
} from './pod-facts.ts';
import type { ZoneShares } from './zone-shares.ts';

/** A slice holds this many endpoints. */
export const maxEndpoints = 100;
export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';

/** What to write. Updated slices carry the version that they were read at. */
export interface SlicesPlan {
  readonly create: readonly Draft<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
  /** Pods that were left out because their node is not known: upstream's complaint about each. */
  readonly complaints: readonly string[];
  /** By address family, where the Service asks for shares by zone: what each zone was given, or why none was. */
  readonly shares: ReadonlyMap<string, Pick<Hinted, 'given' | 'refusal'>>;
}

/** What is known when planning. `changedMs`: since when the endpoints are out of date. */
export interface Observed {
  readonly pods: readonly Pod[];
  readonly slices: readonly EndpointSlice[];
  readonly node: (name: string) => Node | undefined;
  readonly changedMs: number | undefined;
  /** The zones' shares of the cluster; absent where they are not known. */
  readonly zones?: ZoneShares;
  /** So many endpoints fit into a slice; 100 unless told. */
  readonly most?: number;
}

/** Plans for a Service that has endpoints. */
export function planSlices(service: Service, { pods, slices, node, changedMs, zones, most = maxEndpoints }: Observed): SlicesPlan {
  const families = (service.spec.ipFamilies ?? ['IPv4']).filter((family) => family !== '');
  // What another Service of that name left behind is not taken over.
  const isOurs = (slice: EndpointSlice): boolean => ownedBy(slice, service) && families.some((family) => family === slice.addressType);
  const complaints = new Set<string>();
  const plans = families.map((family) => {
    const groups = new Map<string, Group>();
    for (const pod of pods) {
      const addresses = counts(pod, true) ? addressesOf(pod, family) : [];
      if (addresses.length === 0) continue;
      const onNode = pod.spec.nodeName ? node(pod.spec.nodeName) : undefined;
      if (pod.spec.nodeName && onNode === undefined && !service.spec.publishNotReadyAddresses) {
        const { name, namespace } = service.metadata;
        complaints.add(`skipping Pod ${pod.metadata.name} for Service ${namespace}/${name}: Node ${pod.spec.nodeName} Not Found`);
        continue;
      }
      const ports = servedPorts(service, pod);
      const key = portsKey(ports);
      const group = groups.get(key) ?? { ports, wanted: new Map() };
      group.wanted.set(pod.metadata.uid, endpointOf(service, pod, addresses, onNode));
      groups.set(key, group);
    }
    const own = slices.filter((slice) => slice.addressType === family && isOurs(slice));
    const plan = planFamily(service, family, own, groups, most);
    return { ...plan, family, hinted: withHints(service, plan, zones) };
  });
  const finish = <T extends Draft<EndpointSlice>>(slice: T): T => ({ ...slice, metadata: withTime(slice.metadata, changedMs) });
  return {
    create: plans.flatMap(({ hinted }) => hinted.create.map(finish)),
    update: plans.flatMap(({ hinted }) => hinted.update.map(finish)),
    delete: [...slices.filter((slice) => !isOurs(slice)), ...plans.flatMap((plan) => plan.delete)],
    complaints: [...complaints],
    shares: wantsShares(service) ? new Map(plans.map(({ family, hinted }) => [family, hinted])) : new Map(),
  };
}

interface Group {
  readonly ports: readonly ServedPort[];
  readonly wanted: Map<string, Endpoint>;
}

/** One address family: each set of ports has slices of its own; slices no longer needed become the new ones. */
function planFamily(
  service: Service,
  addressType: 'IPv4' | 'IPv6',
  slices: readonly EndpointSlice[],
  groups: ReadonlyMap<string, Group>,
  most: number,
): SliceSet & Pick<SlicesPlan, 'delete'> {
  const labels = labelsOf(service);
  const fresh: { readonly endpoints: readonly Endpoint[]; readonly ports: readonly ServedPort[] }[] = [];
  const update: EndpointSlice[] = [];
  const unchanged: EndpointSlice[] = [];
  const spare: EndpointSlice[] = slices.filter((slice) => !groups.has(portsKey(slice.ports ?? [])) || isPlaceholder(slice));
  let kept = 0;
  for (const [key, { ports, wanted }] of groups) {
    const left = new Map(wanted);
    const open: { readonly slice: EndpointSlice; readonly endpoints: Endpoint[]; changed: boolean }[] = [];
    for (const slice of slices) {
      if (spare.includes(slice) || portsKey(slice.ports ?? []) !== key) continue;
      const before = slice.endpoints ?? [];
      const endpoints = before.flatMap((endpoint) => {
        const uid = endpoint.targetRef?.uid ?? '';
        const next = left.get(uid);
        left.delete(uid);
        return next === undefined ? [] : [next];
      });
      const changed =
        canonical(endpoints) !== canonical(before.map(({ hints: _, ...rest }) => rest)) ||
        canonical(slice.metadata.labels) !== canonical(labels);
      if (endpoints.length === 0) spare.push(slice);
      else open.push({ slice, endpoints, changed });
    }
    // Slices that are written anyway are filled first, the fullest first; then the fullest other one with room for all that is left.
    const fill = (one: (typeof open)[number]): void => {
      for (const [uid, endpoint] of left) {
        if (one.endpoints.length >= most) return;
        one.endpoints.push(endpoint);
        one.changed = true;
        left.delete(uid);
      }
    };
    const fullest = [...open].sort((one, other) => other.endpoints.length - one.endpoints.length);
    for (const one of fullest) if (one.changed) fill(one);
    while (left.size > 0) {
      const room = left.size < most ? fullest.find((one) => !one.changed && one.endpoints.length + left.size <= most) : undefined;
      if (room !== undefined) fill(room);
      else {
        const part = [...left].slice(0, most);
        for (const [uid] of part) left.delete(uid);
        fresh.push({ endpoints: part.map(([, endpoint]) => endpoint), ports });
      }
    }
    kept += open.length;
    for (const { slice, endpoints, changed } of open)
      if (changed) update.push({ ...slice, metadata: { ...slice.metadata, labels }, endpoints });
      else unchanged.push(slice);
  }
  if (kept === 0 && fresh.length === 0) {
    const present = spare.find(isPlaceholder);
    if (present !== undefined) {
      spare.splice(spare.indexOf(present), 1);
      if (canonical(present.metadata.labels) !== canonical(labels)) update.push({ ...present, metadata: { ...present.metadata, labels } });
      else unchanged.push(present);
    } else fresh.push({ endpoints: [], ports: [] });
  }
  const create: Draft<EndpointSlice>[] = [];
  for (const content of fresh) {
    const slice = spare.shift();
    if (slice === undefined) create.push({ metadata: newMetadata(service, labels), addressType, ...content });
    else update.push({ ...slice, metadata: { ...slice.metadata, labels }, ...content });
  }
  return { create, update, unchanged, delete: spare };
}

function isPlaceholder({ endpoints, ports }: EndpointSlice): boolean {
  return (endpoints ?? []).length === 0 && (ports ?? []).length === 0;
}

function newMetadata({ metadata }: Service, labels: Readonly<Record<string, string>>): Draft<EndpointSlice>['metadata'] {
  const { name, namespace, uid } = metadata;
  const owner = { apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true };
  return { generateName: `${name}-`, ...(namespace === undefined ? {} : { namespace }), labels, ownerReferences: [owner] };
}

/** The Service's labels without those that mean something on slices, and these. */
function labelsOf(service: Service): Readonly<Record<string, string>> {
  const { [headlessLabel]: _, ...copied } = service.metadata.labels ?? {};
  return {
    ...copied,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    [serviceNameLabel]: service.metadata.name,
    [managedByLabel]: managedBy,
  };
}

function withTime<M extends Draft<EndpointSlice>['metadata']>(metadata: M, changedMs: number | undefined): M {
  const { [lastChangeAnnotation]: _, ...others } = metadata.annotations ?? {};
  return { ...metadata, annotations: changedMs === undefined ? others : { ...others, [lastChangeAnnotation]: formatTime(changedMs) } };
}

function endpointOf(service: Service, pod: Pod, addresses: readonly string[], node: Node | undefined): Endpoint {
  const { name, namespace, uid, deletionTimestamp } = pod.metadata;
  const serving = isReady(pod);
  const terminating = deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const hostname = hostnameIn(pod, service);
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone'];
  const targetRef: ObjectReference = { kind: 'Pod', ...(namespace === undefined ? {} : { namespace }), name, uid };
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef,
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone === undefined ? {} : { zone }),
  };
}

function ownedBy({ metadata }: EndpointSlice, service: Service): boolean {
  return metadata.ownerReferences?.some(({ kind, uid }) => kind === 'Service' && uid === service.metadata.uid) ?? false;
}

function portsKey(ports: NonNullable<EndpointSlice['ports']>): string {
  return JSON.stringify(
    ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => [name, port, protocol, appProtocol ?? null]).sort(),
  );
}

/** JSON with members in order, so that equal values are equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
