// Tests which changes of a Job's status are refused.
import { expect, test } from 'vitest';
import { jobStatusCauses } from './job-status-validation.ts';
import type { Job, JobSpec, JobStatus } from './v1.ts';

const metadata = { name: 'j', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const job = (spec: Partial<JobSpec>, status: JobStatus): Job => ({ metadata, spec: { template: {}, ...spec }, status });
const started = '2026-01-01T00:00:01Z';
const later = '2026-01-01T00:00:09Z';
const is = (type: string, status = 'True') => ({ type, status });
const indexed = { completionMode: 'Indexed', completions: 2, parallelism: 2 } as const;

test.each([
  ['fewer successes', {}, { succeeded: 2 }, { succeeded: 1 }, ['status.succeeded cannot decrease the succeeded counter']],
  [
    'fewer successes of a job that was made smaller',
    indexed,
    { succeeded: 3, completedIndexes: '0,1,3' },
    { succeeded: 2, completedIndexes: '0,1' },
    [],
  ],
  [
    'fewer successes of one whose size is not how many run side by side',
    { ...indexed, parallelism: 1 },
    { succeeded: 3, completedIndexes: '0' },
    { succeeded: 2, completedIndexes: '0' },
    ['status.succeeded cannot decrease the succeeded counter'],
  ],
  ['fewer failures', indexed, { failed: 2 }, { failed: 1 }, ['status.failed cannot decrease the failed counter']],
  ['another start', {}, { startTime: started }, { startTime: later }, ['status.startTime field is immutable for unsuspended job once set']],
  [
    'another start, as it goes on',
    {},
    { startTime: started, conditions: [is('Suspended')] },
    { startTime: later, conditions: [is('Suspended', 'False')] },
    [],
  ],
  ['another start while it is suspended', { suspend: true }, { startTime: started }, {}, []],
  [
    'an end before the start',
    {},
    { startTime: later, conditions: [is('SuccessCriteriaMet')] },
    { startTime: later, completionTime: started, conditions: [is('SuccessCriteriaMet'), is('Complete')] },
    ['status.completionTime must be equal to or after `startTime`'],
  ],
  [
    'an end without a start, suspended and with nothing to do',
    { suspend: true, completions: 0 },
    { conditions: [is('SuccessCriteriaMet')] },
    { completionTime: started, conditions: [is('SuccessCriteriaMet'), is('Complete')] },
    [],
  ],
  [
    'an index done and failed',
    { ...indexed, backoffLimitPerIndex: 1, completions: 9 },
    { failedIndexes: '' },
    { completedIndexes: '0,3-5', failedIndexes: '1,4-6' },
    ['status.failedIndexes failedIndexes and completedIndexes overlap at index: 4'],
  ],
] as const)('a status: %s', (_, spec, before, after, expected) => {
  const causes = jobStatusCauses(job(spec, after as JobStatus), job(spec, before as JobStatus));
  expect(causes.map(({ field, message }) => `${field} ${message?.replace(/^Invalid value: .*?: (?=\D)/, '')}`)).toEqual(expected);
});
