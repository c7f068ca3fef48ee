// Owns the list of the core group's rules, kind by kind.
import { formatTime } from '../../base/time.ts';
import { checksOf, type GroupRules, onType, onTypes } from '../kind-rules.ts';
import { nameCheck } from '../meta/object-meta-validation.ts';
import { dnsLabelErrors } from '../names.ts';
import type { AnyObject } from '../object.ts';
import { defaultClaim, defaultPersistentVolume } from './claim-defaults.ts';
import { withBothSources, withoutForeignSources } from './claim-sources.ts';
import { claimStatusCauses, claimUpdateCauses } from './claim-update-validation.ts';
import { claimCauses } from './claim-validation.ts';
import { configMapCauses, configMapUpdateCauses, secretCauses, secretUpdateCauses } from './config-validation.ts';
import { defaultQuantities } from './container-defaults.ts';
import { endpointsCauses, endpointsWarnings } from './endpoints-validation.ts';
import { defaultLimitRange } from './limit-range-defaults.ts';
import { namespaceCauses, namespaceStatusCauses, nodeCauses, nodeUpdateCauses } from './node-validation.ts';
import { persistentVolumeCauses, persistentVolumeUpdateCauses } from './persistent-volume-validation.ts';
import { persistentVolumeWarnings } from './persistent-volume-warnings.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
import { podRules } from './pod-rules.ts';
import { defaultEndpoints, defaultService } from './service-defaults.ts';
import { serviceCauses, serviceUpdateCauses, withoutStaleFields } from './service-validation.ts';
import { controllerCauses } from './template-validation.ts';
import type {
  ConfigMap,
  Endpoints,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
} from './v1.ts';
import { claimWarnings } from './volume-warnings.ts';

/** Since when a volume is in its phase: told by the server unless the writer tells it. */
function stampPhase(object: AnyObject, old: AnyObject | undefined, nowMs: number): AnyObject {
  const [next, before] = [object, old].map((one) => (one as unknown as PersistentVolume | undefined)?.status);
  if (old !== undefined && next?.phase === before?.phase) return object;
  if (old !== undefined && next?.lastPhaseTransitionTime !== before?.lastPhaseTransitionTime && next?.lastPhaseTransitionTime)
    return object;
  return { ...object, status: { ...next, lastPhaseTransitionTime: formatTime(nowMs) } };
}

function defaultNamespace(namespace: Namespace): Namespace {
  const { name, labels } = namespace.metadata;
  const status = { ...namespace.status, phase: namespace.status?.phase || ('Active' as const) };
  if (!name) return { ...namespace, status };
  const sorted = Object.entries({ ...labels, 'kubernetes.io/metadata.name': name }).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...namespace, metadata: { ...namespace.metadata, labels: Object.fromEntries(sorted) }, status };
}

function defaultNode(node: Node): Node {
  const status = node.status ?? {};
  const capacity = defaultQuantities(status.capacity);
  const allocatable = status.allocatable === undefined ? capacity : defaultQuantities(status.allocatable);
  const { podCIDR, podCIDRs } = node.spec ?? {};
  const first = podCIDRs?.[0];
  const ranges = podCIDR && first !== podCIDR ? { podCIDRs: [podCIDR] } : first !== undefined && !podCIDR ? { podCIDR: first } : {};
  return {
    ...node,
    spec: { ...node.spec, ...ranges },
    status: { ...status, ...(capacity === undefined ? {} : { capacity }), ...(allocatable === undefined ? {} : { allocatable }) },
  };
}

function defaultReplicationController(controller: ReplicationController): ReplicationController {
  const spec = controller.spec ?? {};
  const template = spec.template === undefined ? undefined : defaultPodTemplate(spec.template);
  const labels = template?.metadata?.labels;
  const isEmpty = (map: object | undefined): boolean => Object.keys(map ?? {}).length === 0;
  return {
    ...controller,
    ...(labels !== undefined && isEmpty(controller.metadata.labels) ? { metadata: { ...controller.metadata, labels } } : {}),
    spec: {
      ...spec,
      ...(template === undefined ? {} : { template }),
      ...(labels !== undefined && isEmpty(spec.selector) ? { selector: labels } : {}),
    },
  };
}

const none = { generation: 'none' } as const;

