// Owns carrying a preemption out: victims are marked, deleted with their own grace, and told by whom.
import type { Pod } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import { formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import { subjectOf } from '../../client/event-recorder.ts';
import type { SeriesRecorder } from '../../client/event-series.ts';
import { resources } from '../../client/resources.ts';

/** Evicts the victims that are not going already, all at once. Rejects with the first error; a victim that is gone is none. */
export async function evict(
  { client, clock, recorder }: { readonly client: Client; readonly clock: Clock; readonly recorder: SeriesRecorder },
  preemptor: Pod,
  victims: readonly Pod[],
  node: string,
): Promise<void> {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${preemptor.spec.schedulerName ?? 'default-scheduler'}: preempting to accommodate a higher priority pod`,
  };
  const one = async (victim: Pod): Promise<void> => {
    const { namespace = '', name, uid, generation } = victim.metadata;
    const lastTransitionTime = formatTime(clock.now());
    const body = { metadata: { uid }, status: { conditions: [{ ...condition, lastTransitionTime, observedGeneration: generation }] } };
    try {
      await client.patch(resources.pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
      await client.delete(resources.pods, { namespace, name }, { preconditions: { uid } });
    } catch (error) {
      if (hasReason(error, 'NotFound', 'Conflict')) return;
      throw error;
    }
    recorder.record({
      regarding: subjectOf(victim, 'v1', 'Pod'),
      related: subjectOf(preemptor, 'v1', 'Pod'),
      type: 'Normal',
      reason: 'Preempted',
      action: 'Preempting',
      note: `Preempted by pod ${preemptor.metadata.uid} on node ${node}`,
    });
  };
  const outcomes = await Promise.allSettled(victims.map(one));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
