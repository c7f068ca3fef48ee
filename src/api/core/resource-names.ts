// Owns which resource names there are and what each may be used for.
import { qualifiedNameErrors } from '../names.ts';

const containerResources = new Set(['cpu', 'memory', 'ephemeral-storage']);
const standardResources = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'storage',
  'requests.storage',
  'services.nodeports',
  'services.loadbalancers',
]);
const integerResources = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

/** True for pages of a given size: `hugepages-2Mi`. */
export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}

/** True for names without a domain that containers may ask for. */
export function isContainerResource(name: string): boolean {
  return containerResources.has(name) || isHugePages(name);
}

/** True for the names without a domain that Kubernetes knows. */
export function isStandardResource(name: string): boolean {
  return standardResources.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-');
}

/** True for resources of Kubernetes itself: without a domain, or of kubernetes.io. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** True for resources that devices and others bring: of a foreign domain, and not a quota's `requests.…`. */
export function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith('requests.') && qualifiedNameErrors(`requests.${name}`).length === 0;
}

/** True where only whole amounts make sense. */
export function isIntegerResource(name: string): boolean {
  return integerResources.has(name) || isExtendedResource(name);
}

/** True where requests may differ from limits. */
export function allowsOvercommit(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

const quotaOnly = ['requests.', 'limits.'];

/** True for names without a domain that quotas count. */
export function isStandardQuotaResource(name: string): boolean {
  if (name === 'storage' || name.includes('/')) return false;
  return standardResources.has(name) || isHugePages(name) || quotaOnly.some((prefix) => name.startsWith(`${prefix}hugepages-`));
}
