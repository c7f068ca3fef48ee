// Owns which checks /livez and /readyz name, in upstream's order and by upstream's names, since those are what people and probes exclude or ask for.
import type { Store } from '../../store/store.ts';
import type { HealthCheck } from './health.ts';

/**
 * The work that upstream's server starts with. Here all of it is done before the server listens (roles, priority classes, namespaces, the
 * default ServiceCIDR) or has no start of its own (informers: reads are served from the store), so that a server that answers has it behind it.
 */
const startHooks = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  'priority-and-fairness-config-consumer',
  'priority-and-fairness-filter',
  'storage-object-count-tracker-hook',
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'start-system-namespaces-controller',
  'peer-endpoint-reconciler-controller',
  'start-cluster-authentication-info-controller',
  'start-kube-apiserver-identity-lease-controller',
  'start-kube-apiserver-identity-lease-garbage-collector',
  'storage-readiness',
  'start-legacy-token-tracking-controller',
  'start-service-ip-repair-controllers',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'bootstrap-controller',
  'start-kubernetes-service-cidr-controller',
  'start-kube-aggregator-informers',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
];
const hooksAfterRegistration = ['apiservice-openapi-controller', 'apiservice-openapiv3-controller'];

const fine = (name: string): HealthCheck => ({ name, check: () => undefined });
const hook = (name: string): HealthCheck => fine(`poststarthook/${name}`);

/** The checks of /healthz and /livez, and those of /readyz. `closing` tells that the server is on its way out; `more` joins readiness. */
export function healthChecks(
  store: Store,
  closing: () => boolean,
  more: readonly HealthCheck[],
): { readonly live: readonly HealthCheck[]; readonly ready: readonly HealthCheck[] } {
  const etcd = storeCheck(store, 'etcd');
  const started = [...startHooks.map(hook), fine('autoregister-completion'), ...hooksAfterRegistration.map(hook)];
  const shutdown: HealthCheck = { name: 'shutdown', check: () => (closing() ? 'process is shutting down' : undefined) };
  return {
    live: [fine('ping'), fine('log'), fine('loopback-serving-certificate'), etcd, ...started],
    ready: [fine('ping'), fine('log'), etcd, storeCheck(store, 'etcd-readiness'), fine('informer-sync'), ...started, ...more, shutdown],
  };
}

/** Whether the store answers. */
function storeCheck(store: Store, name: string): HealthCheck {
  return {
    name,
    check: () => store.trouble,
  };
}
