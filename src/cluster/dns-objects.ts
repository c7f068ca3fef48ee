// Owns which objects make the cluster's DNS server known in the API: its Service and endpoints, and the rights that it watches with. Pure.
import type { AnyObject, Draft } from '../api/object.ts';
import type { Resource } from '../client/resource.ts';
import { resources } from '../client/resources.ts';
import type { BootstrapObject } from './bootstrap-objects.ts';

/** The service account that DNS watches as, under kubeadm's names. */
export const dnsAccount = { namespace: 'kube-system', name: 'coredns' };
const role = 'system:coredns';
const service = { namespace: 'kube-system', name: 'kube-dns' };

function made(resource: unknown, object: Draft<AnyObject>, keep: boolean): BootstrapObject {
  return { resource: resource as Resource<AnyObject>, object, keep };
}

/** `serviceIp`: where pods ask; `serverIp`: where the server listens, port 53. */
export function dnsObjects({ serviceIp, serverIp }: { readonly serviceIp: string; readonly serverIp: string }): readonly BootstrapObject[] {
  const watch = (apiGroups: readonly string[], names: readonly string[]) => ({ apiGroups, resources: names, verbs: ['list', 'watch'] });
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  const labels = { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' };
  return [
    made(resources.serviceAccounts, { metadata: dnsAccount }, true),
    made(
      resources.clusterRoles,
      {
        metadata: { name: role },
        rules: [watch([''], ['endpoints', 'services', 'pods', 'namespaces']), watch(['discovery.k8s.io'], ['endpointslices'])],
      },
      true,
    ),
    made(
      resources.clusterRoleBindings,
      {
        metadata: { name: role },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', ...dnsAccount }],
      },
      true,
    ),
    made(
      resources.services,
      {
        metadata: { ...service, labels },
        spec: {
          type: 'ClusterIP',
          clusterIP: serviceIp,
          clusterIPs: [serviceIp],
          ports: ports.map((port) => ({ ...port, targetPort: 53 })),
        },
      },
      true,
    ),
    made(
      resources.endpoints,
      {
        metadata: { ...service, labels: { ...labels, 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
        subsets: [{ addresses: [{ ip: serverIp }], ports }],
      },
      false,
    ),
    made(
      resources.endpointSlices,
      {
        metadata: { ...service, labels: { 'kubernetes.io/service-name': service.name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [serverIp], conditions: { ready: true } }],
        ports,
      },
      false,
    ),
  ];
}
