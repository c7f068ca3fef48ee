// Owns what a Service's Endpoints object should say: subsets of addresses that serve the same ports, at most 1000 addresses. Pure; upstream's rules.
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Pod, Service } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { formatTime } from '../../base/time.ts';
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
} from '../endpoint-slice/pod-facts.ts';
import { sortedPorts } from './port-order.ts';

const maxAddresses = 1000;
const overCapacity = 'endpoints.kubernetes.io/over-capacity';
const managedByLabel = 'endpoints.kubernetes.io/managed-by';

/** The object to write; undefined where the present one says it all. */
export function planEndpoints(
  service: Service,
  pods: readonly Pod[],
  present: Endpoints | undefined,
  changedMs: number | undefined,
): Draft<Endpoints> | undefined {
  const all = subsetsOf(service, pods);
  const subsets = truncated(all);
  const { name, namespace } = service.metadata;
  const { [headlessLabel]: _, ...copied } = service.metadata.labels ?? {};
  const labels = { ...copied, ...(isHeadless(service) ? { [headlessLabel]: '' } : {}), [managedByLabel]: 'endpoint-controller' };
  const { [lastChangeAnnotation]: __, [overCapacity]: before, ...kept } = present?.metadata.annotations ?? {};
  const over = subsets === all ? undefined : 'truncated';
  if (present !== undefined && same(present.subsets ?? [], subsets) && same(present.metadata.labels ?? {}, labels) && before === over)
    return undefined;
  const annotations = {
    ...kept,
    ...(changedMs === undefined ? {} : { [lastChangeAnnotation]: formatTime(changedMs) }),
    ...(over === undefined ? {} : { [overCapacity]: over }),
  };
  const metadata = { ...(present?.metadata ?? { name, ...(namespace === undefined ? {} : { namespace }) }), labels, annotations };
  return { metadata, ...(subsets.length === 0 ? {} : { subsets }) };
}

interface Place {
  readonly address: EndpointAddress;
  readonly ready: boolean;
}

/** Addresses with the same ports share a subset, whichever order they came in. */
function subsetsOf(service: Service, pods: readonly Pod[]): readonly EndpointSubset[] {
  const lenient = service.spec.publishNotReadyAddresses === true;
  const family = service.spec.ipFamilies?.[0] === 'IPv6' ? 'IPv6' : 'IPv4';
  const places = new Map<string, Map<string, Place>>();
  const portsByKey = new Map<string, EndpointPort | undefined>();
  for (const pod of pods) {
    const ip = counts(pod, lenient) ? addressesOf(pod, family)[0] : undefined;
    if (ip === undefined) continue;
    const place = { address: addressOf(service, pod, ip), ready: lenient || isReady(pod) };
    const bare = isHeadless(service) && (service.spec.ports ?? []).length === 0;
    for (const port of bare ? [undefined] : servedPorts(service, pod).map(portOf)) {
      const key = JSON.stringify(port ?? null);
      portsByKey.set(key, port);
      const at = places.get(key) ?? new Map<string, Place>();
      places.set(key, at.set(pod.metadata.uid, place));
    }
  }
  const subsets = new Map<string, { readonly ports: EndpointPort[]; readonly places: readonly Place[] }>();
  for (const [key, at] of places) {
    const sorted = [...at.values()].sort((one, other) => byAddress(one.address, other.address));
    const group = JSON.stringify(sorted.map(({ address, ready }) => [address.ip, address.targetRef?.uid, ready]));
    const subset = subsets.get(group) ?? { ports: [], places: sorted };
    const port = portsByKey.get(key);
    if (port !== undefined) subset.ports.push(port);
    subsets.set(group, subset);
  }
  return [...subsets.values()]
    .map(({ ports, places: all }) => {
      const [addresses, notReadyAddresses] = [true, false].map((wanted) =>
        all.filter(({ ready }) => ready === wanted).map(({ address }) => address),
      );
      return {
        ...(addresses?.length ? { addresses } : {}),
        ...(notReadyAddresses?.length ? { notReadyAddresses } : {}),
        ...(ports.length === 0 ? {} : { ports: sortedPorts(ports) }),
      };
    })
    .sort((one, other) => compare(JSON.stringify(one.ports), JSON.stringify(other.ports)));
}

function addressOf(service: Service, pod: Pod, ip: string): EndpointAddress {
  const { name, namespace, uid } = pod.metadata;
  const hostname = hostnameIn(pod, service);
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', ...(namespace === undefined ? {} : { namespace }), name, uid },
  };
}

function portOf({ name, port, protocol, appProtocol }: ServedPort): EndpointPort {
  return { ...(name === '' ? {} : { name }), port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
}

function byAddress(one: EndpointAddress, other: EndpointAddress): number {
  return compare(one.ip, other.ip) || compare(one.targetRef?.uid ?? '', other.targetRef?.uid ?? '');
}

function compare(one = '', other = ''): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The same list where all addresses fit; else those that are ready first, as many as fit. */
function truncated(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  const count = (of: 'addresses' | 'notReadyAddresses'): number => subsets.reduce((sum, subset) => sum + (subset[of]?.length ?? 0), 0);
  const ready = count('addresses');
  if (ready + count('notReadyAddresses') <= maxAddresses) return subsets;
  let room = Math.min(ready, maxAddresses);
  let otherRoom = maxAddresses - room;
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ...rest }) => {
    const [some, others] = [addresses.slice(0, room), notReadyAddresses.slice(0, otherRoom)];
    room -= some.length;
    otherRoom -= others.length;
    if (some.length + others.length === 0) return [];
    return [{ ...(some.length ? { addresses: some } : {}), ...(others.length ? { notReadyAddresses: others } : {}), ...rest }];
  });
}

function same(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([first], [second]) => compare(first, second)))
      : inner,
  );
}
