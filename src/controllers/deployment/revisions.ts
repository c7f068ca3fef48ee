// Owns which ReplicaSet is a Deployment's present revision and what its annotations say: revision, history, sizes, what is copied. Pure.
import type { Deployment, ReplicaSet } from '../../api/apps/v1.ts';
import { sameTemplate } from '../revisions/template-hash.ts';
import { maxSurge, wanted } from './bounds.ts';

export const revisionKey = 'deployment.kubernetes.io/revision';
const historyKey = 'deployment.kubernetes.io/revision-history';
const desiredKey = 'deployment.kubernetes.io/desired-replicas';
const maxKey = 'deployment.kubernetes.io/max-replicas';
/** Annotations that are the Deployment's or the set's alone. */
export const notCopied: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  revisionKey,
  historyKey,
  desiredKey,
  maxKey,
]);
/** The history of revisions is kept to so many characters. */
const historyLength = 2000;

type Annotations = Readonly<Record<string, string>>;

/** A revision's number; 0 where there is none. */
export function revisionOf({ metadata }: Pick<ReplicaSet, 'metadata'>): number {
  const text = metadata.annotations?.[revisionKey] ?? '';
  return /^\d+$/.test(text) ? Number(text) : 0;
}

function sizeOf({ metadata }: ReplicaSet, key: string): number | undefined {
  const text = metadata.annotations?.[key] ?? '';
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** How many replicas its Deployment wanted when the set was last scaled. */
export const desiredReplicas = (set: ReplicaSet): number | undefined => sizeOf(set, desiredKey);
/** How many pods its Deployment might have had then, surge included. */
export const maxReplicas = (set: ReplicaSet): number | undefined => sizeOf(set, maxKey);

/** Oldest first; made in the same second: by name. */
export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp} ${metadata.name}`) as [string, string];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The sets apart: the one whose template is the Deployment's (the oldest of them), and the others. */
export function splitSets(
  { spec }: Deployment,
  sets: readonly ReplicaSet[],
): { readonly present: ReplicaSet | undefined; readonly old: readonly ReplicaSet[] } {
  const present = [...sets].sort(byAge).find((set) => sameTemplate(set.spec.template, spec.template));
  return { present, old: sets.filter((set) => set !== present) };
}

/** The revision that the present set must have: one more than any other. */
export function nextRevision(old: readonly ReplicaSet[]): number {
  return Math.max(0, ...old.map(revisionOf)) + 1;
}

/** The annotations by which a set shows how large its Deployment is. */
export function sizeAnnotations(deployment: Deployment): Annotations {
  return { [desiredKey]: `${wanted(deployment)}`, [maxKey]: `${wanted(deployment) + maxSurge(deployment)}` };
}

/** The annotations of the present set: the Deployment's, its revision, and those revisions that it was before. Never takes one away. */
export function presentAnnotations(deployment: Deployment, present: ReplicaSet | undefined, revision: number): Annotations {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !notCopied.has(key));
  const before = present?.metadata.annotations ?? {};
  const annotations: Record<string, string> = { ...before, ...Object.fromEntries(copied) };
  const was = before[revisionKey];
  if (was !== undefined && was !== '' && !/^\d+$/.test(was)) return annotations;
  if (Number(was ?? 0) >= revision) return annotations;
  annotations[revisionKey] = `${revision}`;
  if (was !== undefined) annotations[historyKey] = historyWith(before[historyKey], was);
  return annotations;
}

function historyWith(history: string | undefined, revision: string): string {
  const revisions = history === undefined || history === '' ? [] : history.split(',');
  let joined = [...revisions, revision];
  while (joined.length > 1 && joined.join(',').length > historyLength) joined = joined.slice(1);
  return joined.join(',');
}
