// Owns what of a claim may change: a volume is named once, a bound one may grow and change its class of attributes.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { qualifiedNameErrors } from '../names.ts';
import { compareQuantity } from '../quantity.ts';
import { claimCauses } from './claim-validation.ts';
import { isNativeResource } from './resource-names.ts';
import { checkBasicAmount } from './resources-validation.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from './v1.ts';

const betaClass = 'volume.beta.kubernetes.io/storage-class';
const resizeStates = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

function annotationOf({ metadata }: PersistentVolumeClaim): string | undefined {
  return metadata.annotations?.[betaClass];
}

/** Whether the class moves from the old annotation into the field, or is named where there was none. */
function mayNameClass(next: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const name = next.spec?.storageClassName;
  if (name === undefined || old.spec?.storageClassName !== undefined) return false;
  return annotationOf(old) === undefined || name === annotationOf(old);
}

function withoutStorage({ resources, ...spec }: PersistentVolumeClaimSpec): unknown {
  const { storage: _storage, ...requests } = resources?.requests ?? {};
  return { ...spec, resources: { ...resources, requests } };
}

/** Complaints about a changed claim beyond the metadata's immutable fields. */
export function claimUpdateCauses(next: PersistentVolumeClaim, old: PersistentVolumeClaim): StatusCause[] {
  const out: Causes = claimCauses(next);
  const before = old.spec ?? {};
  const after = next.spec ?? {};
  if (annotationOf(next) !== annotationOf(old) && !(annotationOf(next) === undefined && mayNameClass(next, old)))
    out.push(invalidValue(`metadata.annotations.${betaClass}`, annotationOf(next) ?? '', immutable));
  const bound = next.status?.phase === 'Bound';
  const comparable = (spec: PersistentVolumeClaimSpec): unknown => {
    const { volumeName, storageClassName, volumeAttributesClassName, ...rest } = spec;
    const sized = bound && rest.resources?.requests !== undefined ? withoutStorage(rest) : rest;
    return {
      ...(sized as object),
      ...(before.volumeName ? { volumeName } : {}),
      ...(mayNameClass(next, old) ? {} : { storageClassName }),
      ...(bound && after.volumeAttributesClassName !== undefined ? {} : { volumeAttributesClassName }),
    };
  };
  if (!sameValue(comparable(after), comparable(before))) {
    const why = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    out.push(forbiddenValue('spec', why));
  }
  const size = ({ resources }: PersistentVolumeClaimSpec): string => resources?.requests?.['storage'] ?? '0';
  const real = old.status?.capacity?.['storage'] ?? '0';
  if (compareQuantity(size(after), size(before)) < 0 && compareQuantity(size(after), real) <= 0)
    out.push(forbiddenValue('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  if (after.volumeMode !== before.volumeMode) out.push(invalidValue('volumeMode', after.volumeMode ?? null, immutable));
  if (before.volumeAttributesClassName !== undefined && !after.volumeAttributesClassName) {
    const to = after.volumeAttributesClassName === undefined ? 'nil' : 'an empty string';
    out.push(forbiddenValue('spec.volumeAttributesClassName', `update from non-nil value to ${to} is forbidden`));
  }
  return out;
}

/** The name of a resource of a claim: among those of Kubernetes itself only storage. Tells whether it is one. */
function checkKey(name: string, at: string, out: Causes): boolean {
  const errors = qualifiedNameErrors(name);
  checkName(errors, name, at, out);
  const other = errors.length === 0 && isNativeResource(name) && name !== 'storage';
  if (other) out.push(notSupported(at, name, ['storage']));
  return errors.length === 0 && !other;
}

/** Complaints about the status of a claim. */
export function claimStatusCauses(next: PersistentVolumeClaim): StatusCause[] {
  const out: Causes = [];
  const { capacity = {}, allocatedResources = {}, allocatedResourceStatuses = {} } = next.status ?? {};
  if ((next.spec?.accessModes ?? []).length === 0) out.push(required('Spec.accessModes'));
  for (const [name, amount] of Object.entries(capacity)) checkBasicAmount(amount, `status.capacity[${name}]`, out);
  for (const [name, state] of Object.entries(allocatedResourceStatuses)) {
    checkKey(name, 'status.allocatedResourceStatus', out);
    if (!resizeStates.includes(state)) out.push(notSupported('status.allocatedResourceStatus', name, resizeStates));
  }
  for (const [name, amount] of Object.entries(allocatedResources))
    if (checkKey(name, 'status.allocatedResources', out)) checkBasicAmount(amount, `status.allocatedResources[${name}]`, out);
  return out;
}
