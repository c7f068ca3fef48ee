// Owns the validation of metadata, the same for every kind.
import { forbiddenValue, invalidValue, required, tooLong } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { dnsLabelErrors, dnsSubdomainErrors, labelValueErrors, qualifiedNameErrors } from '../names.ts';
import type { ObjectMeta, OwnerReference, StatusCause } from './v1.ts';

/** Upstream's refusal of a change to what cannot change. */
export const immutable = 'field is immutable';

/** Complaints about a name, or about the prefix of one that is yet to be generated. */
export type NameErrors = (name: string, prefix: boolean) => readonly string[];

const annotationBytes = 256 * 1024;
const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** A prefix may end in a dash, as the generated part follows. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}

/** Name check from a text check. */
export function nameCheck(errors: (text: string) => readonly string[]): NameErrors {
  return (name, prefix) => errors(prefix ? maskTrailingDash(name) : name);
}

/** The name check of most kinds: a DNS subdomain. */
export const subdomainName: NameErrors = nameCheck(dnsSubdomainErrors);

/** Labels of an object or a template. */
export function labelCauses(labels: Readonly<Record<string, string>> | undefined, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const key in labels) {
    for (const error of qualifiedNameErrors(key)) causes.push(invalidValue(field, key, error));
    const value = labels[key] ?? '';
    for (const error of labelValueErrors(value)) causes.push(invalidValue(field, value, error));
  }
  return causes;
}

/** Annotations: keys are label keys in any case, 256 KiB together. */
export function annotationCauses(annotations: Readonly<Record<string, string>> | undefined, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  let bytes = 0;
  for (const key in annotations) {
    for (const error of qualifiedNameErrors(key.toLowerCase())) causes.push(invalidValue(field, key, error));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] ?? '');
  }
  if (bytes > annotationBytes) causes.push(tooLong(field, annotationBytes));
  return causes;
}

function ownerCauses(owners: readonly OwnerReference[], field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  let controller = '';
  for (const owner of owners) {
    const version = owner.apiVersion.includes('/') ? owner.apiVersion.slice(owner.apiVersion.indexOf('/') + 1) : owner.apiVersion;
    if (version === '' || owner.apiVersion.split('/').length > 2)
      causes.push(invalidValue(`${field}.apiVersion`, owner.apiVersion, 'version must not be empty'));
    if (owner.kind === '') causes.push(invalidValue(`${field}.kind`, '', 'must not be empty'));
    if (owner.name === '') causes.push(invalidValue(`${field}.name`, '', 'must not be empty'));
    if (owner.uid === '') causes.push(invalidValue(`${field}.uid`, '', 'must not be empty'));
    if (owner.apiVersion === 'v1' && owner.kind === 'Event')
      causes.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
    if (owner.controller !== true) continue;
    const name = `${owner.kind}/${owner.name}`;
    const both = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
    if (controller === '') controller = name;
    else causes.push(invalidValue(field, owners, both));
  }
  return causes;
}

function finalizerCauses(finalizers: readonly string[], field: string): StatusCause[] {
  const causes = finalizers.flatMap((finalizer) => qualifiedNameErrors(finalizer).map((error) => invalidValue(field, finalizer, error)));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    causes.push(invalidValue(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  return causes;
}

function unqualifiedFinalizerCauses(finalizers: readonly string[], field: string): StatusCause[] {
  return finalizers.flatMap((finalizer, index) =>
    finalizer.includes('/') || standardFinalizers.has(finalizer)
      ? []
      : [invalidValue(`${field}[${index}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')],
  );
}

/** Metadata of a create, with the name already generated. `namespaced` asks for a namespace, else none may be given. */
export function objectMetaCauses(
  meta: Partial<ObjectMeta>,
  namespaced: boolean,
  nameErrors: NameErrors,
  field = 'metadata',
): StatusCause[] {
  const causes: StatusCause[] = [];
  const { name = '', generateName = '', namespace = '', generation = 0, finalizers = [] } = meta;
  if (generateName !== '')
    for (const error of nameErrors(generateName, true)) causes.push(invalidValue(`${field}.generateName`, generateName, error));
  if (name === '') causes.push(required(`${field}.name`, 'name or generateName is required'));
  else for (const error of nameErrors(name, false)) causes.push(invalidValue(`${field}.name`, name, error));
  if (namespaced && namespace === '') causes.push(required(`${field}.namespace`));
  else if (namespaced) for (const error of dnsLabelErrors(namespace)) causes.push(invalidValue(`${field}.namespace`, namespace, error));
  else if (namespace !== '') causes.push(forbiddenValue(`${field}.namespace`, 'not allowed on this type'));
  if (generation < 0) causes.push(invalidValue(`${field}.generation`, generation, 'must be greater than or equal to 0'));
  causes.push(...labelCauses(meta.labels, `${field}.labels`), ...annotationCauses(meta.annotations, `${field}.annotations`));
  if (meta.ownerReferences !== undefined) causes.push(...ownerCauses(meta.ownerReferences, `${field}.ownerReferences`));
  if (finalizers.length > 0) causes.push(...finalizerCauses(finalizers, `${field}.finalizers`));
  return finalizers.length > 0 ? [...causes, ...unqualifiedFinalizerCauses(finalizers, `${field}.finalizers`)] : causes;
}

/** Metadata of an update, with the server's fields already carried over. */
export function objectMetaUpdateCauses(next: Partial<ObjectMeta>, old: Partial<ObjectMeta>, field = 'metadata'): StatusCause[] {
  const causes: StatusCause[] = [];
  const finalizers = next.finalizers ?? [];
  if (old.deletionTimestamp !== undefined) {
    const added = finalizers.filter((finalizer) => !(old.finalizers ?? []).includes(finalizer)).sort();
    if (added.length > 0) {
      const list = `[]string{${added.map((one) => JSON.stringify(one)).join(', ')}}`;
      const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
      causes.push(forbiddenValue(`${field}.finalizers`, why));
    }
  }
  for (const name of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const)
    if (!sameValue(next[name], old[name])) causes.push(invalidValue(`${field}.${name}`, next[name], immutable));
  causes.push(...labelCauses(next.labels, `${field}.labels`), ...annotationCauses(next.annotations, `${field}.annotations`));
  if (next.ownerReferences !== undefined) causes.push(...ownerCauses(next.ownerReferences, `${field}.ownerReferences`));
  return causes;
}
