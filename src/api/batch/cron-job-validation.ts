// Owns the validation of CronJobs.
import { invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkNotNegative } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { maxLengthMessage } from '../names.ts';
import { checkJobSpec } from './job-validation.ts';
import { badLocation, scheduleError } from './schedule-validation.ts';
import type { CronJob, JobSpec } from './v1.ts';

/** Eleven characters are left for what the name of each Job adds. */
const longestName = 52;
const policies = ['Allow', 'Forbid', 'Replace'];
const zonePart = /^[A-Za-z.\-_0-9+]{1,14}$/;

/** Zone names are those of the tz database, letter case included. */
function isZone(name: string): boolean {
  try {
    const known = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
    return known.toLowerCase() !== name.toLowerCase() || known === name;
  } catch {
    return false;
  }
}

function checkZone(zone: string, at: string, out: Causes): void {
  if (zone === '') return void out.push(invalidValue(at, zone, 'timeZone must be nil or non-empty string'));
  const wrong = badLocation(zone);
  if (wrong !== undefined) return void out.push(invalidValue(at, zone, wrong));
  const unknown = invalidValue(at, zone, `unknown time zone ${zone}`);
  const parts = zone.split('/');
  if (parts.some((part) => part === '.' || part === '..' || part.startsWith('-') || !zonePart.test(part))) return void out.push(unknown);
  if (zone.toLowerCase() === 'local')
    out.push(invalidValue(at, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'));
  if (zone !== 'Local' && !isZone(zone)) out.push(unknown);
}

function checkSchedule(schedule: string, out: Causes): void {
  const at = 'spec.schedule';
  if (schedule === '') return void out.push(required(at));
  const error = scheduleError(schedule);
  if (error !== undefined) out.push(invalidValue(at, schedule, error));
  if (schedule.includes('TZ')) out.push(invalidValue(at, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
}

function specCauses({ spec }: CronJob, old?: CronJob): StatusCause[] {
  const out: Causes = [];
  checkSchedule(spec.schedule ?? '', out);
  checkNotNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds', out);
  const { timeZone } = spec;
  if (timeZone !== undefined && timeZone !== old?.spec.timeZone) checkZone(timeZone, 'spec.timeZone', out);
  const policy = spec.concurrencyPolicy ?? '';
  if (policy === ('' as string)) out.push(required('spec.concurrencyPolicy'));
  else if (!policies.includes(policy)) out.push(notSupported('spec.concurrencyPolicy', policy, policies));
  const job = spec.jobTemplate.spec ?? ({} as JobSpec);
  const at = 'spec.jobTemplate.spec';
  checkJobSpec(job, at, out);
  if (job.selector !== undefined) out.push(invalidValue(`${at}.selector`, job.selector, '`selector` will be auto-generated'));
  if (job.manualSelector === true) out.push(notSupported(`${at}.manualSelector`, true, ['nil', 'false']));
  checkNotNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit', out);
  checkNotNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit', out);
  return out;
}

/** Complaints about a new cron job beyond its metadata. */
export function cronJobCauses(job: CronJob): StatusCause[] {
  const { name } = job.metadata;
  const long = name.length > longestName ? [invalidValue('metadata.name', name, maxLengthMessage(longestName))] : [];
  return [...specCauses(job), ...long];
}

/** Complaints about a changed cron job: its name may be longer than a new one's. */
export function cronJobUpdateCauses(next: CronJob, old: CronJob): StatusCause[] {
  return specCauses(next, old);
}