/** The rules of the group's kinds, by kind. */
export const coreRules: GroupRules = {
  Pod: podRules,
  PodTemplate: {
    default: (object) => ({ ...object, template: defaultPodTemplate(object['template'] as never) }),
  },
  ReplicationController: {
    default: onType(defaultReplicationController),
    validate: (object) => controllerCauses(object as unknown as ReplicationController),
  },
  Service: {
    ...none,
    default: onType<Service>(defaultService),
    nameErrors: nameCheck(dnsLabelErrors),
    validate: (object) => serviceCauses(object as unknown as Service),
    validateUpdate: (next, old) => serviceUpdateCauses(next as unknown as Service, old as unknown as Service),
    prepareForUpdate: onTypes<Service>(withoutStaleFields),
  },
  Endpoints: {
    ...none,
    default: onType(defaultEndpoints),
    metaOnUpdate: 'update',
    ...checksOf<Endpoints>({ validate: endpointsCauses, warnings: endpointsWarnings }),
  },
  Namespace: {
    ...none,
    default: onType(defaultNamespace),
    validate: (object) => namespaceCauses(object as unknown as Namespace),
    validateStatusUpdate: (next) => namespaceStatusCauses(next as unknown as Namespace),
    nameErrors: nameCheck(dnsLabelErrors),
    prepareForCreate(object) {
      const namespace = object as unknown as Namespace;
      const finalizers = namespace.spec?.finalizers ?? [];
      const kept = finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'];
      return { ...object, spec: { ...namespace.spec, finalizers: kept }, status: { phase: 'Active' } };
    },
    prepareForUpdate: (next, old) => ({
      ...next,
      spec: { ...(next['spec'] as object), finalizers: (old as unknown as Namespace).spec?.finalizers },
    }),
  },
  Node: {
    ...none,
    statusOnCreate: true,
    default: onType<Node>(defaultNode),
    validate: (object) => nodeCauses(object as unknown as Node),
    validateUpdate: (next, old) => nodeUpdateCauses(next as unknown as Node, old as unknown as Node),
    validateStatusUpdate: (next, old) => nodeUpdateCauses(next as unknown as Node, old as unknown as Node),
  },
  PersistentVolume: {
    ...none,
    metaOnUpdate: 'create',
    default: onType<PersistentVolume>(defaultPersistentVolume),
    prepareForCreate: (object) => ({ ...object, status: { phase: 'Pending' } }),
    stamp: stampPhase,
    ...checksOf<PersistentVolume>({
      validate: persistentVolumeCauses,
      validateUpdate: persistentVolumeUpdateCauses,
      warnings: persistentVolumeWarnings,
    }),
  },
  PersistentVolumeClaim: {
    ...none,
    default: onType<PersistentVolumeClaim>(defaultClaim),
    prepareForCreate: onType<PersistentVolumeClaim>((claim) => ({
      ...claim,
      spec: withBothSources(withoutForeignSources(claim.spec ?? {})),
      status: { phase: 'Pending' },
    })),
    prepareForUpdate: onTypes<PersistentVolumeClaim>((next, old) => ({ ...next, spec: withoutForeignSources(next.spec ?? {}, old.spec) })),
    ...checksOf<PersistentVolumeClaim>({
      validate: claimCauses,
      validateUpdate: claimUpdateCauses,
      validateStatusUpdate: claimStatusCauses,
      warnings: claimWarnings,
    }),
  },
  Secret: {
    ...none,
    metaOnUpdate: 'update',
    default: onType<Secret>((secret) => mergeStringData({ ...secret, type: secret.type || 'Opaque' })),
    validate: (object) => secretCauses(object as unknown as Secret),
    validateUpdate: (next, old) => secretUpdateCauses(next as unknown as Secret, old as unknown as Secret),
  },
  ConfigMap: {
    ...none,
    metaOnUpdate: 'update',
    validate: (object) => configMapCauses(object as unknown as ConfigMap),
    validateUpdate: (next, old) => configMapUpdateCauses(next as unknown as ConfigMap, old as unknown as ConfigMap),
  },
  ServiceAccount: none,
  Event: none,
  LimitRange: { ...none, default: onType<LimitRange>(defaultLimitRange) },
  ResourceQuota: {
    ...none,
    default: onType<ResourceQuota>((quota) => {
      const hard = defaultQuantities(quota.spec?.hard);
      return hard === undefined ? quota : { ...quota, spec: { ...quota.spec, hard } };
    }),
  },
};

/** Texts given in the clear become data; they are never stored as such. */
function mergeStringData(secret: Secret): Secret {
  const { stringData, ...rest } = secret;
  if (stringData === undefined) return secret;
  const data: Record<string, string> = { ...rest.data };
  for (const [key, text] of Object.entries(stringData)) data[key] = Buffer.from(text).toString('base64');
  return { ...rest, data: Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))) };
}
