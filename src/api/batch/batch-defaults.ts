// Owns the defaults of Jobs and CronJobs, and the selector that a Job gets.
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import type { CronJob, Job, JobSpec } from './v1.ts';

function defaultJobSpec(spec: JobSpec, inTemplate: boolean): JobSpec {
  const template = defaultPodTemplate(spec.template);
  const rules = spec.podFailurePolicy?.rules?.map((rule) =>
    rule.onPodConditions === undefined
      ? rule
      : { ...rule, onPodConditions: rule.onPodConditions.map((pattern) => ({ ...pattern, status: pattern.status || 'True' })) },
  );
  const policy = rules === undefined ? {} : { podFailurePolicy: { ...spec.podFailurePolicy, rules } };
  if (inTemplate) return { ...spec, template, ...policy };
  const once = spec.completions === undefined && spec.parallelism === undefined;
  return {
    ...spec,
    template,
    ...policy,
    ...(once ? { completions: 1 } : {}),
    parallelism: spec.parallelism ?? 1,
    backoffLimit: spec.backoffLimit ?? (spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1),
    completionMode: spec.completionMode ?? 'NonIndexed',
    suspend: spec.suspend ?? false,
    podReplacementPolicy: spec.podReplacementPolicy ?? (spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'),
    manualSelector: spec.manualSelector ?? false,
  };
}

/** The Job with upstream's defaults. */
export function defaultJob(job: Job): Job {
  const spec = defaultJobSpec(job.spec ?? ({} as JobSpec), false);
  const labels = spec.template.metadata?.labels;
  const unlabelled = Object.keys(job.metadata.labels ?? {}).length === 0;
  return { ...job, ...(labels !== undefined && unlabelled ? { metadata: { ...job.metadata, labels } } : {}), spec };
}

/** The CronJob with upstream's defaults. */
export function defaultCronJob(job: CronJob): CronJob {
  const { spec } = job;
  return {
    ...job,
    spec: {
      ...spec,
      concurrencyPolicy: spec.concurrencyPolicy || 'Allow',
      suspend: spec.suspend ?? false,
      jobTemplate: { ...spec.jobTemplate, spec: defaultJobSpec(spec.jobTemplate.spec ?? ({} as JobSpec), true) },
      successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit ?? 3,
      failedJobsHistoryLimit: spec.failedJobsHistoryLimit ?? 1,
    },
  };
}

function sorted(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Unless the selector is made by hand, a Job selects by its own uid, and labels its template so. Needs the uid and the name. */
export function withOwnSelector(job: Job): Job {
  const { spec } = job;
  if (spec === undefined || spec.manualSelector === true) return job;
  const { uid, name } = job.metadata;
  const own = { 'job-name': name, 'batch.kubernetes.io/job-name': name, 'controller-uid': uid, 'batch.kubernetes.io/controller-uid': uid };
  const labels = sorted({ ...own, ...spec.template.metadata?.labels });
  const matchLabels = sorted({ 'batch.kubernetes.io/controller-uid': uid, ...spec.selector?.matchLabels });
  // Labels that a Job has by default are its template's, and follow what is added there; those that it was given do not.
  const followed = job.metadata.labels !== undefined && job.metadata.labels === spec.template.metadata?.labels;
  return {
    ...job,
    ...(followed ? { metadata: { ...job.metadata, labels } } : {}),
    spec: {
      ...spec,
      selector: { ...spec.selector, matchLabels },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  };
}
