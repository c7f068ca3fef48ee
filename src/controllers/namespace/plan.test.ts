// Tests how a namespace ends: what is waited for, what is said, when it goes.
import { describe, expect, test } from 'vitest';
import type { Namespace, Pod } from '../../api/core/v1.ts';
import { resources } from '../../client/resources.ts';
import { isEnding, judgeRemaining, type NamespacePlan, planEnd, podSeconds, type Round } from './plan.ts';

const metadata = { name: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const namespace: Namespace = { metadata, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
const ending: Namespace = { ...namespace, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };

describe('the end of a namespace', () => {
  const deletedMs = Date.parse(metadata.creationTimestamp);
  const held = { metadata: { ...metadata, finalizers: ['example.com/hold'] } };
  const round = (more: Partial<Round> = {}): Round => ({ early: false, remaining: [], failures: [], estimateSeconds: 0, ...more });
  const words = ({ conditions }: NamespacePlan) => conditions?.map(({ status, message }) => `${status} ${message}`).slice(2);
  const good = [
    'False All content successfully deleted, may be waiting on finalization',
    'False All content successfully removed',
    'False All content-preserving finalizers finished',
  ];

  test('one that nobody deleted is left alone', () => expect([isEnding(namespace), isEnding(ending)]).toEqual([false, true]));
  test('empty: it says so and goes', () => {
    const plan = planEnd(ending, round(), 0);
    expect([plan.next, words(plan)]).toEqual([{ do: 'finalize' }, good]);
    expect(planEnd({ ...ending, status: { conditions: plan.conditions ?? [] } }, round(), 9).conditions).toBeUndefined();
  });
  test('held by a finalizer: conditions say by which, and it is looked at again', () => {
    const { remaining, estimateSeconds } = judgeRemaining('n', resources.configMaps, [held], 0);
    const plan = planEnd(ending, round({ remaining: [remaining], estimateSeconds }), 0);
    expect(plan.next).toEqual({ do: 'wait', ms: 8000 });
    expect(words(plan)?.slice(1)).toEqual([
      'True Some resources are remaining: configmaps. has 1 resource instances',
      'True Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    ]);
  });
  test('pods that still have time: the rest waits, and nothing is said of what is left', () => {
    const { remaining, estimateSeconds, failure } = judgeRemaining('n', resources.pods, [{ metadata }], 30);
    const plan = planEnd(ending, round({ early: true, remaining: [remaining], estimateSeconds }), 0);
    expect([failure, plan.next, words(plan)]).toEqual([undefined, { do: 'wait', ms: 16_000 }, good]);
  });
  test('pods whose time is over are a failure, tried again', () => {
    const { failure = '' } = judgeRemaining('n', resources.pods, [{ metadata }], 0);
    const plan = planEnd(ending, round({ early: true, failures: [failure] }), 0);
    expect(plan.next).toEqual({ do: 'retry' });
    expect(words(plan)?.[0]).toBe(
      'True Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: n for gvr: /v1, Resource=pods',
    );
  });
  test('the longest grace counts from the deletion of the namespace on, of pods that have not ended', () => {
    const pod = (seconds: number, phase: 'Running' | 'Succeeded' = 'Running'): Pod =>
      ({ metadata, spec: { containers: [], terminationGracePeriodSeconds: seconds }, status: { phase } }) as Pod;
    const seconds = (afterMs: number) => podSeconds([pod(5), pod(10), pod(99, 'Succeeded')], deletedMs, deletedMs + afterMs);
    expect([seconds(0), seconds(9999), seconds(10_000)]).toEqual([10, 10, 0]);
  });
});
