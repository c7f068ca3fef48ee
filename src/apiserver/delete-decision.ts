// Owns what a deletion does to an object: nothing yet, a mark with a grace period, finalizers, or its end. Pure; upstream's rules.
import type { DeleteOptions } from '../api/meta/v1.ts';
import type { AnyObject } from '../api/object.ts';
import { formatTime, parseTime } from '../base/time.ts';

/** What of the kind matters: whether deletion is graceful, and what happens to dependents by default. */
export interface DeleteRules {
  readonly graceful: boolean;
  readonly propagation: 'orphan' | 'background' | 'unsupported';
}

/**
 * `pending`: the deletion is under way and nothing changes. `mark`: the object is to be written as `object` and stays. `markAndRemove`: it is
 * to be written as `object` and then removed (watchers see both). `remove`: it goes at once.
 */
export type DeleteDecision =
  | { readonly is: 'pending' }
  | { readonly is: 'mark' | 'markAndRemove'; readonly object: AnyObject }
  | { readonly is: 'remove' };

const orphanFinalizer = 'orphan';
const foregroundFinalizer = 'foregroundDeletion';
const defaultGraceSeconds = 30;

/** Decides. `options` must have been checked. */
export function decideDelete(object: AnyObject, options: DeleteOptions, rules: DeleteRules, nowMs: number): DeleteDecision {
  const { metadata } = object;
  const marked = rules.graceful ? markWithGrace(object, options, nowMs) : undefined;
  if (marked === 'pending') return { is: 'pending' };
  const finalizers = finalizersAfter(metadata.finalizers ?? [], options, rules);
  if (marked !== undefined) {
    const next = withFinalizers(marked, finalizers);
    const stays = next.metadata.deletionGracePeriodSeconds !== 0 || finalizers.length > 0;
    return { is: stays ? 'mark' : 'markAndRemove', object: next };
  }
  if (finalizers.length === 0) return { is: 'remove' };
  if (metadata.deletionTimestamp !== undefined && sameList(finalizers, metadata.finalizers ?? [])) return { is: 'pending' };
  const generation =
    metadata.deletionGracePeriodSeconds === undefined && (metadata.generation ?? 0) > 0
      ? (metadata.generation ?? 0) + 1
      : metadata.generation;
  const deletionTimestamp = earlier(metadata.deletionTimestamp, nowMs);
  const mark = { ...metadata, deletionTimestamp, deletionGracePeriodSeconds: 0, ...(generation === undefined ? {} : { generation }) };
  return { is: 'mark', object: withFinalizers({ ...object, metadata: mark }, finalizers) };
}

function earlier(text: string | undefined, nowMs: number): string {
  const at = parseTime(text);
  return text === undefined || at === undefined || at > nowMs ? formatTime(nowMs) : text;
}

/** The object with its time to live set; undefined where no grace applies any more and finalizers decide. */
function markWithGrace(object: AnyObject, options: DeleteOptions, nowMs: number): AnyObject | 'pending' | undefined {
  const { metadata } = object;
  const asked = options.gracePeriodSeconds;
  const { deletionTimestamp, deletionGracePeriodSeconds: granted } = metadata;
  if (deletionTimestamp !== undefined) {
    if (granted === undefined || granted === 0) return metadata.finalizers?.length ? 'pending' : undefined;
    if (asked === undefined) return 'pending';
    const shorter = asked < 0 ? 1 : asked;
    if (shorter >= granted) return 'pending';
    const endMs = (parseTime(deletionTimestamp) ?? nowMs) + (shorter - granted) * 1000;
    return { ...object, metadata: { ...metadata, deletionTimestamp: formatTime(endMs), deletionGracePeriodSeconds: shorter } };
  }
  const grace = graceOf(object, asked);
  const generation = (metadata.generation ?? 0) > 0 ? { generation: (metadata.generation ?? 0) + 1 } : {};
  const deletion = { deletionTimestamp: formatTime(nowMs + grace * 1000), deletionGracePeriodSeconds: grace };
  return { ...object, metadata: { ...metadata, ...generation, ...deletion } };
}

/** Seconds that a pod gets: what was asked, else what it wants; none where no kubelet has it or it has ended. */
function graceOf(object: AnyObject, asked: number | undefined): number {
  const spec = object['spec'] as { readonly nodeName?: string; readonly terminationGracePeriodSeconds?: number } | undefined;
  const status = object['status'] as { readonly phase?: string } | undefined;
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
  const grace = asked ?? spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
  return grace < 0 ? 1 : grace;
}

function finalizersAfter(before: readonly string[], options: DeleteOptions, rules: DeleteRules): readonly string[] {
  const orphan = wantsOrphans(before, options, rules);
  const foreground = wantsForeground(before, options, rules);
  const rest = before.filter((name) => name !== orphanFinalizer && name !== foregroundFinalizer);
  return [...rest, ...(orphan ? [orphanFinalizer] : []), ...(foreground ? [foregroundFinalizer] : [])];
}

function wantsOrphans(before: readonly string[], options: DeleteOptions, { propagation }: DeleteRules): boolean {
  if (propagation === 'unsupported') return false;
  if (options.orphanDependents !== undefined) return options.orphanDependents;
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === 'Orphan';
  return before.includes(orphanFinalizer) || (propagation === 'orphan' && !before.includes(foregroundFinalizer));
}

function wantsForeground(before: readonly string[], options: DeleteOptions, { propagation }: DeleteRules): boolean {
  if (propagation === 'unsupported' || options.orphanDependents !== undefined) return false;
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === 'Foreground';
  return before.includes(foregroundFinalizer);
}

function withFinalizers(object: AnyObject, finalizers: readonly string[]): AnyObject {
  const { finalizers: _, ...metadata } = object.metadata;
  return { ...object, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } };
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

/** Whether an update ends the object: its deletion was due and nothing holds it any more. */
export function endsByUpdate(old: AnyObject, next: AnyObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
  if (deletionTimestamp === undefined || (next.metadata.finalizers?.length ?? 0) > 0) return false;
  if (old.kind === 'Namespace' && old.apiVersion === 'v1')
    return ((next['spec'] as { finalizers?: readonly string[] } | undefined)?.finalizers?.length ?? 0) === 0;
  return deletionGracePeriodSeconds === undefined || deletionGracePeriodSeconds === 0;
}
