// Owns the flow schemas and priority levels that every cluster has, as upstream's, and when a changed one is brought back to its form. Pure.
import { sameValue } from '../api/equal.ts';
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  ResourcePolicyRule,
  Subject,
} from '../api/flowcontrol/v1.ts';
import type { AnyObject, Draft } from '../api/object.ts';
import type { Resource } from '../client/resource.ts';
import { resources } from '../client/resources.ts';
import type { BootstrapObject } from './bootstrap-objects.ts';

const autoUpdate = 'apf.kubernetes.io/autoupdate-spec';
const manager = 'api-priority-and-fairness-config-producer-v1';

const limited = (shares: number, lendable: number, queues: readonly [count: number, hand: number] | undefined) => ({
  type: 'Limited',
  limited: {
    nominalConcurrencyShares: shares,
    limitResponse:
      queues === undefined
        ? { type: 'Reject' }
        : { type: 'Queue', queuing: { queues: queues[0], handSize: queues[1], queueLengthLimit: 50 } },
    lendablePercent: lendable,
  },
});

/** By name. The two that no cluster is without come first. */
const levels: Readonly<Record<string, PriorityLevelConfiguration['spec']>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': limited(5, 0, undefined),
  system: limited(30, 33, [64, 6]),
  'node-high': limited(40, 25, [64, 6]),
  'leader-election': limited(10, 0, [16, 4]),
  'workload-high': limited(40, 50, [128, 6]),
  'workload-low': limited(100, 90, [128, 6]),
  'global-default': limited(20, 50, [128, 6]),
};

const group = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'Group', group: { name } }));
const user = (...names: string[]): Subject[] => names.map((name) => ({ kind: 'User', user: { name } }));
const account = (...names: string[]): Subject[] =>
  names.map((name) => ({ kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name } }));
const on = (
  verbs: readonly string[],
  group: string,
  names: readonly string[],
  clusterScope: boolean,
  within = '*',
): ResourcePolicyRule => ({
  verbs,
  apiGroups: [group],
  resources: names,
  ...(clusterScope ? { clusterScope } : {}),
  namespaces: [within],
});
const anyPath: NonResourcePolicyRule = { verbs: ['*'], nonResourceURLs: ['*'] };
const everything = (subjects: readonly Subject[]): PolicyRulesWithSubjects => ({
  subjects,
  resourceRules: [on(['*'], '*', ['*'], true)],
  nonResourceRules: [anyPath],
});
const everybody = group('system:unauthenticated', 'system:authenticated');
const elect = ['get', 'create', 'update'];
const leases = on(elect, 'coordination.k8s.io', ['leases'], false);

type Distinguisher = 'ByUser' | 'ByNamespace' | undefined;

/** Name, level, precedence, how flows are told apart, and what is meant. */
const schemas: readonly (readonly [string, string, number, Distinguisher, PolicyRulesWithSubjects])[] = [
  ['exempt', 'exempt', 1, undefined, everything(group('system:masters'))],
  ['catch-all', 'catch-all', 10_000, 'ByUser', everything(everybody)],
  ['system-nodes', 'system', 500, 'ByUser', everything(group('system:nodes'))],
  [
    'system-node-high',
    'node-high',
    400,
    'ByUser',
    {
      subjects: group('system:nodes'),
      resourceRules: [on(['*'], '', ['nodes', 'nodes/status'], true), on(['*'], 'coordination.k8s.io', ['leases'], false)],
    },
  ],
  [
    'probes',
    'exempt',
    2,
    undefined,
    { subjects: everybody, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] },
  ],
  [
    'system-leader-election',
    'leader-election',
    100,
    'ByUser',
    { subjects: [...user('system:kube-controller-manager', 'system:kube-scheduler'), ...account('*')], resourceRules: [leases] },
  ],
  [
    'endpoint-controller',
    'workload-high',
    150,
    'ByUser',
    {
      subjects: [...user('system:kube-controller-manager'), ...account('endpoint-controller', 'endpointslicemirroring-controller')],
      resourceRules: [on(elect, '', ['endpoints'], false)],
    },
  ],
  [
    'workload-leader-election',
    'leader-election',
    200,
    'ByUser',
    { subjects: account('*'), resourceRules: [on(elect, '', ['endpoints', 'configmaps'], false), leases] },
  ],
  ['kube-controller-manager', 'workload-high', 800, 'ByNamespace', everything(user('system:kube-controller-manager'))],
  ['kube-scheduler', 'workload-high', 800, 'ByNamespace', everything(user('system:kube-scheduler'))],
  ['kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', everything(account('*'))],
  ['service-accounts', 'workload-low', 9000, 'ByUser', everything(group('system:serviceaccounts'))],
  ['global-default', 'global-default', 9900, 'ByUser', everything(everybody)],
];

const mandatory = new Set(['exempt', 'catch-all']);

/** A changed object in its form again, where it is one that must have it or says that it wants it. The exempt level's shares may be chosen. */
export function reconciledFlow(present: AnyObject, wanted: AnyObject): AnyObject | undefined {
  const is = present as unknown as PriorityLevelConfiguration;
  const due = wanted as unknown as PriorityLevelConfiguration;
  const asked = present.metadata.annotations?.[autoUpdate];
  const { name, generation = 1 } = present.metadata;
  const automatic = mandatory.has(name) || (asked === undefined ? generation === 1 : asked === 'true');
  const chosen = name === 'exempt' && due.spec.type === 'Exempt' && is.spec?.type === 'Exempt' && is.spec.limited === undefined;
  const sameSpec = chosen || sameValue(is.spec, due.spec);
  const mark = String(automatic);
  if ((!automatic || sameSpec) && asked === mark) return undefined;
  return {
    ...present,
    metadata: { ...present.metadata, annotations: { ...present.metadata.annotations, [autoUpdate]: mark } },
    ...(automatic && !sameSpec ? { spec: due.spec } : {}),
  } as AnyObject;
}

function ensured(resource: Resource<AnyObject>, name: string, spec: unknown): BootstrapObject {
  const object = { metadata: { name, annotations: { [autoUpdate]: 'true' } }, spec } as Draft<AnyObject>;
  return { resource, object, keep: true, manager, completed: (present) => reconciledFlow(present, object as AnyObject) };
}

/** The objects, to be made where they are missing. */
export function flowObjects(): readonly BootstrapObject[] {
  const levelResource = resources.priorityLevelConfigurations as Resource<never> as Resource<AnyObject>;
  const schemaResource = resources.flowSchemas as Resource<never> as Resource<AnyObject>;
  return [
    ...Object.entries(levels).map(([name, spec]) => ensured(levelResource, name, spec)),
    ...schemas.map(([name, level, matchingPrecedence, type, rules]) => {
      const spec: FlowSchema['spec'] = {
        priorityLevelConfiguration: { name: level },
        matchingPrecedence,
        ...(type === undefined ? {} : { distinguisherMethod: { type } }),
        rules: [rules],
      };
      return ensured(schemaResource, name, spec);
    }),
  ];
}
