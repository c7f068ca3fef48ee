// Owns what a ControllerRevision says: the patch that brings a template back, its hash and name, its order among others. Pure.
import type { ControllerRevision } from '../../api/apps/v1.ts';
import type { PodTemplateSpec } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { fnv1, safeLetters } from './safe-letters.ts';

type Data = NonNullable<ControllerRevision['data']>;

/** The strategic merge patch that puts a template in the place of any other: its members in order, since it is kept as it is written. */
export function templatePatch(template: PodTemplateSpec): Data {
  return inOrder({ spec: { template: { ...template, $patch: 'replace' } } }) as Data;
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, field]) => [key, inOrder(field)]));
}

/** The template that a revision's patch brings back. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { template } = (data?.spec ?? {}) as { readonly template?: PodTemplateSpec & { readonly $patch?: string } };
  const { $patch: _, ...rest } = template ?? {};
  return rest;
}

/** Whether two revisions bring back the same. */
export function sameRevision(a: Pick<ControllerRevision, 'data'>, b: Pick<ControllerRevision, 'data'>): boolean {
  return sameValue(a.data, b.data);
}

/** JSON as Go writes a map: keys in order, and no angle bracket or ampersand as it is. */
export function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) {
    const text = JSON.stringify(value) ?? 'null';
    return text.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, field]) => `${goJson(key)}:${goJson(field)}`).join(',')}}`;
}

/** The letters of a revision's data and of how often such a name was taken already: those that upstream gives it. */
export function revisionHash(data: Data, collisions: number): string {
  return safeLetters(fnv1(new TextEncoder().encode(`${goJson(data)}${collisions}`)));
}

/** The name of a revision: of its owner's at most 223 characters, and the hash. */
export function revisionName(owner: string, hash: string): string {
  return `${owner.slice(0, 223)}-${hash}`;
}

/** By number; of one number the older, then by name. */
export function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  if (a.revision !== b.revision) return a.revision - b.revision;
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp} ${metadata.name}`) as [string, string];
  return left < right ? -1 : left > right ? 1 : 0;
}
