// Owns how a namespace ends: what is left in it, what its conditions say, and when it may go. Pure.
import type { Namespace, NamespaceCondition, Pod } from '../../api/core/v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { formatTime } from '../../base/time.ts';

/** What was found of one resource in the namespace after a round of deletions. */
export interface Remaining {
  /** `configmaps`, or `widgets.example.com`. */
  readonly resource: string;
  readonly count: number;
  /** How many objects each finalizer holds. */
  readonly finalizers: ReadonlyMap<string, number>;
}

/** A round over the content. `early`: pods are left, so that nothing else was touched. */
export interface Round {
  readonly early: boolean;
  readonly remaining: readonly Remaining[];
  /** Texts of what could not be listed or deleted, or should be gone and is not. */
  readonly failures: readonly string[];
  /** In how many seconds it may be gone by itself; 0: now. */
  readonly estimateSeconds: number;
}

/** What to do next. `conditions`: to be written first. `retry`: with the queue's back-off. */
export interface NamespacePlan {
  readonly conditions: readonly NamespaceCondition[] | undefined;
  readonly next: { readonly do: 'finalize' } | { readonly do: 'retry' } | { readonly do: 'wait'; readonly ms: number };
}

/** The content of a namespace is touched so long after its deletion, and after each change of it since. */
export const settleMs = 5000;
/** How long finalizers are thought to take. */
const finalizerSeconds = 15;

/** Whether the namespace is being deleted and its content is this controller's to remove. */
export function isEnding({ metadata, spec }: Namespace): boolean {
  return metadata.deletionTimestamp !== undefined && (spec?.finalizers ?? []).includes('kubernetes');
}

/** Plans after a round. */
export function planEnd(namespace: Namespace, { early, remaining, failures, estimateSeconds }: Round, nowMs: number): NamespacePlan {
  const left = early ? [] : remaining.filter(({ count }) => count > 0);
  const before = namespace.status?.conditions ?? [];
  const conditions = conditionsOf(left, failures).map((next) => {
    const old = before.find(({ type }) => type === next.type);
    return { ...next, lastTransitionTime: old?.status === next.status ? (old.lastTransitionTime ?? '') : formatTime(nowMs) };
  });
  const kinds = new Set(conditions.map(({ type }) => type));
  const all = [...conditions, ...before.filter(({ type }) => !kinds.has(type))];
  const same = JSON.stringify(all.map(withoutTime)) === JSON.stringify(before.map(withoutTime));
  return { conditions: same ? undefined : all, next: nextOf(failures.length, estimateSeconds) };
}

function nextOf(failures: number, estimateSeconds: number): NamespacePlan['next'] {
  if (failures > 0) return { do: 'retry' };
  return estimateSeconds === 0 ? { do: 'finalize' } : { do: 'wait', ms: (Math.floor(estimateSeconds / 2) + 1) * 1000 };
}

/** How long the pods of a namespace may still take: the longest grace, from the namespace's deletion on; seconds, 0 where that is over. */
export function podSeconds(pods: readonly Pod[], deletedMs: number, nowMs: number): number {
  const longest = pods.reduce((most, { spec, status }) => {
    const over = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    return over ? most : Math.max(most, spec.terminationGracePeriodSeconds ?? 0);
  }, 0);
  return nowMs - deletedMs >= longest * 1000 ? 0 : longest;
}

/** What is left of a resource, and whether that is as it should be. `estimateSeconds`: how long its objects have to go by themselves. */
export function judgeRemaining(
  namespace: string,
  { group, version, resource }: { readonly group: string; readonly version: string; readonly resource: string },
  items: readonly KubeObject[],
  estimateSeconds: number,
): { readonly remaining: Remaining; readonly estimateSeconds: number; readonly failure: string | undefined } {
  const finalizers = new Map<string, number>();
  for (const { metadata } of items)
    for (const finalizer of metadata.finalizers ?? []) finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  const remaining = { resource: group === '' ? resource : `${resource}.${group}`, count: items.length, finalizers };
  if (estimateSeconds > 0) return { remaining, estimateSeconds, failure: undefined };
  if (finalizers.size > 0) return { remaining, estimateSeconds: finalizerSeconds, failure: undefined };
  const failure = `unexpected items still remain in namespace: ${namespace} for gvr: ${group}/${version}, Resource=${resource}`;
  return { remaining, estimateSeconds: 0, failure: items.length === 0 ? undefined : failure };
}

function withoutTime({ type, status, reason, message }: NamespaceCondition): readonly (string | undefined)[] {
  return [type, status, reason, message];
}

function conditionsOf(left: readonly Remaining[], failures: readonly string[]): readonly NamespaceCondition[] {
  const held = new Map<string, number>();
  for (const { finalizers } of left) for (const [name, count] of finalizers) held.set(name, (held.get(name) ?? 0) + count);
  const resources = left
    .map(({ resource, count }) => `${resource}${resource.includes('.') ? '' : '.'} has ${count} resource instances`)
    .sort();
  const finalizers = [...held].map(([name, count]) => `${name} in ${count} resource instances`).sort();
  const condition = (
    type: string,
    bad: boolean,
    badWords: readonly [string, string],
    goodWords: readonly [string, string],
  ): NamespaceCondition => {
    const [reason, message] = bad ? badWords : goodWords;
    return { type, status: bad ? 'True' : 'False', reason, message };
  };
  return [
    condition('NamespaceDeletionDiscoveryFailure', false, ['', ''], ['ResourcesDiscovered', 'All resources successfully discovered']),
    condition(
      'NamespaceDeletionGroupVersionParsingFailure',
      false,
      ['', ''],
      ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    ),
    condition(
      'NamespaceDeletionContentFailure',
      failures.length > 0,
      ['ContentDeletionFailed', `Failed to delete all resource types, ${failures.length} remaining: ${failures.toSorted().join(', ')}`],
      ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    ),
    condition(
      'NamespaceContentRemaining',
      left.length > 0,
      ['SomeResourcesRemain', `Some resources are remaining: ${resources.join(', ')}`],
      ['ContentRemoved', 'All content successfully removed'],
    ),
    condition(
      'NamespaceFinalizersRemaining',
      held.size > 0,
      ['SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`],
      ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
    ),
  ];
}
