// Owns which containers a pod lists, of all three sorts. Pure.
import type { Container, Pod } from '../api/core/v1.ts';

/** Init containers and sidecars first, then the main ones, then those for debugging; each as listed. */
export function allContainers({ spec }: Pick<Pod, 'spec'>): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...((spec.ephemeralContainers ?? []) as readonly Container[])];
}
