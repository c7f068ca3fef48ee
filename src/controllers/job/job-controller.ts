// Owns running each Job's pods to completion: claims, makes and removes them, counts each end once, says how it stands.
import type { Job, JobStatus } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { labelSelectorOf } from '../../api/selectors/label-selector.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import { claimAll } from '../claiming.ts';
import type { Controller, ControllerContext, Enqueue, Reconciled } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { keyOf, placeOf, splitKey } from '../object-key.ts';
import { controllerOf } from '../ownership.ts';
import { PodControl } from '../pod-control.ts';
import { isReady } from '../pod-facts.ts';
import { isEnding } from '../refusals.ts';
import { byController } from '../shared-informers.ts';
import { slowStart } from '../slow-start.ts';
import { type FailureRecord, noFailures } from './failures.ts';
import { isFinished, isManagedElsewhere, isTracked, trackingFinalizer } from './job-facts.ts';
import { type JobView, viewOf } from './job-view.ts';
import { type PodsPlan, planPods } from './plan.ts';
import { type Outcome, planCounted, planCounting, planEnd } from './status.ts';

/** Changes of pods are gathered for so long before the job is looked at. */
const batchMs = 1000;
/** Before the key of a pod that may have lost its job: its finalizer is taken off. */
const orphanPrefix = 'orphan:';

type Failure = { readonly error: unknown } | undefined;

