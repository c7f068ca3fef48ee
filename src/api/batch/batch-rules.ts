// Owns the list of the batch group's rules, kind by kind.
import { type GroupRules, onType } from '../kind-rules.ts';
import { subdomainName } from '../meta/object-meta-validation.ts';
import { maxLengthMessage } from '../names.ts';
import { defaultCronJob, defaultJob, withOwnSelector } from './batch-defaults.ts';
import { cronJobCauses, jobCauses, jobUpdateCauses } from './batch-validation.ts';
import type { CronJob, Job } from './v1.ts';

/** Eleven characters are left for what the name of each Job adds. */
const longestCronJobName = 52;

/** The rules of the group's kinds, by kind. */
export const batchRules: GroupRules = {
  // Defaults come once more, as upstream applies them again to what it has stored: the labels follow those of the template.
  Job: {
    default: onType<Job>(defaultJob),
    prepareForCreate: onType<Job>((job) => defaultJob(withOwnSelector(job))),
    validate: (object) => jobCauses(object as unknown as Job),
    validateUpdate: (next, old) => jobUpdateCauses(next as unknown as Job, old as unknown as Job),
  },
  CronJob: {
    default: onType<CronJob>(defaultCronJob),
    nameErrors: (name, prefix) => [
      ...subdomainName(name, prefix),
      ...(name.length > longestCronJobName ? [maxLengthMessage(longestCronJobName)] : []),
    ],
    validate: (object) => cronJobCauses(object as unknown as CronJob),
  },
};
