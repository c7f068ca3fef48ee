// Owns the rules of Namespaces: the label with their name, their finalizers, the phase that fits.

import { invalidValue } from '../causes.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { checksOf, type OwnRules, onType, onTypes } from '../kind-rules.ts';
import { nameCheck } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsLabelErrors, qualifiedNameErrors } from '../names.ts';
import type { Namespace } from './v1.ts';

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

function defaultNamespace(namespace: Namespace): Namespace {
  const { name, labels } = namespace.metadata;
  const status = { ...namespace.status, phase: namespace.status?.phase || ('Active' as const) };
  if (!name) return { ...namespace, status };
  const sorted = Object.entries({ ...labels, 'kubernetes.io/metadata.name': name }).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...namespace, metadata: { ...namespace.metadata, labels: Object.fromEntries(sorted) }, status };
}

/** Complaints about the finalizers in a namespace's spec. */
export function namespaceCauses({ spec = {} }: Namespace): StatusCause[] {
  const out: Causes = [];
  for (const finalizer of spec.finalizers ?? []) {
    checkName(qualifiedNameErrors(finalizer), finalizer, 'spec.finalizers', out);
    if (!finalizer.includes('/') && !standardFinalizers.has(finalizer))
      out.push(invalidValue('spec.finalizers', finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
  }
  return out;
}

function statusCauses(next: Namespace): StatusCause[] {
  const phase = next.status?.phase;
  const going = next.metadata.deletionTimestamp !== undefined;
  const due = going ? 'Terminating' : 'Active';
  if (phase === due) return [];
  return [invalidValue('status.Phase', phase ?? '', `may only be '${due}' if \`deletionTimestamp\` is ${going ? 'not ' : ''}empty`)];
}

/** The rules of Namespaces. */
export const namespaceRules: OwnRules = {
  generation: 'none',
  metaOnUpdate: 'update',
  default: onType(defaultNamespace),
  nameErrors: nameCheck(dnsLabelErrors),
  prepareForCreate: onType<Namespace>((namespace) => {
    const finalizers = namespace.spec?.finalizers ?? [];
    const kept = finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'];
    return { ...namespace, spec: { ...namespace.spec, finalizers: kept }, status: { phase: 'Active' } };
  }),
  prepareForUpdate: onTypes<Namespace>((next, old) => ({ ...next, spec: { ...next.spec, finalizers: old.spec?.finalizers ?? [] } })),
  ...checksOf<Namespace>({ validate: namespaceCauses, validateUpdate: () => [], validateStatusUpdate: statusCauses }),
};
