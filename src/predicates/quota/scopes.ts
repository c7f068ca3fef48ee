// Owns which pods and claims a quota's scopes mean. Pure.
import { qosClassOf } from '../../api/core/pod-defaults.ts';
import type { PersistentVolumeClaim, Pod, PodAffinityTerm, ResourceQuota } from '../../api/core/v1.ts';

/** A scope with its operator: Exists, DoesNotExist, In or NotIn. */
export interface ScopeTerm {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[] | null;
}

/** The scopes of a quota, plain ones as terms that must hold. */
export function scopeTermsOf({ spec }: ResourceQuota): readonly ScopeTerm[] {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

/** Whether a pod is in a scope. A scope that nobody knows holds no pod. */
export function podInScope(term: ScopeTerm, { spec }: Pod): boolean {
  switch (term.scopeName) {
    case 'Terminating':
      return typeof spec.activeDeadlineSeconds === 'number';
    case 'NotTerminating':
      return typeof spec.activeDeadlineSeconds !== 'number';
    case 'BestEffort':
      return qosClassOf(spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClassOf(spec) !== 'BestEffort';
    case 'PriorityClass':
      return holds(term, spec.priorityClassName || undefined);
    case 'CrossNamespacePodAffinity':
      return looksElsewhere({ spec });
    default:
      return false;
  }
}

/** Whether a claim is in a scope: only VolumeAttributesClass knows claims. */
export function claimInScope(term: ScopeTerm, { spec, status }: PersistentVolumeClaim): boolean {
  if (term.scopeName !== 'VolumeAttributesClass') return false;
  const names = [spec?.volumeAttributesClassName, status?.currentVolumeAttributesClassName].filter((name) => Boolean(name));
  return names.length === 0 ? holds(term, undefined) : names.some((name) => holds(term, name));
}

function holds({ operator, values }: ScopeTerm, value: string | undefined): boolean {
  switch (operator) {
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'In':
      return value !== undefined && (values ?? []).includes(value);
    case 'NotIn':
      return value === undefined || !(values ?? []).includes(value);
    default:
      return false;
  }
}

function looksElsewhere({ spec: { affinity } }: Pick<Pod, 'spec'>): boolean {
  const terms: readonly PodAffinityTerm[] = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((side) => [
    ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(({ namespaces, namespaceSelector }) => (namespaces ?? []).length > 0 || namespaceSelector != null);
}
