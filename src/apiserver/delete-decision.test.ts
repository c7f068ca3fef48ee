// Owns the table of what deletions do: grace, finalizers, propagation.
import { describe, expect, test } from 'vitest';
import type { DeleteOptions, ObjectMeta } from '../api/meta/v1.ts';
import type { AnyObject } from '../api/object.ts';
import { type DeleteRules, decideDelete, endsByUpdate } from './delete-decision.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const pods: DeleteRules = { graceful: true, propagation: 'background' };
const others: DeleteRules = { graceful: false, propagation: 'background' };
const jobs: DeleteRules = { graceful: false, propagation: 'orphan' };

function object(metadata: Partial<ObjectMeta> = {}, spec: object = {}, status: object = {}): AnyObject {
  return { metadata: { name: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: '', ...metadata }, spec, status };
}
const onNode = (metadata: Partial<ObjectMeta> = {}, spec: object = {}): AnyObject => object(metadata, { nodeName: 'n', ...spec });
const going = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 };

describe('a deletion', () => {
  test.each<[string, AnyObject, DeleteOptions, DeleteRules, string]>([
    ['of anything', object(), {}, others, 'remove'],
    ['of a pod on a node', onNode(), {}, pods, 'mark grace=30 at 00:00:30'],
    ['of a pod with a grace of its own', onNode({}, { terminationGracePeriodSeconds: 7 }), {}, pods, 'mark grace=7 at 00:00:07'],
    ['with another grace', onNode(), { gracePeriodSeconds: 5 }, pods, 'mark grace=5 at 00:00:05'],
    ['with a negative grace', onNode(), { gracePeriodSeconds: -1 }, pods, 'mark grace=1 at 00:00:01'],
    ['at once', onNode(), { gracePeriodSeconds: 0 }, pods, 'markAndRemove grace=0 at 00:00:00'],
    ['of a pod without a node', object(), {}, pods, 'markAndRemove grace=0 at 00:00:00'],
    ['of a pod that has ended', object({}, { nodeName: 'n' }, { phase: 'Failed' }), {}, pods, 'markAndRemove grace=0 at 00:00:00'],
    ['again', onNode(going), {}, pods, 'pending'],
    ['again with more grace', onNode(going), { gracePeriodSeconds: 60 }, pods, 'pending'],
    ['again with less grace', onNode(going), { gracePeriodSeconds: 10 }, pods, 'mark grace=10 at 00:00:10'],
    ['again at once', onNode(going), { gracePeriodSeconds: 0 }, pods, 'markAndRemove grace=0 at 00:00:00'],
    ['at once with a finalizer', onNode({ finalizers: ['a'] }), { gracePeriodSeconds: 0 }, pods, 'mark grace=0 at 00:00:00 [a]'],
    ['with a finalizer', object({ finalizers: ['a'] }), {}, others, 'mark grace=0 at 00:00:00 [a]'],
    ['twice with a finalizer', object({ finalizers: ['a'], ...going, deletionGracePeriodSeconds: 0 }), {}, others, 'pending'],
    ['in the foreground', object(), { propagationPolicy: 'Foreground' }, others, 'mark grace=0 at 00:00:00 [foregroundDeletion]'],
    ['that orphans', object(), { propagationPolicy: 'Orphan' }, others, 'mark grace=0 at 00:00:00 [orphan]'],
    ['that orphans, the old way', object(), { orphanDependents: true }, others, 'mark grace=0 at 00:00:00 [orphan]'],
    ['of a job', object(), {}, jobs, 'mark grace=0 at 00:00:00 [orphan]'],
    ['of a job in the background', object(), { propagationPolicy: 'Background' }, jobs, 'remove'],
  ])('%s', (_, subject, options, rules, outcome) => {
    const decision = decideDelete(subject, options, rules, nowMs);
    const { metadata } = 'object' in decision ? decision.object : object();
    const finalizers = metadata.finalizers === undefined ? '' : ` [${metadata.finalizers.join(' ')}]`;
    const mark = `grace=${metadata.deletionGracePeriodSeconds} at ${metadata.deletionTimestamp?.slice(11, 19)}${finalizers}`;
    expect('object' in decision ? `${decision.is} ${mark}` : decision.is).toBe(outcome);
  });
});

describe('an update', () => {
  const due = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 };
  test.each<[string, AnyObject, AnyObject, boolean]>([
    ['that takes the last finalizer', object({ ...due, finalizers: ['a'] }), object(due), true],
    ['that leaves one', object({ ...due, finalizers: ['a', 'b'] }), object({ ...due, finalizers: ['b'] }), false],
    ['of what nobody deleted', object({ finalizers: ['a'] }), object(), false],
    ['of a pod that still has grace', onNode(going), onNode(going), false],
  ])('%s', (_, old, next, ends) => {
    expect(endsByUpdate(old, next)).toBe(ends);
  });
});
