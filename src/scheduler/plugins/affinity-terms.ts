// Owns the terms that pods have about other pods, read once a pod: which pods a term is about, and where.
import type { Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '../../api/core/v1.ts';
import type { LabelSelectorMatcher } from '../../api/selectors/label-selector.ts';
import type { ClusterView } from '../cluster-view.ts';
import { selectorOf } from '../selectors.ts';

/** A term, ready to be asked. `weight` counts for preferred ones; anti-affinity has it negative. */
export interface Term {
  readonly key: string;
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: LabelSelectorMatcher;
  readonly selector: LabelSelectorMatcher;
  readonly weight: number;
}

/** All terms of a pod. */
export interface Terms {
  readonly affinity: readonly Term[];
  readonly antiAffinity: readonly Term[];
  readonly preferred: readonly Term[];
}

const known = new WeakMap<object, Terms>();
const none: Terms = { affinity: [], antiAffinity: [], preferred: [] };

/** The terms of a pod; they hang on its (frozen) affinity, which belongs to one namespace. */
export function termsOf(pod: Pod): Terms {
  const { affinity } = pod.spec;
  if (affinity === undefined) return none;
  const cached = known.get(affinity);
  if (cached !== undefined) return cached;
  const { podAffinity, podAntiAffinity } = affinity;
  const terms: Terms = {
    affinity: (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => read(term, pod, 0)),
    antiAffinity: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => read(term, pod, 0)),
    preferred: [
      ...weighted(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, pod, 1),
      ...weighted(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, pod, -1),
    ],
  };
  known.set(affinity, terms);
  return terms;
}

function weighted(terms: readonly WeightedPodAffinityTerm[] = [], pod: Pod, sign: 1 | -1): readonly Term[] {
  return terms.map(({ weight, podAffinityTerm }) => read(podAffinityTerm, pod, sign * weight));
}

function read(
  { topologyKey, labelSelector, namespaces = [], namespaceSelector }: PodAffinityTerm,
  { metadata }: Pod,
  weight: number,
): Term {
  const own = namespaces.length === 0 && namespaceSelector === undefined;
  return {
    key: topologyKey,
    namespaces: new Set(own ? [metadata.namespace ?? ''] : namespaces),
    namespaceSelector: selectorOf(namespaceSelector),
    selector: selectorOf(labelSelector),
    weight,
  };
}

/** Whether a term is about a pod. */
export function isAbout(term: Term, { metadata }: Pod, { objects }: ClusterView): boolean {
  const { namespace = '', labels } = metadata;
  const here =
    term.namespaces.has(namespace) ||
    (term.namespaceSelector.everything || term.namespaceSelector.requirements.length > 0
      ? term.namespaceSelector.matches(objects.namespaces.get(undefined, namespace)?.metadata.labels)
      : false);
  return here && term.selector.matches(labels);
}
