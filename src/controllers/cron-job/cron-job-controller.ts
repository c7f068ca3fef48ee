// Owns starting each CronJob's Jobs at their times, and keeping its list and history of them.
import type { CronJob, CronJobStatus, Job } from '../../api/batch/v1.ts';
import type { ObjectReference } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { KubeObject } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, placeOf, splitKey } from '../object-key.ts';
import { controllerOf } from '../ownership.ts';
import { isEnding, wordsOf } from '../refusals.ts';
import { byController } from '../shared-informers.ts';
import { planCronJob, rescheduledInMs, type Start, startedStatus, unexpected } from './plan.ts';

export function cronJobController({ informers, client, clock, log }: ControllerContext): Controller {
  const cronJobs = informers.of(resources.cronJobs);
  const jobs = informers.of(resources.jobs, { byController });
  const recorder = new EventRecorder(client, clock, log, { component: 'cronjob-controller' });
  const tell = (cronJob: CronJob, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.record(subjectOf(cronJob, 'batch/v1', 'CronJob'), type, reason, message);

  const ownerOf = (object: KubeObject): CronJob | undefined => {
    const reference = controllerOf(object);
    if (reference?.kind !== 'CronJob') return undefined;
    const owner = cronJobs.get(object.metadata.namespace, reference.name);
    return owner?.metadata.uid === reference.uid ? owner : undefined;
  };
  const remove = async (cronJob: CronJob, job: Job): Promise<boolean> => {
    try {
      await client.delete(resources.jobs, placeOf(job), { propagationPolicy: 'Background' });
    } catch (error) {
      tell(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${wordsOf(error)}`);
      return false;
    }
    tell(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name}`);
    return true;
  };
  const find = (cronJob: CronJob, name: string): Promise<Job> =>
    client.get(resources.jobs, { namespace: cronJob.metadata.namespace ?? '', name });
  /** Those that the status calls active, that no watch has shown, and that the server does not have either. */
  const goneOf = async (cronJob: CronJob, present: readonly Job[]): Promise<ReadonlySet<string>> => {
    const known = new Set(present.map(({ metadata }) => metadata.uid));
    const gone = new Set<string>();
    for (const { uid = '', name = '' } of cronJob.status?.active ?? []) {
      if (known.has(uid)) continue;
      try {
        await find(cronJob, name);
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
        gone.add(uid);
      }
    }
    return gone;
  };
  const replace = async (cronJob: CronJob, running: readonly ObjectReference[]): Promise<void> => {
    for (const { name = '' } of running) {
      let job: Job;
      try {
        job = await find(cronJob, name);
      } catch (error) {
        tell(cronJob, 'Warning', 'FailedGet', `Get job: ${wordsOf(error)}`);
        throw error;
      }
      if (!(await remove(cronJob, job))) throw new Error(`could not replace job ${keyOf(job)}`);
    }
  };
  /** The Job that now runs for the time; undefined where another's Job has its name. */
  const start = async (cronJob: CronJob, { draft }: Start): Promise<Job | undefined> => {
    try {
      const job = await client.create(resources.jobs, draft);
      tell(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${job.metadata.name}`);
      return job;
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) {
        if (!isEnding(error)) tell(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${wordsOf(error)}`);
        throw error;
      }
      // It was made before, but the status never came to say so.
      const job = await find(cronJob, draft.metadata.name ?? '');
      const isOurs = controllerOf(job)?.uid === cronJob.metadata.uid;
      return isOurs && !cronJob.status?.active?.some(({ uid }) => uid === job.metadata.uid) ? job : undefined;
    }
  };
  const write = async (cronJob: CronJob, status: CronJobStatus): Promise<void> => {
    if (!sameValue(cronJob.status, status)) await client.updateStatus(resources.cronJobs, { ...cronJob, status });
  };

  return {
    name: 'cronjob-controller',
    async start(enqueue) {
      const change = (cronJob: CronJob): void => enqueue(keyOf(cronJob));
      const updated = (cronJob: CronJob, old: CronJob): void => {
        const { schedule, timeZone } = cronJob.spec;
        if (schedule === old.spec.schedule && timeZone === old.spec.timeZone) return change(cronJob);
        const inMs = rescheduledInMs(cronJob, clock.now());
        if (inMs !== undefined) return enqueue(keyOf(cronJob), inMs);
        tell(cronJob, 'Warning', 'UnParseableCronJobSchedule', `unparseable schedule for cronjob: ${schedule}`);
      };
      cronJobs.on({ added: change, updated, deleted: change });
      await cronJobs.start().synced;
      const wake = (job: Job): void => {
        const owner = ownerOf(job);
        if (owner !== undefined) change(owner);
      };
      jobs.on({
        added: wake,
        updated(job, old) {
          if (controllerOf(old)?.uid !== controllerOf(job)?.uid) wake(old);
          wake(job);
        },
        deleted: wake,
      });
      await jobs.start().synced;
    },
    async reconcile(key) {
      const seen = cronJobs.get(...splitKey(key));
      if (seen === undefined) return undefined;
      const present = jobs.byIndex('byController', seen.metadata.uid);
      // The list of Jobs may be ahead of the CronJob: only what the server's own does not know either is unexpected.
      const cronJob = unexpected(seen, present).length === 0 ? seen : await client.get(resources.cronJobs, placeOf(seen));
      if (cronJob.metadata.uid !== seen.metadata.uid) return undefined;
      const plan = planCronJob({ cronJob, jobs: present, gone: await goneOf(cronJob, present) }, clock.now());
      for (const job of plan.remove) await remove(cronJob, job);
      for (const { type, reason, message } of plan.events) tell(cronJob, type, reason, message);
      let { status } = plan;
      let failure: { readonly error: unknown } | undefined;
      if (plan.start !== undefined) {
        try {
          await replace(cronJob, plan.replace);
          const job = await start(cronJob, plan.start);
          if (job !== undefined) status = startedStatus(status, job, plan.start.atMs);
        } catch (error) {
          failure = { error };
        }
      }
      await write(cronJob, status);
      if (failure !== undefined) {
        if (isEnding(failure.error)) return undefined;
        throw failure.error;
      }
      return plan.againMs === undefined ? undefined : { againMs: plan.againMs };
    },
    async stop() {
      await Promise.all([cronJobs.stop(), jobs.stop()]);
    },
  };
}
