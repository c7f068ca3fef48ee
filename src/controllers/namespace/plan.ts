// Owns how a namespace ends: what is left in it, what its conditions say, and when it may go. Pure.
import type { Namespace, NamespaceCondition } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';

/** What was found of one resource in the namespace after a round of deletions. */
export interface Remaining {
  /** `configmaps`, or `widgets.example.com`. */
  readonly resource: string;
  readonly count: number;
  /** How many objects each finalizer holds. */
  readonly finalizers: ReadonlyMap<string, number>;
}

/** What to do next: write conditions, let the namespace go, look again. */
export interface NamespacePlan {
  readonly conditions: readonly NamespaceCondition[] | undefined;
  readonly finalize: boolean;
  readonly againMs: number | undefined;
}

/** What still ends by itself (pods with grace) or is held by finalizers is looked at again after this long. */
const lookAgainMs = 500;

/** Whether the namespace is being deleted and its content is this controller's to remove. */
export function isEnding({ metadata, spec }: Namespace): boolean {
  return metadata.deletionTimestamp !== undefined && (spec?.finalizers ?? []).includes('kubernetes');
}

/** Plans after a round. `failures` are texts of what could not be listed or deleted. */
export function planEnd(namespace: Namespace, remaining: readonly Remaining[], failures: readonly string[], nowMs: number): NamespacePlan {
  const left = remaining.filter(({ count }) => count > 0);
  if (left.length === 0 && failures.length === 0) return { conditions: undefined, finalize: true, againMs: undefined };
  const conditions = conditionsOf(left, failures).map((next) => {
    const before = namespace.status?.conditions?.find(({ type }) => type === next.type);
    return { ...next, lastTransitionTime: before?.status === next.status ? (before.lastTransitionTime ?? '') : formatTime(nowMs) };
  });
  const same = JSON.stringify(conditions.map(withoutTime)) === JSON.stringify((namespace.status?.conditions ?? []).map(withoutTime));
  return { conditions: same ? undefined : conditions, finalize: false, againMs: lookAgainMs };
}

function withoutTime({ type, status, reason, message }: NamespaceCondition): readonly (string | undefined)[] {
  return [type, status, reason, message];
}

function conditionsOf(left: readonly Remaining[], failures: readonly string[]): readonly NamespaceCondition[] {
  const held = new Map<string, number>();
  for (const { finalizers } of left) for (const [name, count] of finalizers) held.set(name, (held.get(name) ?? 0) + count);
  const resources = left.map(({ resource, count }) => `${resource}. has ${count} resource instances`).sort();
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
      ['ContentDeletionFailed', `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(', ')}`],
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
