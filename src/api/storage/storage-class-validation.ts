// Owns the validation of storage classes and of classes of volume attributes.
import { duplicate, forbiddenValue, invalidValue, notSupported, required, tooLong } from '../causes.ts';
import type { TopologySelectorTerm } from '../core/v1.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { qualifiedNameErrors } from '../names.ts';
import type { StorageClass, VolumeAttributesClass } from './v1.ts';

const mostParameters = 512;
const mostParameterBytes = 256 * 1024;
const bindingModes = ['Immediate', 'WaitForFirstConsumer'];
const reclaimPolicies = ['Delete', 'Retain'];

function checkProvisioner(provisioner: string, at: string, out: Causes): void {
  if (provisioner === '') out.push(required(at));
  else checkName(qualifiedNameErrors(provisioner.toLowerCase()), provisioner.toLowerCase(), at, out);
}

function checkParameters(parameters: Readonly<Record<string, string>>, mayBeEmpty: boolean, out: Causes): void {
  const at = 'parameters';
  const entries = Object.entries(parameters);
  if (entries.length > mostParameters) return void out.push(tooLong(at, mostParameters));
  if (entries.some(([key]) => key === '')) out.push(invalidValue(at, '', 'field can not be empty.'));
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes > mostParameterBytes) out.push(tooLong(at, mostParameterBytes));
  if (!mayBeEmpty && entries.length === 0) out.push(required(at, 'must contain at least one key/value pair'));
}

function checkTopologies(terms: readonly TopologySelectorTerm[], out: Causes): void {
  const seen: string[] = [];
  for (const [index, term] of terms.entries()) {
    const at = `allowedTopologies[${index}]`;
    const values = new Map<string, readonly string[]>();
    for (const [number, { key = '', values: given }] of (term.matchLabelExpressions ?? []).entries()) {
      const here = `${at}.matchLabelExpressions[${number}]`;
      const list = given ?? [];
      if (list.length === 0) out.push(required(`${here}.values`));
      for (const [position, value] of list.entries())
        if (list.indexOf(value) < position) out.push(duplicate(`${here}.values[${position}]`, value));
      checkName(qualifiedNameErrors(key), key, `${here}.key`, out);
      if (values.has(key)) out.push(duplicate(`${here}.key`, key));
      values.set(key, [...new Set(list)].sort());
    }
    const shape = JSON.stringify([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
    if (seen.includes(shape)) out.push(duplicate(`${at}.matchLabelExpressions`, ''));
    seen.push(shape);
  }
}

/** Complaints about a storage class beyond its metadata. */
export function storageClassCauses(one: StorageClass): StatusCause[] {
  const out: Causes = [];
  checkProvisioner(one.provisioner ?? '', 'provisioner', out);
  checkParameters(one.parameters ?? {}, true, out);
  const { reclaimPolicy: policy, volumeBindingMode: mode } = one;
  if (policy && !reclaimPolicies.includes(policy)) out.push(notSupported('reclaimPolicy', policy, reclaimPolicies));
  if (mode === undefined) out.push(required('volumeBindingMode'));
  else if (!bindingModes.includes(mode)) out.push(notSupported('volumeBindingMode', mode, bindingModes));
  checkTopologies(one.allowedTopologies ?? [], out);
  return out;
}

/** Complaints about a change of a storage class: hardly anything of it may change. */
export function storageClassUpdateCauses(next: StorageClass, old: StorageClass): StatusCause[] {
  const out: Causes = [];
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy'] as const)
    if (!sameValue(next[field], old[field])) out.push(forbiddenValue(field, `updates to ${field} are forbidden.`));
  if (next.volumeBindingMode !== old.volumeBindingMode)
    out.push(invalidValue('volumeBindingMode', next.volumeBindingMode ?? null, immutable));
  return out;
}

/** Complaints about a class of volume attributes beyond its metadata. */
export function attributesClassCauses(one: VolumeAttributesClass): StatusCause[] {
  const out: Causes = [];
  checkProvisioner(one.driverName ?? '', 'driverName', out);
  checkParameters(one.parameters ?? {}, false, out);
  return out;
}

/** Complaints about a change of a class of volume attributes: only its metadata may change. */
export function attributesClassUpdateCauses(next: VolumeAttributesClass, old: VolumeAttributesClass): StatusCause[] {
  const changed = (['driverName', 'parameters'] as const).filter((field) => !sameValue(next[field], old[field]));
  return [...changed.map((field) => forbiddenValue(field, `updates to ${field} are forbidden.`)), ...attributesClassCauses(next)];
}
