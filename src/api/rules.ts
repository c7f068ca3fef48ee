// Owns putting together the rules of every kind: what all kinds have in common, and what their group's room adds.

import { admissionRules } from './admissionregistration/admission-rules.ts';
import { apiextensionsRules } from './apiextensions/definition-rules.ts';
import { apiregistrationRules } from './apiregistration/apiregistration-rules.ts';
import { appsRules } from './apps/apps-rules.ts';
import { autoscalingRules } from './autoscaling/autoscaling-rules.ts';
import { batchRules } from './batch/batch-rules.ts';
import { certificatesRules } from './certificates/certificates-rules.ts';
import { leaseRules } from './coordination/lease-rules.ts';
import { coreRules } from './core/core-rules.ts';
import { unsetField } from './decode.ts';
import { discoveryRules } from './discovery/discovery-rules.ts';
import { sameValue } from './equal.ts';
import { flowRules } from './flowcontrol/flow-rules.ts';
import type { KindDescription } from './kind.ts';
import { type GroupRules, type KindRules, type OwnRules, withoutGeneration } from './kind-rules.ts';
import { objectMetaCauses, objectMetaUpdateCauses, subdomainName } from './meta/object-meta-validation.ts';
import type { ObjectMeta, StatusCause } from './meta/v1.ts';
import { pathSegmentErrors } from './names.ts';
import { networkingRules } from './networking/networking-rules.ts';
import { nodeRules } from './node/node-rules.ts';
import type { AnyObject } from './object.ts';
import { policyRules } from './policy/policy-rules.ts';
import { rbacRules } from './rbac/rbac-rules.ts';
import { resourceRules } from './resource/resource-rules.ts';
import { schedulingRules } from './scheduling/scheduling-rules.ts';
import { storageRules } from './storage/storage-rules.ts';

const groups: Readonly<Record<string, GroupRules>> = {
  '': coreRules,
  apps: appsRules,
  batch: batchRules,
  autoscaling: autoscalingRules,
  'networking.k8s.io': networkingRules,
  'rbac.authorization.k8s.io': rbacRules,
  'storage.k8s.io': storageRules,
  'admissionregistration.k8s.io': admissionRules,
  'apiextensions.k8s.io': apiextensionsRules,
  'apiregistration.k8s.io': apiregistrationRules,
  'flowcontrol.apiserver.k8s.io': flowRules,
  'discovery.k8s.io': discoveryRules,
  'scheduling.k8s.io': schedulingRules,
  'resource.k8s.io': resourceRules,
  'events.k8s.io': { Event: withoutGeneration },
  'coordination.k8s.io': { Lease: leaseRules },
  'node.k8s.io': nodeRules,
  policy: policyRules,
  'certificates.k8s.io': certificatesRules,
};

const made = new WeakMap<KindDescription, KindRules>();

/** The rules of a kind. Built-in kinds have their group's; any other kind has what all kinds have in common. */
export function rulesOf(kind: KindDescription): KindRules {
  if (kind.custom !== undefined) return kind.custom.rules;
  let rules = made.get(kind);
  if (rules === undefined) {
    rules = combine(kind, groups[kind.group]?.[`${kind.kind}/${kind.version}`] ?? groups[kind.group]?.[kind.kind] ?? {});
    made.set(kind, rules);
  }
  return rules;
}

