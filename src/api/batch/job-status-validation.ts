// Owns the validation of what is reported of a Job: counts, and how a job may end. What was so before is not complained about again.
import { duplicate, invalidValue, required } from '../causes.ts';
import { type Causes, checkNotNegative } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { refusal } from './failure-policy-validation.ts';
import { firstInBoth, indexRanges } from './index-ranges.ts';
import type { Job, JobStatus } from './v1.ts';

const conditionsAt = 'status.conditions';

function says(status: JobStatus, type: string, value: string): boolean {
  return (status.conditions ?? []).some((condition) => condition.type === type && condition.status === value);
}

const holds = (status: JobStatus, type: string): boolean => says(status, type, 'True');

/** An indexed job whose size is how many run side by side may have fewer successes than before: it was made smaller. */
function mayShrink({ spec }: Job): boolean {
  return spec?.completionMode === 'Indexed' && spec.completions !== undefined && spec.completions === spec.parallelism;
}

function checkUncounted({ uncountedTerminatedPods: pods }: JobStatus, out: Causes): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const)
    for (const [index, uid] of (pods?.[list] ?? []).entries()) {
      const at = `status.uncountedTerminatedPods.${list}[${index}]`;
      if (uid === '') out.push(invalidValue(at, uid, 'must not be empty'));
      else if (seen.has(uid)) out.push(duplicate(at, uid));
      seen.add(uid);
    }
}

function checkEnd({ spec }: Job, status: JobStatus, out: Causes): void {
  const complete = holds(status, 'Complete');
  const failed = holds(status, 'Failed');
  const failing = holds(status, 'FailureTarget');
  const succeeding = holds(status, 'SuccessCriteriaMet');
  const finished = complete || failed;
  const { completionTime: end, startTime: start, active = 0, uncountedTerminatedPods: uncounted, terminating = 0 } = status;
  const refuse = (why: string): void => void out.push(refusal(conditionsAt, why));
  if (complete && failed) refuse('cannot set Complete=True and Failed=true conditions');
  if (complete && failing) refuse('cannot set Complete=True and FailureTarget=true conditions');
  if (end !== undefined && !complete)
    out.push(invalidValue('status.completionTime', end, 'cannot set completionTime when there is no Complete=True condition'));
  if (end === undefined && complete) out.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  if (start !== undefined && end !== undefined && Date.parse(end) < Date.parse(start))
    out.push(invalidValue('status.completionTime', end, 'must be equal to or after `startTime`'));
  if (failed && !failing) refuse('cannot set Failed=True condition without the FailureTarget=true condition');
  if (complete && !succeeding) refuse('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  if (finished && active > 0) out.push(invalidValue('status.active', active, 'active>0 is invalid for finished job'));
  const neverStarted = spec?.suspend === true && spec.completions === 0;
  if (finished && start === undefined && !neverStarted) out.push(required('status.startTime', 'startTime is required for finished job'));
  if (finished && (uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length > 0) {
    const shown = { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null };
    out.push(invalidValue('status.uncountedTerminatedPods', shown, 'must be empty for finished job'));
  }
  if (finished && terminating > 0) out.push(invalidValue('status.terminating', terminating, 'terminating>0 is invalid for finished job'));
  if (succeeding && failed) refuse('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (succeeding && failing) refuse('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  if (spec?.successPolicy !== undefined && complete && !succeeding)
    refuse('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
}

function checkIndexes({ spec }: Job, status: JobStatus, out: Causes): void {
  const { completedIndexes = '', failedIndexes, ready, active = 0 } = status;
  const { completions, completionMode, backoffLimitPerIndex: perIndex } = spec ?? {};
  if (completions !== undefined) {
    const read = indexRanges(completedIndexes, completions);
    if ('error' in read)
      out.push(invalidValue('status.completedIndexes', completedIndexes, `error parsing completedIndexes: ${read.error}`));
  }
  if (completions !== undefined && perIndex !== undefined && failedIndexes !== undefined) {
    const read = indexRanges(failedIndexes, completions);
    if ('error' in read) out.push(invalidValue('status.failedIndexes', failedIndexes, `error parsing failedIndexes: ${read.error}`));
  }
  if (completedIndexes !== '' && completionMode !== 'Indexed') {
    const why = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    out.push(invalidValue('status.completedIndexes', completedIndexes, why));
  }
  if (perIndex === undefined && failedIndexes !== undefined) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    out.push(invalidValue('status.failedIndexes', failedIndexes, why));
  }
  const both = completions === undefined ? undefined : firstInBoth(completedIndexes, failedIndexes ?? '', completions);
  if (both !== undefined) {
    const why = `failedIndexes and completedIndexes overlap at index: ${both}`;
    out.push(invalidValue('status.failedIndexes', failedIndexes, why));
  }
  if (ready !== undefined && ready > active) out.push(invalidValue('status.ready', ready, 'cannot set more ready pods than active'));
}

function statusCauses(job: Job): StatusCause[] {
  const out: Causes = [];
  const status = job.status ?? {};
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const)
    checkNotNegative(status[field], `status.${field}`, out);
  checkUncounted(status, out);
  checkEnd(job, status, out);
  checkIndexes(job, status, out);
  return out;
}

/** Complaints about a changed status of a job. */
export function jobStatusCauses(next: Job, old: Job): StatusCause[] {
  const known = new Set(statusCauses(old).map(({ field, message }) => `${field} ${message}`));
  const out = statusCauses(next).filter(({ field, message }) => !known.has(`${field} ${message}`));
  const before = old.status ?? {};
  const after = next.status ?? {};
  for (const type of ['Failed', 'Complete', 'FailureTarget'])
    if (holds(before, type) && !holds(after, type)) out.push(refusal(conditionsAt, `cannot disable the terminal ${type}=True condition`));
  for (const field of ['failed', 'succeeded'] as const)
    if ((after[field] ?? 0) < (before[field] ?? 0) && !(field === 'succeeded' && mayShrink(next)))
      out.push(invalidValue(`status.${field}`, after[field] ?? 0, `cannot decrease the ${field} counter`));
  const { completionTime: end } = after;
  if (end !== undefined && before.completionTime !== undefined && end !== before.completionTime)
    out.push(invalidValue('status.completionTime', end, 'field is immutable'));
  const resumes = holds(before, 'Suspended') && says(after, 'Suspended', 'False');
  if (before.startTime !== undefined && after.startTime !== before.startTime && next.spec?.suspend !== true && !resumes)
    out.push(invalidValue('status.startTime', after.startTime ?? null, 'field is immutable for unsuspended job once set'));
  if (holds(before, 'SuccessCriteriaMet') && !holds(after, 'SuccessCriteriaMet'))
    out.push(refusal(conditionsAt, 'cannot disable the SuccessCriteriaMet=True condition'));
  if (holds(before, 'Complete') && !holds(before, 'SuccessCriteriaMet') && holds(after, 'SuccessCriteriaMet'))
    out.push(refusal(conditionsAt, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'));
  return out;
}
