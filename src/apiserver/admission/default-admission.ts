// Owns which plug-ins a cluster has and their order, which is upstream's.
import { certificateRequester } from './certificate-requester.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { defaultIngressClass, defaultStorageClass, persistentVolumeClaimResize } from './default-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { deviceAdminAccess } from './device-admin-access.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { type Admission, type AdmissionPlugin, createAdmission } from './plugin.ts';
import { podResize } from './pod-resize.ts';
import { podSecurity } from './pod-security.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { priority } from './priority.ts';
import { type RoleRules, rbacEscalation } from './rbac-escalation.ts';
import { type QuotaBook, resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { storageObjectInUseProtection } from './storage-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

/** Plug-ins by name that a cluster may leave out. */
export interface AdmissionOptions {
  /** Looks up the rules that a binding would give; absent: roles and bindings are not checked for escalation. */
  readonly roles?: RoleRules;
  /** Where quotas are kept; absent: nothing is charged to any. */
  readonly quotas?: QuotaBook;
  /** Names of plug-ins to add to upstream's default ones: `NodeRestriction`. */
  readonly enabled?: readonly string[];
  /** Names of plug-ins to leave out, as upstream's `--disable-admission-plugins`. */
  readonly disabled?: readonly string[];
}

/** Admission of a cluster: upstream's default plug-ins, and those that are `enabled`. */
export function defaultAdmission(options: AdmissionOptions = {}): Admission {
  const plugins: readonly AdmissionPlugin[] = [
    namespaceLifecycle,
    limitRanger,
    serviceAccount,
    ...(options.enabled?.includes('NodeRestriction') ? [nodeRestriction] : []),
    taintNodesByCondition,
    podSecurity,
    podResize,
    priority,
    defaultTolerationSeconds,
    defaultStorageClass,
    persistentVolumeClaimResize,
    storageObjectInUseProtection,
    runtimeClass,
    podTopologyLabels,
    certificateApproval,
    certificateSigning,
    certificateSubjectRestriction,
    defaultIngressClass,
    ...(options.roles === undefined ? [] : [rbacEscalation(options.roles)]),
    ...(options.quotas === undefined ? [] : [resourceQuota(options.quotas)]),
  ];
  const disabled = new Set(options.disabled ?? []);
  return createAdmission([certificateRequester, deviceAdminAccess, ...plugins.filter((plugin) => !disabled.has(plugin.name))]);
}
