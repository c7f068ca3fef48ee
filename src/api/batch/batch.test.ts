// Proves what Jobs and CronJobs refuse, and what of them may change.
import { describe, expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';
import { indexRanges } from './index-ranges.ts';

const jobs = 'jobs batch';
const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'a' }] } };
const job = (spec: object): ReturnType<typeof judgeCreate> => judgeCreate(jobs, { spec: { template, ...spec } });

test.each([
  ['', { total: 0 }],
  ['1,3-5', { total: 4 }],
  ['3,1', { error: 'non-increasing order, previous: 3, current: 1' }],
  ['1-2-3', { error: `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'` }],
  ['x', { error: 'cannot convert string to integer for index: "x"' }],
  ['9', { error: 'too large index: "9"' }],
])('the indexes %s', (text, read) => expect(indexRanges(text, 9)).toEqual(read));

const indexed = { completionMode: 'Indexed', completions: 3 };
test.each([
  [
    { ...indexed, successPolicy: { rules: [{}] } },
    ['spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified'],
  ],
  [
    { ...indexed, successPolicy: { rules: [{ succeededIndexes: '0-5' }] } },
    ['spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-5": error parsing succeededIndexes: too large index: "5"'],
  ],
  [
    { ...indexed, successPolicy: { rules: [{ succeededIndexes: '0', succeededCount: 2 }] } },
    [
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 2: must be less than or equal to 1 (the number of indexes in the specified succeededIndexes field)',
    ],
  ],
  [{ managedBy: `a.b/${'c'.repeat(60)}` }, ['spec.managedBy: Too long: may not be more than 63 bytes']],
  [
    { podFailurePolicy: { rules: [{ action: '', onPodConditions: [{ type: 'a b', status: 'Nope' }] }] } },
    [
      'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
      expect.stringMatching(/^spec.podFailurePolicy.rules\[0\].onPodConditions\[0\].type: Invalid value: "a b"/),
      'spec.podFailurePolicy.rules[0].onPodConditions[0].status: Unsupported value: "Nope": supported values: "False", "True", "Unknown"',
    ],
  ],
  [
    { ...indexed, completions: 200_000, backoffLimitPerIndex: 1 },
    ['spec.maxFailedIndexes: Required value: must be specified when completions is above 100000'],
  ],
])('the job %j', (spec, refusals) => expect(job(spec).refusals).toEqual(refusals));

describe('changes of a job', () => {
  const change = (suspend: boolean, next: object): readonly string[] => {
    const made = job({ suspend });
    return judgeUpdate(jobs, made, { spec: { ...(made.object['spec'] as object), ...next } }).refusals;
  };
  const spec = template.spec;
  const away = {
    template: {
      ...template,
      metadata: (job({}).object['spec'] as { template: { metadata: object } }).template.metadata,
      spec: { ...spec, nodeSelector: { a: 'b' } },
    },
  };
  test('where its pods run may change while it is suspended', () => expect(change(true, away)).toEqual([]));
  test('and no longer once it runs', () =>
    expect(change(false, away)).toEqual([
      expect.stringMatching(/^spec.template.spec: Invalid value: \{.*"Volumes":null.*: field is immutable$/),
    ]));
  test('who manages it never changes', () =>
    expect(change(true, { managedBy: 'a.b/c' })).toEqual(['spec.managedBy: Invalid value: "a.b/c": field is immutable']));
});

test.each([
  [
    { conditions: [{ type: 'Complete', status: 'True' }] },
    [
      'status.completionTime: Required value: completionTime is required for Complete jobs',
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      'status.startTime: Required value: startTime is required for finished job',
    ],
  ],
  [
    { active: -1, ready: 1 },
    [
      'status.active: Invalid value: -1: must be greater than or equal to 0',
      'status.ready: Invalid value: 1: cannot set more ready pods than active',
    ],
  ],
])('the status %j', (status, refusals) => expect(judgeUpdate(jobs, job({}), { status }, 'status').refusals).toEqual(refusals));

test.each([
  [{ timeZone: '' }, ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string']],
  [{ timeZone: '../etc' }, ['spec.timeZone: Invalid value: "../etc": time: invalid location name']],
  [
    { jobTemplate: { spec: { template, manualSelector: true } } },
    ['spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"'],
  ],
  [
    { jobTemplate: { spec: { template, selector: { matchLabels: { a: 'b' } } } } },
    ['spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated'],
  ],
])('the cron job %j', (spec, refusals) =>
  expect(judgeCreate('cronjobs batch', { spec: { schedule: '@daily', jobTemplate: { spec: { template } }, ...spec } }).refusals).toEqual(
    refusals,
  ),
);

test('labels that a job gives to its pods are its own', () => {
  const template = {
    metadata: { labels: { 'job-name': 'other' } },
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'a' }] },
  };
  expect(judgeCreate('jobs batch', { spec: { template } }).refusals).toEqual([
    expect.stringMatching(/^spec.template.metadata.labels\[job-name\]: Invalid value: \{.*"job-name":"other".*\}: must be 'a'$/),
  ]);
});
