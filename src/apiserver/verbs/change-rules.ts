// Owns what of an object each path may change: the main resource its spec, status its status, and so on.
import { invalidValue } from '../../api/causes.ts';
import { requestApprovalCauses } from '../../api/certificates/request-validation.ts';
import type { CertificateSigningRequest } from '../../api/certificates/v1.ts';
import type { KindDescription } from '../../api/kind.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import { qualifiedNameErrors } from '../../api/names.ts';
import type { AnyObject } from '../../api/object.ts';
import { rulesOf } from '../../api/rules.ts';
import type { ChangeRules } from './change.ts';
import { ephemeralContainerCauses, resizeCauses, takeEphemeralContainers, takeResources } from './pod-changes.ts';

type Judged = Pick<ChangeRules, 'prepare' | 'validate' | 'warnings'>;

/** How a change through a subresource (empty: the main resource) is taken over and judged. */
export function changeRulesOf(kind: KindDescription, subresource: string): Judged {
  const rules = rulesOf(kind);
  switch (subresource) {
    case 'status':
      return {
        prepare: rules.prepareForStatusUpdate,
        validate: rules.validateStatusUpdate,
        ...(kind.custom === undefined ? {} : { warnings: rules.warnings }),
      };
    case 'finalize':
      return {
        prepare: takeSpecFinalizers,
        validate: (next, old) => [...rules.validateUpdate(next, old), ...finalizerCauses(next)],
      };
    case 'approval':
      return { prepare: takeConditions, validate: approvalCauses };
    case 'ephemeralcontainers':
      return { prepare: takeEphemeralContainers, validate: ephemeralContainerCauses };
    case 'resize':
      return { prepare: takeResources, validate: resizeCauses };
    default:
      return { prepare: rules.prepareForUpdate, validate: rules.validateUpdate, warnings: rules.warnings };
  }
}

/** A decision is judged as such; everything else of the request stays as it is. */
function approvalCauses(next: AnyObject, old: AnyObject): readonly StatusCause[] {
  return requestApprovalCauses(next as unknown as CertificateSigningRequest, old as unknown as CertificateSigningRequest);
}

type Fields = Readonly<Record<string, unknown>>;

/** A namespace's finalize path changes its finalizers, and the metadata. */
function takeSpecFinalizers(next: AnyObject, old: AnyObject): AnyObject {
  const finalizers = (next['spec'] as Fields | undefined)?.['finalizers'];
  const { finalizers: _, ...spec } = (old['spec'] ?? {}) as Fields;
  return { ...old, metadata: next.metadata, spec: finalizers === undefined ? spec : { ...spec, finalizers } };
}

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

function finalizerCauses(namespace: AnyObject): readonly StatusCause[] {
  const finalizers = ((namespace['spec'] as Fields | undefined)?.['finalizers'] ?? []) as readonly string[];
  return finalizers.flatMap((name, index) => {
    const field = `spec.finalizers[${index}]`;
    const causes = qualifiedNameErrors(name).map((why) => invalidValue(field, name, why));
    const known = name.includes('/') || standardFinalizers.has(name);
    return known ? causes : [...causes, invalidValue(field, name, 'name is neither a standard finalizer name nor is it fully qualified')];
  });
}

/** A signing request's approval path changes its conditions, and the metadata. */
function takeConditions(next: AnyObject, old: AnyObject): AnyObject {
  const conditions = (next['status'] as Fields | undefined)?.['conditions'];
  const { conditions: _, ...rest } = (old['status'] ?? {}) as Fields;
  const status = Array.isArray(conditions) ? { ...rest, conditions } : rest;
  return { ...old, metadata: next.metadata, status };
}
