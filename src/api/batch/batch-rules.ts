// Owns the list of the group's rules, kind by kind, and the warnings about its kinds.
import { templateWithoutDisabledFields } from '../core/disabled-fields.ts';
import { isNewlyAsked, podNameWarnings, templateWarnings } from '../core/pod-warnings.ts';
import { checksOf, type GroupRules, onType, onTypes } from '../kind-rules.ts';
import { defaultCronJob, defaultJob, withOwnSelector } from './batch-defaults.ts';
import { cronJobCauses, cronJobUpdateCauses } from './cron-job-validation.ts';
import { jobStatusCauses } from './job-status-validation.ts';
import { jobUpdateCauses } from './job-update-validation.ts';
import { jobCauses } from './job-validation.ts';
import type { CronJob, Job, JobSpec } from './v1.ts';

const manyCompletions = 100_000;
const manyParallelism = 10_000;

function jobSpecWarnings(spec: JobSpec | undefined, at: string): readonly string[] {
  if (spec === undefined) return [];
  const { completionMode, completions = 0, parallelism = 0, template } = spec;
  const many = completionMode === 'Indexed' && completions > manyCompletions && parallelism > manyParallelism;
  const text =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [...(many ? [`${at}: ${text}`] : []), ...templateWarnings(template, `${at}.template`)];
}

function jobWarnings(job: Job, old?: Job): readonly string[] {
  const named = old === undefined ? podNameWarnings(job.metadata.name) : [];
  return isNewlyAsked(job, old) ? [...named, ...jobSpecWarnings(job.spec, 'spec')] : named;
}

function cronJobWarnings(job: CronJob, old?: CronJob): readonly string[] {
  const named = old === undefined ? podNameWarnings(job.metadata.name) : [];
  return isNewlyAsked(job, old) ? [...named, ...jobSpecWarnings(job.spec.jobTemplate.spec, 'spec.jobTemplate.spec')] : named;
}

function trimmedSpec(spec: JobSpec): JobSpec {
  return { ...spec, template: templateWithoutDisabledFields(spec.template) };
}

function trimmedJob(job: Job): Job {
  return job.spec === undefined ? job : { ...job, spec: trimmedSpec(job.spec) };
}

function trimmedCronJob(job: CronJob): CronJob {
  const { jobTemplate } = job.spec;
  if (jobTemplate.spec === undefined) return job;
  return { ...job, spec: { ...job.spec, jobTemplate: { ...jobTemplate, spec: trimmedSpec(jobTemplate.spec) } } };
}

/** The rules of the group's kinds, by kind. */
export const batchRules: GroupRules = {
  Job: {
    default: onType<Job>(defaultJob),
    prepareForCreate: onType<Job>((job) => withOwnSelector(trimmedJob(job))),
    // Defaults come once more, as upstream applies them again to what it has stored: the labels follow those of the template.
    settle: onType<Job>(defaultJob),
    prepareForUpdate: onTypes<Job>((next) => trimmedJob(next)),
    ...checksOf<Job>({
      validate: jobCauses,
      validateUpdate: jobUpdateCauses,
      validateStatusUpdate: jobStatusCauses,
      warnings: jobWarnings,
    }),
  },
  CronJob: {
    metaOnUpdate: 'update',
    default: onType<CronJob>(defaultCronJob),
    prepareForCreate: onType<CronJob>(trimmedCronJob),
    prepareForUpdate: onTypes<CronJob>((next) => trimmedCronJob(next)),
    ...checksOf<CronJob>({ validate: cronJobCauses, validateUpdate: cronJobUpdateCauses, warnings: cronJobWarnings }),
  },
};
