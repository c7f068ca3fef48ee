// Owns the approval that definitions of Kubernetes' own groups need, and what an annotation says of it.
import { invalidValue, required } from '../causes.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { CustomResourceDefinition } from './v1.ts';

/** The annotation that names the approval. */
export const approvalAnnotation = 'api-approved.kubernetes.io';

/** Whether a group is Kubernetes' own. */
export function isProtectedGroup(group: string): boolean {
  return /(^|\.)(k8s|kubernetes)\.io$/.test(group);
}

/** What the annotation amounts to, and in words. */
export interface Approval {
  readonly state: 'missing' | 'bypassed' | 'approved' | 'invalid';
  readonly reason: string;
}

/** Reads the annotation of a definition. */
export function approvalOf(annotations: Readonly<Record<string, string>> | undefined): Approval {
  const text = annotations?.[approvalAnnotation] ?? '';
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (text === '')
    return { state: 'missing', reason: `protected groups must have approval annotation ${JSON.stringify(approvalAnnotation)}, ${see}` };
  if (text.startsWith('unapproved')) return { state: 'bypassed', reason: `not approved: ${JSON.stringify(text)}` };
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/\s]+/.test(text)) return { state: 'approved', reason: `approved in ${text}` };
  const reason = `protected groups must have approval annotation ${JSON.stringify(approvalAnnotation)} with either a URL or a reason starting with "unapproved", ${see}`;
  return { state: 'invalid', reason };
}

/** Complaints; an update that leaves things as wrong as they were is let through. */
export function approvalCauses(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined): readonly StatusCause[] {
  if (!isProtectedGroup(definition.spec.group)) return [];
  const { annotations } = definition.metadata;
  const { state, reason } = approvalOf(annotations);
  if (old !== undefined && approvalOf(old.metadata.annotations).state === state) return [];
  const field = `metadata.annotations[${approvalAnnotation}]`;
  if (state === 'invalid') return [invalidValue(field, annotations?.[approvalAnnotation], reason)];
  return state === 'missing' ? [required(field, reason)] : [];
}
