// Owns the defaults of the kinds that run pods from a template.
import { defaultClaim } from '../core/claim-defaults.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from './v1.ts';

/** The Deployment with upstream's defaults. */
export function defaultDeployment(deployment: Deployment): Deployment {
  const { spec } = deployment;
  const type = spec.strategy?.type || 'RollingUpdate';
  const { maxUnavailable, maxSurge } = spec.strategy?.rollingUpdate ?? {};
  const rollingUpdate = { maxUnavailable: maxUnavailable ?? '25%', maxSurge: maxSurge ?? '25%' };
  return {
    ...deployment,
    spec: {
      ...spec,
      replicas: spec.replicas ?? 1,
      template: defaultPodTemplate(spec.template),
      strategy: { ...spec.strategy, type, ...(type === 'RollingUpdate' ? { rollingUpdate } : {}) },
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
      progressDeadlineSeconds: spec.progressDeadlineSeconds ?? 600,
    },
  };
}

/** The ReplicaSet with upstream's defaults. */
export function defaultReplicaSet(set: ReplicaSet): ReplicaSet {
  const { spec } = set;
  return {
    ...set,
    spec: {
      ...spec,
      replicas: spec.replicas ?? 1,
      ...(spec.template === undefined ? {} : { template: defaultPodTemplate(spec.template) }),
    },
  };
}

/** The DaemonSet with upstream's defaults. */
export function defaultDaemonSet(set: DaemonSet): DaemonSet {
  const { spec } = set;
  const type = spec.updateStrategy?.type || 'RollingUpdate';
  const { maxUnavailable, maxSurge } = spec.updateStrategy?.rollingUpdate ?? {};
  const rollingUpdate = { maxUnavailable: maxUnavailable ?? 1, maxSurge: maxSurge ?? 0 };
  return {
    ...set,
    spec: {
      ...spec,
      template: defaultPodTemplate(spec.template),
      updateStrategy: { ...spec.updateStrategy, type, ...(type === 'RollingUpdate' ? { rollingUpdate } : {}) },
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
    },
  };
}

/** The StatefulSet with upstream's defaults. */
export function defaultStatefulSet(set: StatefulSet): StatefulSet {
  const { spec } = set;
  const given = spec.updateStrategy ?? {};
  const rolling = given.rollingUpdate ?? (given.type ? undefined : {});
  const type = given.type || 'RollingUpdate';
  const rollingUpdate = rolling === undefined || type !== 'RollingUpdate' ? rolling : { ...rolling, partition: rolling.partition ?? 0 };
  const { whenDeleted, whenScaled } = spec.persistentVolumeClaimRetentionPolicy ?? {};
  const claims = spec.volumeClaimTemplates;
  return {
    ...set,
    spec: {
      ...spec,
      podManagementPolicy: spec.podManagementPolicy || 'OrderedReady',
      updateStrategy: { ...given, type, ...(rollingUpdate === undefined ? {} : { rollingUpdate }) },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: whenDeleted || 'Retain', whenScaled: whenScaled || 'Retain' },
      replicas: spec.replicas ?? 1,
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
      template: defaultPodTemplate(spec.template),
      ...(claims === undefined
        ? {}
        : { volumeClaimTemplates: claims.map((claim) => ({ kind: 'PersistentVolumeClaim', apiVersion: 'v1', ...defaultClaim(claim) })) }),
    },
  };
}
