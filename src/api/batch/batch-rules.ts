// Owns the list of the batch group's rules, kind by kind.
import { type GroupRules, onType } from '../kind-rules.ts';
import { defaultCronJob, defaultJob, withOwnSelector } from './batch-defaults.ts';
import type { CronJob, Job } from './v1.ts';

export const batchRules: GroupRules = {
  // Defaults come once more, as upstream applies them again to what it has stored: the labels follow those of the template.
  Job: { default: onType<Job>(defaultJob), prepareForCreate: onType<Job>((job) => defaultJob(withOwnSelector(job))) },
  CronJob: { default: onType<CronJob>(defaultCronJob) },
};
