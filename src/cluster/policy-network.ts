// Owns NetworkPolicies on the nodes of this program: who may read what they depend on, and what beside pods they know.
import type { AnyObject, Draft } from '../api/object.ts';
import type { User } from '../apiserver/auth/user.ts';
import { componentUser } from '../apiserver/auth/user.ts';
import type { Client } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import { resources } from '../client/resources.ts';
import { type PolicyEnforcer, type PolicyEnforcerOptions, startPolicyEnforcer } from '../proxy/policies/policy-enforcer.ts';
import type { BootstrapObject } from './bootstrap-objects.ts';
import { nodeNetwork } from './identity.ts';

/** As whom policies are read in this process. */
export const policyUser: User = componentUser('peapod:network-policies');

/** The right to read them, for that user and for nodes that joined. */
export const policyReaders: readonly BootstrapObject[] = [
  {
    resource: resources.clusterRoles as unknown as Resource<AnyObject>,
    object: {
      metadata: { name: policyUser.name },
      rules: [
        { apiGroups: [''], resources: ['pods', 'namespaces'], verbs: ['list', 'watch'] },
        { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list', 'watch'] },
      ],
    } as Draft<AnyObject>,
    keep: true,
  },
  {
    resource: resources.clusterRoleBindings as unknown as Resource<AnyObject>,
    object: {
      metadata: { name: policyUser.name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: policyUser.name },
      subjects: [
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: policyUser.name },
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' },
      ],
    } as Draft<AnyObject>,
    keep: true,
  },
];

/** Enforces them on a node. The DNS server counts as a pod of kube-system with the labels that CoreDNS has: policies that let pods ask it are written so. */
export function enforcePolicies(
  options: Omit<PolicyEnforcerOptions, 'alike'> & { readonly client: Client; readonly clusterCidr: string },
): PolicyEnforcer {
  const dns = {
    namespace: 'kube-system',
    name: 'kube-dns',
    labels: { 'k8s-app': 'kube-dns' },
    ips: [nodeNetwork(options.clusterCidr, 0).address],
    ports: [
      { name: 'dns', protocol: 'udp', port: 53 },
      { name: 'dns-tcp', protocol: 'tcp', port: 53 },
    ],
    node: '',
  };
  return startPolicyEnforcer({ ...options, alike: [dns] });
}
