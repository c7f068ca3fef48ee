// Owns what services, claims and every other object use of a quota. Pure.
import type { PersistentVolumeClaim, Service } from '../../api/core/v1.ts';
import { compareQuantity, parseQuantity, roundUpQuantity } from '../../api/quantity.ts';
import type { ResourceClaim } from '../../api/resource/v1.ts';
import { type AmountList, add } from './amounts.ts';

const one = '1';
const classSuffix = '.storageclass.storage.k8s.io/';
const deviceSuffix = '.deviceclass.resource.k8s.io/devices';
/** As many devices as one claim can hold: what "all of them" is taken for. */
const mostDevices = 32;

/** Kinds that quotas could count before every kind had a name for that. */
const oldCounts = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);

/** `count/deployments.apps`, `count/secrets`. */
export function countName(group: string, resource: string): string {
  return `count/${resource}${group === '' ? '' : `.${group}`}`;
}

/** The names that one object of a resource counts for. */
export function countNames(group: string, resource: string): readonly string[] {
  return group === '' && oldCounts.has(resource) ? [resource, countName(group, resource)] : [countName(group, resource)];
}

/** The names of a quota that Services count for. */
export const serviceNames: readonly string[] = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers'];

/** What a Service uses: itself, its node ports, its load balancer. */
export function serviceUsage({ spec }: Service): AmountList {
  const ports = spec?.ports ?? [];
  const balanced = spec?.type === 'LoadBalancer';
  const given = balanced && spec?.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort) : ports;
  const nodePorts = balanced || spec?.type === 'NodePort' ? given.length : 0;
  return {
    'count/services': one,
    services: one,
    'services.nodeports': String(nodePorts),
    'services.loadbalancers': balanced ? one : '0',
  };
}

/** The names of a quota that claims on volumes count for, of those given. */
export function claimNames(names: readonly string[]): readonly string[] {
  return names.filter(
    (name) =>
      name === 'persistentvolumeclaims' ||
      name === 'requests.storage' ||
      name === 'count/persistentvolumeclaims' ||
      name.endsWith(`${classSuffix}requests.storage`) ||
      name.endsWith(`${classSuffix}persistentvolumeclaims`),
  );
}

/** What a claim on a volume uses, also by the name of its class. */
export function claimUsage({ metadata, spec, status }: PersistentVolumeClaim): AmountList {
  const className = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
  const asked = spec?.resources?.requests?.['storage'];
  const allocated = status?.allocatedResources?.['storage'];
  const larger = asked !== undefined && allocated !== undefined && compareQuantity(allocated, asked) > 0 ? allocated : asked;
  const storage = larger === undefined ? undefined : roundUpQuantity(parseQuantity(larger), 0);
  return {
    'count/persistentvolumeclaims': one,
    persistentvolumeclaims: one,
    ...(className === '' ? {} : { [`${className}${classSuffix}persistentvolumeclaims`]: one }),
    ...(storage === undefined ? {} : { 'requests.storage': storage }),
    ...(storage === undefined || className === '' ? {} : { [`${className}${classSuffix}requests.storage`]: storage }),
  };
}

/** The names of a quota that claims on devices count for, of those given. */
export function deviceNames(names: readonly string[]): readonly string[] {
  return names.filter((name) => name === 'count/resourceclaims.resource.k8s.io' || name.endsWith(deviceSuffix));
}

/** What a claim on devices uses: of alternatives the most of each class. */
export function deviceUsage({ spec }: ResourceClaim): AmountList {
  let usage: AmountList = { 'count/resourceclaims.resource.k8s.io': one };
  const amount = (request: { readonly allocationMode?: string; readonly count?: number }): number =>
    request.allocationMode === 'All' ? mostDevices : (request.count ?? 1);
  for (const request of spec?.devices?.requests ?? []) {
    const most = new Map<string, number>();
    for (const one of [request.exactly, ...(request.firstAvailable ?? [])]) {
      if (one === undefined) continue;
      most.set(one.deviceClassName, Math.max(most.get(one.deviceClassName) ?? 0, amount(one)));
    }
    usage = add(usage, Object.fromEntries([...most].map(([name, count]) => [`${name}${deviceSuffix}`, String(count)])));
  }
  return usage;
}