/** Everything that an update may ask for: all fields but metadata and status. */
function desired(object: AnyObject): unknown {
  const { metadata: _metadata, status: _status, apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  return rest;
}

/** What the server keeps of an object's metadata whatever an update says. A deletion that began cannot be taken back. */
export function keptMetadata(next: AnyObject, old: AnyObject): ObjectMeta {
  const { creationTimestamp: _created, generation: _generation, selfLink: _link, ...mine } = next.metadata;
  const { creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation } = old.metadata;
  return {
    ...mine,
    uid: mine.uid || old.metadata.uid,
    ...(generation === undefined ? {} : { generation }),
    creationTimestamp,
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
  };
}

/** The object with this status, or without any. */
export function withStatus(object: AnyObject, status: unknown): AnyObject {
  if (status !== undefined) return { ...object, status };
  const { status: _status, ...rest } = object;
  return rest as AnyObject;
}

function combine(kind: KindDescription, own: OwnRules): KindRules {
  const hasStatus = kind.types.get(kind.type)?.fields.has('status') === true;
  const separateStatus = hasStatus && kind.subresources.some(({ name }) => name === 'status');
  const counted = own.generation === 'none' ? undefined : (own.generation ?? desired);
  const nameErrors = own.nameErrors ?? subdomainName;
  const validate: NonNullable<OwnRules['validate']> = own.validate ?? (() => []);
  const validateUpdate: KindRules['validateUpdate'] = own.validateUpdate ?? ((next, _old, group) => validate(next, group));
  // Upstream checks the metadata of an update for every kind, both as of a create and as of an update, and once more for the kind itself.
  const anyUpdate = (next: AnyObject, old: AnyObject): readonly StatusCause[] => [
    ...objectMetaCauses(next.metadata, kind.namespaced, pathSegmentErrors),
    ...objectMetaUpdateCauses(next.metadata, old.metadata),
  ];
  return {
    default: own.default ?? ((object) => object),
    prepareForCreate(object) {
      // A kind that counts no generations keeps the one that a create brings along.
      const numbered = counted === undefined ? object : { ...object, metadata: { ...object.metadata, generation: 1 } };
      const bare = separateStatus && own.statusOnCreate !== true ? withStatus(numbered, unsetField(kind, 'status')) : numbered;
      return own.prepareForCreate?.(bare) ?? bare;
    },
    prepareForUpdate(next, old) {
      const metadata = keptMetadata(next, old);
      const kept = { ...next, metadata };
      const same = separateStatus ? withStatus(kept, old['status']) : kept;
      const prepared = own.prepareForUpdate?.(same, old) ?? same;
      if (counted === undefined || sameValue(counted(prepared), counted(old))) return prepared;
      return { ...prepared, metadata: { ...prepared.metadata, generation: (metadata.generation ?? 0) + 1 } };
    },
    prepareForStatusUpdate(next, old) {
      const kept = withStatus({ ...old, metadata: keptMetadata(next, old) }, next['status']);
      return own.prepareForStatusUpdate?.(kept, old) ?? kept;
    },
    validateCreate: (object, group) => [...objectMetaCauses(object.metadata, kind.namespaced, nameErrors), ...validate(object, group)],
    validateUpdate(next, old, group) {
      const update =
        own.metaOnUpdate === 'create' || own.metaOnUpdate === 'none' ? [] : objectMetaUpdateCauses(next.metadata, old.metadata);
      const again = own.metaOnUpdate === undefined ? objectMetaCauses(next.metadata, kind.namespaced, nameErrors) : [];
      const create = own.metaOnUpdate === 'create' ? objectMetaCauses(next.metadata, kind.namespaced, nameErrors) : again;
      return [...anyUpdate(next, old), ...update, ...create, ...validateUpdate(next, old, group)];
    },
    validateStatusUpdate: (next, old) => [
      ...anyUpdate(next, old),
      ...objectMetaUpdateCauses(next.metadata, old.metadata),
      ...(own.validateStatusUpdate?.(next, old) ?? []),
    ],
    warnings: own.warnings ?? (() => []),
    ...(own.settle === undefined ? {} : { settle: own.settle }),
    ...(own.earlyWarnings === undefined ? {} : { earlyWarnings: own.earlyWarnings }),
    ...(own.stamp === undefined ? {} : { stamp: own.stamp }),
    ...(own.gracefulDelete === undefined ? {} : { gracefulDelete: own.gracefulDelete }),
  };
}
