// Owns what the generic registry must know of single kinds beyond their description: facts of upstream's storage strategies, as data.
import type { KindDescription } from '../api/kind.ts';

function nameOf({ group, resource }: Pick<KindDescription, 'group' | 'resource'>): string {
  return group === '' ? resource : `${resource}.${group}`;
}

const answeredWithObject = new Set([
  'pods',
  'services',
  'serviceaccounts',
  'persistentvolumeclaims',
  'persistentvolumes',
  'resourcequotas',
  'podtemplates',
  'namespaces',
  'storageclasses.storage.k8s.io',
  'volumeattributesclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'resourceclaims.resource.k8s.io',
  'resourceclaimtemplates.resource.k8s.io',
  'deviceclasses.resource.k8s.io',
  'resourceslices.resource.k8s.io',
]);

/** Kinds whose deletion is answered with the object instead of a Status. */
export function answersDeletionWithObject(kind: KindDescription): boolean {
  return answeredWithObject.has(nameOf(kind));
}

const versionNeeded = new Set([
  'poddisruptionbudgets.policy',
  'leases.coordination.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'runtimeclasses.node.k8s.io',
]);

/** Kinds whose update must name the resourceVersion it replaces. Custom resources, whose storage is not generated, do as well. */
export function updateNeedsVersion(kind: KindDescription, custom: boolean): boolean {
  return custom || versionNeeded.has(nameOf(kind));
}

const madeByUpdate = new Set([
  'services',
  'endpoints',
  'events',
  'events.events.k8s.io',
  'limitranges',
  'leases.coordination.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'runtimeclasses.node.k8s.io',
]);

/** Kinds that an update creates where they are missing. */
export function updateCreates(kind: KindDescription): boolean {
  return madeByUpdate.has(nameOf(kind));
}

/** What becomes of dependents where a deletion does not say: `unsupported` kinds never get a finalizer for it. */
export function defaultPropagation(kind: KindDescription): 'orphan' | 'background' | 'unsupported' {
  const name = nameOf(kind);
  if (name === 'jobs.batch' || name === 'replicationcontrollers') return 'orphan';
  return name === 'events' || name === 'events.events.k8s.io' ? 'unsupported' : 'background';
}

/** Whether deletion gives the object time (`metadata.deletionGracePeriodSeconds`): pods only. */
export function deletesGracefully(kind: KindDescription): boolean {
  return nameOf(kind) === 'pods';
}
