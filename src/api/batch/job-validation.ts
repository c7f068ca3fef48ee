// Owns the validation of Jobs and of the jobs inside CronJobs.
import { invalidValue, notSupported, required, tooLong } from '../causes.ts';
import { checkTemplate } from '../core/template-validation.ts';
import { type Causes, checkDomainPath, checkLabelSelector, checkNotNegative } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsLabelErrors } from '../names.ts';
import { labelSelectorOf, SelectorError } from '../selectors/label-selector.ts';
import { checkFailurePolicy, checkReplacement, checkSuccessPolicy } from './failure-policy-validation.ts';
import type { Job, JobSpec } from './v1.ts';

const indexedLimit = 100_000;
const manyCompletions = 100_000;
const manyParallelism = 10_000;
const manyFailedIndexes = 10_000;
const longestManager = 63;
const modes = ['NonIndexed', 'Indexed'];

function checkIndexed(spec: JobSpec, at: string, out: Causes): void {
  const { completions, parallelism = 0, backoffLimitPerIndex: perIndex, maxFailedIndexes: failed } = spec;
  const atMost = (field: string, value: number | undefined, limit: number, when = ''): void => {
    if (value !== undefined && value > limit)
      out.push(invalidValue(`${at}.${field}`, value, `must be less than or equal to ${limit}${when}`));
  };
  if (completions === undefined) out.push(required(`${at}.completions`, 'when completion mode is Indexed'));
  atMost('parallelism', parallelism, indexedLimit, ' when completion mode is Indexed');
  if (failed !== undefined && completions !== undefined && failed > completions)
    out.push(invalidValue(`${at}.maxFailedIndexes`, failed, 'must be less than or equal to completions'));
  atMost('maxFailedIndexes', failed, indexedLimit);
  if (completions === undefined || completions <= manyCompletions || perIndex === undefined) return;
  if (failed === undefined) out.push(required(`${at}.maxFailedIndexes`, `must be specified when completions is above ${manyCompletions}`));
  const when = ` when completions are above ${manyCompletions} and used with backoff limit per index`;
  atMost('parallelism', parallelism, manyParallelism, when);
  atMost('maxFailedIndexes', failed, manyFailedIndexes, when);
}

function checkCounts(spec: JobSpec, at: string, out: Causes): void {
  const plain = ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'] as const;
  for (const field of [...plain, 'backoffLimitPerIndex', 'maxFailedIndexes'] as const) checkNotNegative(spec[field], `${at}.${field}`, out);
  const { completionMode: mode, backoffLimitPerIndex: perIndex, maxFailedIndexes: failed, managedBy } = spec;
  if (failed !== undefined && perIndex === undefined)
    out.push(required(`${at}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  if (managedBy !== undefined) {
    checkDomainPath(managedBy, `${at}.managedBy`, out);
    if (managedBy.length > longestManager) out.push(tooLong(`${at}.managedBy`, longestManager));
  }
  if (mode !== undefined && !modes.includes(mode)) out.push(notSupported(`${at}.completionMode`, mode, modes));
  if (mode === 'Indexed') checkIndexed(spec, at, out);
  if (mode !== undefined && mode !== 'NonIndexed') return;
  if (perIndex !== undefined) out.push(invalidValue(`${at}.backoffLimitPerIndex`, perIndex, 'requires indexed completion mode'));
  if (failed !== undefined) out.push(invalidValue(`${at}.maxFailedIndexes`, failed, 'requires indexed completion mode'));
}

/** What a job is to do, without the selector, which CronJobs do not give. */
export function checkJobSpec(spec: JobSpec, at: string, out: Causes): void {
  checkCounts(spec, at, out);
  const policy = spec.podFailurePolicy;
  if (policy !== undefined) checkFailurePolicy(policy, spec, `${at}.podFailurePolicy`, out);
  const success = spec.successPolicy;
  if (success !== undefined && spec.completionMode !== 'Indexed')
    out.push(
      invalidValue(`${at}.successPolicy`, goStruct('io.k8s.api.batch.v1.SuccessPolicy', success), 'requires indexed completion mode'),
    );
  else if (success !== undefined) checkSuccessPolicy(success, spec.completions ?? 0, `${at}.successPolicy`, out);
  checkReplacement(spec, `${at}.podReplacementPolicy`, out);
  checkTemplate(spec.template, `${at}.template`, out);
  const field = `${at}.template.spec.restartPolicy`;
  const restart = spec.template.spec?.restartPolicy ?? '';
  if (restart === '' || restart === 'Always') out.push(required(field, 'valid values: "OnFailure", "Never"'));
  else if (restart !== 'OnFailure' && restart !== 'Never') out.push(notSupported(field, restart, ['OnFailure', 'Never']));
  else if (policy !== undefined && restart !== 'Never')
    out.push(invalidValue(field, restart, 'only "Never" is supported when podFailurePolicy is specified'));
}

/** Whether a selector can be read and selects the labels. A missing one selects nothing; one that cannot be read says nothing. */
function misses(selector: JobSpec['selector'], labels: Readonly<Record<string, string>>): boolean {
  try {
    return selector === undefined || !labelSelectorOf(selector).matches(labels);
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}

/** What a job is to do, and that it selects its own pods. */
export function checkWholeJobSpec(spec: JobSpec, out: Causes): void {
  checkJobSpec(spec, 'spec', out);
  if (spec.selector === undefined) out.push(required('spec.selector'));
  else checkLabelSelector(spec.selector, 'spec.selector', out);
  const labels = spec.template.metadata?.labels;
  if (misses(spec.selector, labels ?? {}))
    out.push(invalidValue('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'));
}

function checkGenerated({ spec, metadata }: Job, out: Causes): void {
  if (spec === undefined || spec.manualSelector === true || spec.selector === undefined) return;
  const { uid, name } = metadata;
  const labels = spec.template.metadata?.labels ?? {};
  const expected = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
  for (const [key, wanted] of Object.entries(expected)) {
    const at = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) out.push(required(at, `must be '${wanted}'`));
    else if (labels[key] !== wanted) out.push(invalidValue(at, labels, `must be '${wanted}'`));
  }
  if (misses(spec.selector, expected)) out.push(invalidValue('spec.selector', spec.selector, '`selector` not auto-generated'));
}

/** Complaints about a job beyond its metadata. */
export function jobCauses(job: Job): StatusCause[] {
  const { spec, metadata } = job;
  if (spec === undefined) return [];
  const out: Causes = [];
  checkGenerated(job, out);
  checkWholeJobSpec(spec, out);
  if (spec.completionMode !== 'Indexed' || !spec.completions || spec.completions < 0) return out;
  const longest = `${metadata.name}-${spec.completions - 1}`;
  if (dnsLabelErrors(longest).length > 0)
    out.push(invalidValue('metadata.name', metadata.name, `will not able to create pod with invalid DNS label: ${longest}`));
  return out;
}
