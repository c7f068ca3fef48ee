// Owns which fields a path of the API lets its writers set: the others are put back, and nobody comes to own them through it.
import type { KindDescription } from '../../api/kind.ts';
import { differenceBelow, emptySet, type FieldSet, isEmptySet, setOfFields } from './field-set.ts';

const statusFields = setOfFields('status');
const specFields = setOfFields('spec');
const bareStatusPath = setOfFields('spec', 'metadata');

const statusPaths: Readonly<Record<string, FieldSet>> = {
  'apps/Deployment': setOfFields('spec', 'metadata.labels'),
  '/Pod': setOfFields('spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'),
  'storage.k8s.io/VolumeAttachment': bareStatusPath,
  'apiextensions.k8s.io/CustomResourceDefinition': bareStatusPath,
  'apiregistration.k8s.io/APIService': bareStatusPath,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': bareStatusPath,
  'flowcontrol.apiserver.k8s.io/FlowSchema': bareStatusPath,
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': bareStatusPath,
  'certificates.k8s.io/CertificateSigningRequest': setOfFields('spec', 'status.conditions'),
  // Upstream lists its fields under a group that is not its own.
  'networking.k8s.io/ServiceCIDR': emptySet,
};

/** Leaves out of a set the fields that a path (empty: the main resource) does not let its writers set. */
export function countedFields(kind: KindDescription, subresource: string): (fields: FieldSet) => FieldSet {
  const reset = resetFieldsOf(kind, subresource);
  return isEmptySet(reset) ? (fields) => fields : (fields) => differenceBelow(fields, reset);
}

function resetFieldsOf(kind: KindDescription, subresource: string): FieldSet {
  const name = `${kind.group}/${kind.kind}`;
  if (subresource === 'status') return statusPaths[name] ?? specFields;
  if (subresource === 'approval') return setOfFields('spec', 'status.certificate');
  if (subresource !== '' && subresource !== 'finalize') return emptySet;
  const separate = kind.subresources.some(({ name: path }) => path === 'status');
  return separate && name !== 'networking.k8s.io/ServiceCIDR' ? statusFields : emptySet;
}