export function jobController({ informers, client, clock, log }: ControllerContext): Controller {
  const jobs = informers.of(resources.jobs);
  const pods = informers.of(resources.pods, { controllerUid: byController });
  const recorder = new EventRecorder(client, clock, log, { component: 'job-controller' });
  const control = new PodControl(client, recorder, { apiVersion: 'batch/v1', kind: 'Job' });
  const expectations = new Expectations(clock);
  const letGo = new Map<string, Set<string>>();
  const failures = new Map<string, FailureRecord>();

  const ownerOf = (pod: Pod): Job | undefined => {
    const reference = controllerOf(pod);
    if (reference?.kind !== 'Job') return undefined;
    const job = jobs.get(pod.metadata.namespace, reference.name);
    return job?.metadata.uid === reference.uid ? job : undefined;
  };
  const matchesJob = (job: Job): ((pod: Pod) => boolean) => {
    const selector = labelSelectorOf(job.spec.selector);
    return ({ metadata }) => selector.matches(metadata.labels ?? {});
  };
  const forget = (key: string): void => {
    expectations.forget(key);
    letGo.delete(key);
    failures.delete(key);
  };
  const release = (pod: Pod): Promise<unknown> => {
    const body = { metadata: { uid: pod.metadata.uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } };
    return client.patch(resources.pods, placeOf(pod), { type: 'strategic', body });
  };
  // A conflict may be another pod of that name, or a write that came between: by the next look it is known which.
  const wasGone = (error: unknown): boolean => hasReason(error, 'NotFound');

  const claim = async (job: Job): Promise<readonly Pod[]> => {
    const candidates = [...pods.byIndex('controllerUid', job.metadata.uid), ...pods.byIndex('controllerUid', `/${job.metadata.namespace}`)];
    const claimant = { client, owner: job, ownerResource: resources.jobs, finalizers: [trackingFinalizer] };
    const claimed = await claimAll(claimant, resources.pods, candidates, matchesJob(job));
    // One just adopted got the finalizer with it.
    const tracked = ({ metadata }: Pod): Pod['metadata'] => ({
      ...metadata,
      finalizers: [...(metadata.finalizers ?? []), trackingFinalizer],
    });
    return claimed.map((pod) => (controllerOf(pod) === undefined && !isTracked(pod) ? { ...pod, metadata: tracked(pod) } : pod));
  };

  const remove = async (job: Job, pod: Pod, first: () => Promise<unknown>): Promise<void> => {
    try {
      await first();
      if (await control.delete(job, pod)) return;
    } catch (error) {
      expectations.deleted(keyOf(job), pod.metadata.uid);
      if (!wasGone(error)) throw error;
    }
    expectations.deleted(keyOf(job), pod.metadata.uid);
  };
  const removeAll = async (view: JobView, doomed: readonly Pod[], first: (pod: Pod) => Promise<unknown>): Promise<[Outcome, Failure]> => {
    const results = await Promise.allSettled(doomed.map((pod) => remove(view.job, pod, () => first(pod))));
    const failed = results.find((result) => result.status === 'rejected');
    const removed = results.filter((result) => result.status === 'fulfilled').length;
    const unready = doomed.filter((pod, at) => results[at]?.status === 'fulfilled' && isReady(pod)).length;
    const outcome = {
      active: view.active.length - removed,
      ready: view.ready - unready,
      terminating: view.terminating + removed,
      ended: view.settled && removed === view.active.length,
    };
    return [outcome, failed && { error: failed.reason }];
  };
  const carryOut = async (view: JobView, plan: PodsPlan): Promise<[Outcome, Failure]> => {
    const { job, active, ready, terminating } = view;
    const key = keyOf(job);
    const same: Outcome = { active: active.length, ready, terminating, ended: false };
    if (plan.do === 'end') return removeAll(view, plan.pods, async () => {});
    if (plan.do === 'remove') {
      const uids = plan.pods.map(({ metadata }) => metadata.uid);
      expectations.expect(key, 0, uids);
      return removeAll(view, plan.pods, async (pod) => (isTracked(pod) ? release(pod) : undefined));
    }
    if (plan.do !== 'make') return [same, undefined];
    const drafts = [...plan.drafts];
    expectations.expect(key, drafts.length, []);
    const { succeeded, failure } = await slowStart(plan.drafts.length, async () => {
      const draft = drafts.shift();
      if (draft !== undefined) await control.create(job, draft);
    });
    for (let missing = plan.drafts.length - succeeded; missing > 0; missing--) expectations.created(key);
    return [{ ...same, active: active.length + succeeded }, failure !== undefined && isEnding(failure.error) ? undefined : failure];
  };

  const write = (job: Job, status: JobStatus): Promise<Job> => client.updateStatus(resources.jobs, { ...job, status });
  const tellAll = (job: Job, events: readonly { type: 'Normal' | 'Warning'; reason: string; message: string }[]): void => {
    for (const { type, reason, message } of events) control.tell(job, type, reason, message);
  };
  /** Takes finalizers off; returns the uids of those that have none any more. */
  const releaseAll = async (key: string, ended: readonly Pod[]): Promise<[ReadonlySet<string>, Failure]> => {
    const expected = letGo.get(key) ?? new Set();
    letGo.set(key, expected);
    const done = new Set<string>();
    let failure: Failure;
    const one = async (pod: Pod): Promise<void> => {
      const { uid } = pod.metadata;
      expected.add(uid);
      try {
        await release(pod);
        done.add(uid);
      } catch (error) {
        expected.delete(uid);
        if (wasGone(error)) done.add(uid);
        else failure ??= { error };
      }
    };
    await Promise.all(ended.map(one));
    return [done, failure];
  };
  const count = async (view: JobView, plan: PodsPlan, outcome: Outcome): Promise<void> => {
    const key = keyOf(view.job);
    const counting = planCounting(view, plan, outcome, clock.now());
    tellAll(view.job, counting.events);
    let { job } = view;
    let { status } = counting;
    if (counting.differs) {
      job = await write(job, status);
      failures.set(key, view.failuresAfter);
      status = job.status ?? status;
    }
    const [released, failure] = await releaseAll(key, counting.release);
    const held = view.pods.filter((pod) => isTracked(pod) && !view.letGo.has(pod.metadata.uid)).map(({ metadata }) => metadata.uid);
    const counted = planCounted(status, new Set(held.filter((uid) => !released.has(uid))));
    const end = failure === undefined ? planEnd(view.job, counted.status, counting.verdict, clock.now()) : undefined;
    if (end !== undefined || counted.differs) job = await write(job, end?.status ?? counted.status);
    if (end !== undefined) tellAll(job, end.events);
    if (failure !== undefined) throw failure.error;
  };

  const releaseOrphan = async (key: string): Promise<Reconciled> => {
    const pod = pods.get(...splitKey(key));
    if (pod === undefined || !isTracked(pod)) return undefined;
    const reference = controllerOf(pod);
    if (reference !== undefined) {
      if (reference.kind !== 'Job' || reference.apiVersion !== 'batch/v1') return undefined;
      const job = ownerOf(pod);
      if (job !== undefined && (isManagedElsewhere(job) || !isFinished(job))) return undefined;
    }
    await release(pod).catch((error: unknown) => {
      if (!wasGone(error)) throw error;
    });
    return undefined;
  };

  const watchPods = async (enqueue: Enqueue): Promise<void> => {
    const wake = (job: Job): void => enqueue(keyOf(job), batchMs);
    const orphan = (pod: Pod): void => {
      if (isTracked(pod)) enqueue(`${orphanPrefix}${keyOf(pod)}`);
    };
    const wakeMatching = (pod: Pod): void => {
      for (const job of jobs.list(pod.metadata.namespace)) if (matchesJob(job)(pod)) wake(job);
    };
    const seenReleased = (job: Job, pod: Pod): void => void letGo.get(keyOf(job))?.delete(pod.metadata.uid);
    const gone = (pod: Pod, final: boolean): void => {
      const job = ownerOf(pod);
      if (job === undefined || isFinished(job)) return orphan(pod);
      expectations.deleted(keyOf(job), pod.metadata.uid);
      if (final || !isTracked(pod)) seenReleased(job, pod);
      wake(job);
    };
    pods.on({
      added(pod) {
        if (pod.metadata.deletionTimestamp !== undefined) return gone(pod, false);
        const job = ownerOf(pod);
        if (job !== undefined) {
          expectations.created(keyOf(job));
          wake(job);
        } else if (controllerOf(pod) === undefined) {
          orphan(pod);
          wakeMatching(pod);
        } else orphan(pod);
      },
      updated(pod, old) {
        if (pod.metadata.deletionTimestamp !== undefined) return gone(pod, false);
        const before = controllerOf(old)?.uid === controllerOf(pod)?.uid ? undefined : ownerOf(old);
        if (before !== undefined) {
          if (!isTracked(pod)) seenReleased(before, pod);
          wake(before);
        }
        const job = ownerOf(pod);
        if (job !== undefined) {
          if (!isTracked(pod)) seenReleased(job, pod);
          wake(job);
        } else if (controllerOf(pod) === undefined) {
          orphan(pod);
          wakeMatching(pod);
        }
      },
      deleted: (pod) => gone(pod, true),
    });
    await pods.start().synced;
  };

  return {
    name: 'job-controller',
    backoff: { baseMs: 1000, factor: 2, maxMs: 60_000 },
    async start(enqueue) {
      const releasePods = (job: Job): void => {
        for (const pod of pods.byIndex('controllerUid', job.metadata.uid)) if (isTracked(pod)) enqueue(`${orphanPrefix}${keyOf(pod)}`);
      };
      jobs.on({
        added: (job) => enqueue(keyOf(job)),
        updated(job, old) {
          enqueue(keyOf(job), job.metadata.generation === old.metadata.generation ? batchMs : 0);
          if (isFinished(job)) releasePods(job);
        },
        deleted(job) {
          enqueue(keyOf(job));
          releasePods(job);
        },
      });
      await jobs.start().synced;
      await watchPods(enqueue);
    },
    async reconcile(key) {
      if (key.startsWith(orphanPrefix)) return releaseOrphan(key.slice(orphanPrefix.length));
      const job = jobs.get(...splitKey(key));
      if (job === undefined || isManagedElsewhere(job) || isFinished(job)) {
        forget(key);
        return undefined;
      }
      const waitMs = expectations.remainingMs(key);
      const observed = { job, settled: waitMs === 0, letGo: new Set(letGo.get(key)), failures: failures.get(key) ?? noFailures };
      const view = viewOf({ ...observed, pods: await claim(job) }, clock.now());
      const plan = planPods(view, clock.now());
      const [outcome, failure] = await carryOut(view, plan);
      try {
        await count(view, plan, outcome);
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
      if (failure !== undefined) throw failure.error;
      const again = [
        plan.do === 'wait' ? Math.max(batchMs, plan.againMs) : undefined,
        view.verdict === undefined ? view.deadlineInMs : undefined,
        waitMs || undefined,
      ].filter((ms) => ms !== undefined);
      return again.length === 0 ? undefined : { againMs: Math.min(...again) };
    },
    async stop() {
      await Promise.all([jobs.stop(), pods.stop()]);
    },
  };
}
