// Owns the short name of a pod template, and when two templates are the same. Pure.
import type { PodTemplateSpec } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { fnv1a, safeLetters } from './safe-letters.ts';

/** The label that tells a ReplicaSet's pods from those of its siblings. */
export const hashLabel = 'pod-template-hash';

/**
 * Up to ten characters, of the template and of how often its name was taken already: FNV-1a over 32 bits, its decimal digits spelled in the safe
 * letters. Upstream hashes Go's own print of the structure, here it is JSON with sorted keys: as stable, but not the same letters.
 */
export function templateHash(template: PodTemplateSpec, collisions = 0): string {
  return safeLetters(fnv1a(new TextEncoder().encode(`${canonical(template)}${collisions === 0 ? '' : collisions}`)));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`;
}

/** Equal but for the hash label. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return sameValue(bare(a), bare(b));
}

function bare(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}
