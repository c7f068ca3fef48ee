// Owns the validation of what claims ask of storage, also inside templates.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkLabelSelector, checkName, checkOneOf } from '../field-checks.ts';
import { annotationCauses, labelCauses } from '../meta/object-meta-validation.ts';
import type { ObjectMeta, StatusCause } from '../meta/v1.ts';
import { dnsLabelErrors, dnsSubdomainErrors } from '../names.ts';
import { formatQuantity, parseQuantity } from '../quantity.ts';
import { checkResourceAmount } from './resources-validation.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from './v1.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** Metadata that a template gives to what is made from it: labels and annotations only. */
export function checkTemplateMetadata(meta: Partial<ObjectMeta> | undefined, at: string, out: Causes): void {
  out.push(...annotationCauses(meta?.annotations, `${at}.annotations`), ...labelCauses(meta?.labels, `${at}.labels`));
  for (const field of Object.keys(meta ?? {}))
    if (field !== 'labels' && field !== 'annotations' && field !== 'creationTimestamp')
      out.push(forbiddenValue(`${at}.${field}`, 'cannot be set'));
}

/** Access modes of a claim or a volume, each known, and one that excludes the others alone. */
export function checkModes(modes: readonly string[], at: string, out: Causes): void {
  for (const mode of modes) if (!accessModes.includes(mode)) out.push(notSupported(at, mode, accessModes));
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode)))
    out.push(forbiddenValue(at, 'may not use ReadWriteOncePod with other access modes'));
}

function checkSources(spec: PersistentVolumeClaimSpec, at: string, out: Causes): void {
  const { dataSource, dataSourceRef: ref } = spec;
  for (const field of ['dataSource', 'dataSourceRef'] as const) {
    const source = spec[field];
    if (source === undefined) continue;
    const here = `${at}.${field}`;
    if (!source.name) out.push(required(`${here}.name`));
    if (!source.kind) out.push(required(`${here}.kind`));
    if (source.apiGroup) checkName(dnsSubdomainErrors(source.apiGroup), source.apiGroup, `${here}.apiGroup`, out);
    else if (source.kind !== 'PersistentVolumeClaim')
      out.push(invalidValue(here, source.kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
  if (ref?.namespace) {
    checkName(dnsLabelErrors(ref.namespace), ref.namespace, `${at}.dataSourceRef.namespace`, out);
    // Upstream shows the path instead of the value, which prints as an empty struct.
    if (dataSource !== undefined) out.push(invalidValue(at, {}, 'may not be specified when dataSourceRef.namespace is specified'));
  } else if (dataSource !== undefined && ref !== undefined) {
    const same = (['apiGroup', 'kind', 'name'] as const).every((field) => (dataSource[field] ?? null) === (ref[field] ?? null));
    if (!same) out.push(invalidValue(at, {}, 'must match dataSourceRef'));
  }
}

/** What a claim asks for. */
export function checkClaimSpec(spec: PersistentVolumeClaimSpec, at: string, out: Causes): void {
  const { accessModes: modes = [], storageClassName, volumeMode, volumeAttributesClassName: attributes } = spec;
  if (modes.length === 0) out.push(required(`${at}.accessModes`, 'at least 1 access mode is required'));
  checkLabelSelector(spec.selector, `${at}.selector`, out);
  checkModes(modes, `${at}.accessModes`, out);
  const storage = spec.resources?.requests?.['storage'];
  if (storage === undefined) out.push(required(`${at}.resources[storage]`));
  else if (parseQuantity(storage).nano <= 0n)
    out.push(invalidValue(`${at}.resources[storage]`, formatQuantity(parseQuantity(storage)), 'must be greater than zero'));
  else checkResourceAmount('storage', storage, `${at}.resources[storage]`, out);
  if (storageClassName) checkName(dnsSubdomainErrors(storageClassName), storageClassName, `${at}.storageClassName`, out);
  if (volumeMode !== undefined) checkOneOf(volumeMode, ['Block', 'Filesystem'], `${at}.volumeMode`, out);
  checkSources(spec, at, out);
  if (attributes) checkName(dnsSubdomainErrors(attributes), attributes, `${at}.volumeAttributesClassName`, out);
}

/** Complaints about a claim beyond its metadata. */
export function claimCauses(claim: PersistentVolumeClaim): StatusCause[] {
  const out: Causes = [];
  checkClaimSpec(claim.spec ?? {}, 'spec', out);
  return out;
}
