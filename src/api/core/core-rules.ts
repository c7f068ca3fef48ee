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
import { configMapCauses, configMapUpdateCauses, secretCauses, secretUpdateCauses, secretWarnings } from './config-validation.ts';
import { defaultQuantities } from './container-defaults.ts';
import { controllerRules, podTemplateRules } from './controller-rules.ts';
import { endpointsCauses, endpointsWarnings } from './endpoints-validation.ts';
import { eventRules } from './event-rules.ts';
import { defaultLimitRange } from './limit-range-defaults.ts';
import { limitRangeCauses } from './limit-range-validation.ts';
import { namespaceRules } from './namespace-rules.ts';
import { nodeRules } from './node-rules.ts';
import { persistentVolumeCauses, persistentVolumeUpdateCauses } from './persistent-volume-validation.ts';
import { persistentVolumeWarnings } from './persistent-volume-warnings.ts';
import { podRules } from './pod-rules.ts';
import { resourceQuotaCauses, resourceQuotaStatusCauses, resourceQuotaUpdateCauses } from './resource-quota-validation.ts';
import { defaultEndpoints, defaultService } from './service-defaults.ts';
import { serviceCauses, serviceStatusCauses, serviceUpdateCauses, withoutStaleFields } from './service-validation.ts';
import { serviceWarnings } from './service-warnings.ts';
import type {
  ConfigMap,
  Endpoints,
  LimitRange,
  PersistentVolume,
  PersistentVolumeClaim,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
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

const enforces = 'kubernetes.io/enforce-mountable-secrets';

/** One annotation of service accounts is out of use. */
function accountWarnings({ metadata }: ServiceAccount, old?: ServiceAccount): readonly string[] {
  if (metadata.annotations?.[enforces] === undefined || old?.metadata.annotations?.[enforces] !== undefined) return [];
  return [`metadata.annotations[${enforces}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`];
}

/** Secrets are of the account's own namespace: only their names are kept. */
function withBareSecrets(account: ServiceAccount): ServiceAccount {
  const { secrets } = account;
  return secrets === undefined ? account : { ...account, secrets: secrets.map(({ name = '' }) => ({ name })) };
}

function defaultQuota(quota: ResourceQuota): ResourceQuota {
  const hard = defaultQuantities(quota.spec?.hard);
  return hard === undefined ? quota : { ...quota, spec: { ...quota.spec, hard } };
}

const none = { generation: 'none' } as const;

/** The rules of the group's kinds, by kind. */
export const coreRules: GroupRules = {
  Pod: podRules,
  PodTemplate: podTemplateRules,
  ReplicationController: controllerRules,
  Service: {
    ...none,
    default: onType<Service>(defaultService),
    nameErrors: nameCheck(dnsLabelErrors),
    prepareForUpdate: onTypes<Service>(withoutStaleFields),
    ...checksOf<Service>({
      validate: serviceCauses,
      validateUpdate: serviceUpdateCauses,
      validateStatusUpdate: serviceStatusCauses,
      warnings: serviceWarnings,
    }),
  },
  Endpoints: {
    ...none,
    default: onType(defaultEndpoints),
    metaOnUpdate: 'update',
    ...checksOf<Endpoints>({ validate: endpointsCauses, warnings: endpointsWarnings }),
  },
  Namespace: namespaceRules,
  Node: nodeRules,
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
    ...checksOf<Secret>({ validate: secretCauses, validateUpdate: secretUpdateCauses, warnings: secretWarnings }),
  },
  ConfigMap: {
    ...none,
    metaOnUpdate: 'update',
    ...checksOf<ConfigMap>({ validate: configMapCauses, validateUpdate: configMapUpdateCauses }),
  },
  ServiceAccount: {
    ...none,
    prepareForCreate: onType<ServiceAccount>(withBareSecrets),
    prepareForUpdate: onTypes<ServiceAccount>(withBareSecrets),
    ...checksOf<ServiceAccount>({ warnings: accountWarnings }),
  },
  Event: eventRules,
  LimitRange: {
    ...none,
    metaOnUpdate: 'create',
    default: onType<LimitRange>(defaultLimitRange),
    ...checksOf<LimitRange>({ validate: limitRangeCauses }),
  },
  ResourceQuota: {
    ...none,
    metaOnUpdate: 'update',
    default: onType<ResourceQuota>(defaultQuota),
    ...checksOf<ResourceQuota>({
      validate: resourceQuotaCauses,
      validateUpdate: resourceQuotaUpdateCauses,
      validateStatusUpdate: resourceQuotaStatusCauses,
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
