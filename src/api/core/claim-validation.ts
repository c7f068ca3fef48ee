// Owns the validation of what claims ask of storage, also inside templates.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkLabelSelector, checkName, checkOneOf } from '../field-checks.ts';
import { annotationCauses, labelCauses } from '../meta/object-meta-validation.ts';
import type { ObjectMeta, StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors } from '../names.ts';
import { compareQuantity, parseQuantity } from '../quantity.ts';
import { checkResourceAmount, checkResourceName } from './resources-validation.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from './v1.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** Metadata that a template gives to what is made from it: labels and annotations only. */
export function checkTemplateMetadata(meta: Partial<ObjectMeta> | undefined, at: string, out: Causes): void {
  out.push(...annotationCauses(meta?.annotations, `${at}.annotations`), ...labelCauses(meta?.labels, `${at}.labels`));
  for (const field of Object.keys(meta ?? {}))
    if (field !== 'labels' && field !== 'annotations' && field !== 'creationTimestamp')
      out.push(forbiddenValue(`${at}.${field}`, 'cannot be set'));
}

/** Access modes of a claim or a volume. */
export function checkAccessModes(modes: readonly string[] | undefined, at: string, out: Causes): void {
  if ((modes ?? []).length === 0) return void out.push(required(at, 'at least 1 access mode is required'));
  for (const mode of modes ?? []) if (!accessModes.includes(mode)) out.push(notSupported(at, mode, accessModes));
  if (modes?.includes('ReadWriteOncePod') && modes.length > 1)
    out.push(forbiddenValue(at, 'may not use ReadWriteOncePod with other access modes'));
}

/** What a claim asks for. */
export function checkClaimSpec(spec: PersistentVolumeClaimSpec, at: string, out: Causes): void {
  checkAccessModes(spec.accessModes, `${at}.accessModes`, out);
  checkLabelSelector(spec.selector, `${at}.selector`, out);
  const storage = spec.resources?.requests?.['storage'];
  if (storage === undefined) out.push(required(`${at}.resources[storage]`));
  else {
    checkResourceName('storage', `${at}.resources[storage]`, out);
    checkResourceAmount('storage', storage, `${at}.resources[storage]`, out);
    if (parseQuantity(storage).nano === 0n) out.push(invalidValue(`${at}.resources[storage]`, storage, 'must be greater than zero'));
  }
  if (spec.storageClassName) checkName(dnsSubdomainErrors(spec.storageClassName), spec.storageClassName, `${at}.storageClassName`, out);
  if (spec.volumeMode !== undefined) checkOneOf(spec.volumeMode, ['Block', 'Filesystem'], `${at}.volumeMode`, out);
  for (const field of ['dataSource', 'dataSourceRef'] as const) {
    const source = spec[field];
    if (source === undefined) continue;
    const here = `${at}.${field}`;
    if (source.name === '') out.push(required(`${here}.name`));
    if (source.kind === '') out.push(required(`${here}.kind`));
    if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim')
      out.push(invalidValue(here, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
}

/** Complaints about a claim beyond its metadata. */
export function claimCauses(claim: PersistentVolumeClaim): StatusCause[] {
  const out: Causes = [];
  checkClaimSpec(claim.spec ?? {}, 'spec', out);
  return out;
}

/** A bound claim may only grow; everything else of a claim's spec stays. */
export function claimUpdateCauses(next: PersistentVolumeClaim, old: PersistentVolumeClaim): StatusCause[] {
  const out = claimCauses(next);
  const size = (claim: PersistentVolumeClaim): string => claim.spec?.resources?.requests?.['storage'] ?? '0';
  const plain = ({ spec }: PersistentVolumeClaim): unknown => {
    const {
      resources: _resources,
      volumeName: _volume,
      storageClassName: _class,
      volumeAttributesClassName: _attributes,
      ...rest
    } = spec ?? {};
    return rest;
  };
  const bound = old.status?.phase === 'Bound';
  const renamed = old.spec?.volumeName !== undefined && next.spec?.volumeName !== old.spec.volumeName;
  const moved = !sameValue(next.spec?.storageClassName, old.spec?.storageClassName) && old.spec?.storageClassName !== undefined;
  const resized = !sameValue(next.spec?.resources, old.spec?.resources);
  if (!sameValue(plain(next), plain(old)) || renamed || moved || (resized && !bound))
    out.push(
      forbiddenValue('spec', 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'),
    );
  else if (resized && compareQuantity(size(next), size(old)) < 0)
    out.push(forbiddenValue('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  return out;
}
