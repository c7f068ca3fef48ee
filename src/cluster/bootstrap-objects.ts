// Owns which objects every cluster has from its first moment: namespaces, the Service `kubernetes` and its endpoints, priority classes. Pure.
import type { AnyObject, Draft } from '../api/object.ts';
import { reconciledPolicy } from '../apiserver/auth/reconcile-policy.ts';
import type { Resource } from '../client/resource.ts';
import { resources } from '../client/resources.ts';
import { kubernetesEndpoints } from './kubernetes-addresses.ts';

/** An object that must exist. `keep`: an existing one is left as it is; otherwise it is brought to this form at each start. */
export interface BootstrapObject {
  readonly resource: Resource<AnyObject>;
  readonly object: Draft<AnyObject>;
  readonly keep: boolean;
  /** Who is said to manage its fields; absent: the API server. */
  readonly manager?: string;
  /** What an existing one that is kept becomes, where it lacks something. */
  readonly completed?: (present: AnyObject) => AnyObject | undefined;
}

/** What the objects depend on. */
export interface BootstrapFacts {
  /** The first address of the service range. */
  readonly kubernetesIp: string;
  readonly serviceCidrs: readonly string[];
  /** Where the API listens for pods; undefined: the endpoints of `kubernetes` are somebody else's to write. */
  readonly apiIp: string | undefined;
  readonly apiPort: number;
  /** PEM of the authority whose client certificates are believed: API servers beside this one read it. */
  readonly caPem: string;
  /** The day on which the cluster begins: since then uses of tokens that are kept in Secrets are noted. */
  readonly today: string;
  /** The default StorageClass; undefined: there is none. */
  readonly storageClass: Draft<AnyObject> | undefined;
}

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const kubernetesLabels = { component: 'apiserver', provider: 'kubernetes' };

const untyped = (resource: Resource<never> | Resource<AnyObject>): Resource<AnyObject> => resource as Resource<AnyObject>;

/** In the order in which they must be made. */
export function bootstrapObjects({
  kubernetesIp,
  serviceCidrs,
  apiIp,
  apiPort,
  caPem,
  today,
  storageClass,
}: BootstrapFacts): readonly BootstrapObject[] {
  return [
    ...namespaces.map((name) => ({
      resource: untyped(resources.namespaces as Resource<never>),
      object: { metadata: { name } },
      keep: true,
    })),
    {
      resource: untyped(resources.serviceCIDRs as Resource<never>),
      object: { metadata: { name: 'kubernetes' }, spec: { cidrs: serviceCidrs } },
      keep: true,
      completed: (present) => withSecondRange(present, serviceCidrs),
    },
    {
      resource: untyped(resources.services as Resource<never>),
      object: {
        metadata: { name: 'kubernetes', namespace: 'default', labels: kubernetesLabels },
        spec: {
          type: 'ClusterIP',
          clusterIP: kubernetesIp,
          clusterIPs: [kubernetesIp],
          ipFamilies: [kubernetesIp.includes(':') ? 'IPv6' : 'IPv4'],
          ipFamilyPolicy: 'SingleStack',
          sessionAffinity: 'None',
          ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: apiPort }],
        },
      },
      keep: true,
    },
    ...(apiIp === undefined ? [] : kubernetesEndpoints([{ ip: apiIp, port: apiPort }]).map((one) => ({ ...one, keep: false }))),
    {
      resource: untyped(resources.configMaps as Resource<never>),
      object: { metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' }, data: { 'client-ca-file': caPem } },
      keep: false,
    },
    {
      resource: untyped(resources.configMaps as Resource<never>),
      object: {
        metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' },
        data: { since: today },
      },
      keep: true,
    },
    ...[
      [
        'system-cluster-critical',
        2_000_000_000,
        'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
      ],
      ['system-node-critical', 2_000_001_000, 'Used for system critical pods that must not be moved from their current node.'],
    ].map(([name, value, description]) => ({
      resource: untyped(resources.priorityClasses as Resource<never>),
      object: { metadata: { name: String(name) }, value, description },
      keep: true,
    })),
    ...(storageClass === undefined
      ? []
      : [{ resource: untyped(resources.storageClasses as Resource<never>), object: storageClass, keep: true }]),
  ];
}

/** A cluster that had one range of Services may get one of the other family beside it. */
function withSecondRange(present: AnyObject, serviceCidrs: readonly string[]): AnyObject | undefined {
  const { cidrs = [] } = ((present as { readonly spec?: { readonly cidrs?: readonly string[] } }).spec ?? {}) as {
    cidrs?: readonly string[];
  };
  const grown = cidrs.length === 1 && serviceCidrs.length === 2 && cidrs[0] === serviceCidrs[0];
  return grown ? ({ ...present, spec: { cidrs: serviceCidrs } } as AnyObject) : undefined;
}

const policyResources: Readonly<Record<string, Resource<AnyObject>>> = {
  ClusterRole: untyped(resources.clusterRoles as Resource<never>),
  ClusterRoleBinding: untyped(resources.clusterRoleBindings as Resource<never>),
  Role: untyped(resources.roles as Resource<never>),
  RoleBinding: untyped(resources.roleBindings as Resource<never>),
};

/** The default roles and bindings as objects to be made. What a person changed in them stays; what is missing comes back at the next start. */
export function policyObjects(policy: readonly AnyObject[]): readonly BootstrapObject[] {
  return policy.flatMap((object) => {
    const resource = policyResources[object.kind ?? ''];
    return resource === undefined ? [] : [{ resource, object, keep: true, completed: (present) => reconciledPolicy(present, object) }];
  });
}
