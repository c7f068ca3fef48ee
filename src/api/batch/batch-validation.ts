// Owns the validation of Jobs and CronJobs.
import { duplicate, invalidValue, notSupported, required } from '../causes.ts';
import { checkSelected, checkTemplate } from '../core/template-validation.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkNotNegative, checkOneOf } from '../field-checks.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { scheduleError } from './schedule-validation.ts';
import type { CronJob, Job, JobSpec, PodFailurePolicy } from './v1.ts';

const indexedLimit = 100_000;

function checkFailurePolicy(policy: PodFailurePolicy, spec: JobSpec, at: string, out: Causes): void {
  const containers = [...(spec.template.spec?.containers ?? []), ...(spec.template.spec?.initContainers ?? [])].map(({ name }) => name);
  for (const [index, { action, onExitCodes, onPodConditions }] of (policy.rules ?? []).entries()) {
    const here = `${at}.rules[${index}]`;
    checkOneOf(action, ['Count', 'FailIndex', 'FailJob', 'Ignore'], `${here}.action`, out);
    if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
      out.push(invalidValue(`${here}.action`, action, 'requires the backoffLimitPerIndex to be set'));
    const conditions = onPodConditions ?? [];
    const bare = (message: string): void =>
      void out.push({ reason: 'FieldValueInvalid', field: here, message: `Invalid value: ${message}` });
    if (onExitCodes !== undefined) {
      const { containerName, operator } = onExitCodes;
      const values = onExitCodes.values ?? [];
      checkOneOf(operator, ['In', 'NotIn'], `${here}.onExitCodes.operator`, out);
      if (containerName !== undefined && !containers.includes(containerName))
        out.push(
          invalidValue(
            `${here}.onExitCodes.containerName`,
            containerName,
            'must be one of the container or initContainer names in the pod template',
          ),
        );
      if (values.length === 0) out.push(invalidValue(`${here}.onExitCodes.values`, [], 'at least one value is required'));
      const seen = new Set<number>();
      for (const [place, value] of values.entries()) {
        if (operator === 'In' && value === 0)
          out.push(invalidValue(`${here}.onExitCodes.values[${place}]`, value, 'must not be 0 for the In operator'));
        if (seen.has(value)) out.push(duplicate(`${here}.onExitCodes.values[${place}]`, value));
        seen.add(value);
      }
      if (values.some((value, place) => place > 0 && value < (values[place - 1] ?? 0)))
        out.push(invalidValue(`${here}.onExitCodes.values`, values, 'must be ordered'));
    }
    if (onExitCodes !== undefined && conditions.length > 0) bare('specifying both OnExitCodes and OnPodConditions is not supported');
    if (onExitCodes === undefined && conditions.length === 0) bare('specifying one of OnExitCodes and OnPodConditions is required');
  }
}

function checkCounts(spec: JobSpec, at: string, out: Causes): void {
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
  ] as const)
    checkNotNegative(spec[field], `${at}.${field}`, out);
  const { completionMode: mode, completions, parallelism = 0, backoffLimitPerIndex: perIndex, maxFailedIndexes: failed } = spec;
  if (failed !== undefined && perIndex === undefined)
    out.push(required(`${at}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  if (mode !== undefined) {
    checkOneOf(mode, ['NonIndexed', 'Indexed'], `${at}.completionMode`, out);
    if (mode === 'Indexed') {
      if (completions === undefined) out.push(required(`${at}.completions`, 'when completion mode is Indexed'));
      if (parallelism > indexedLimit)
        out.push(
          invalidValue(`${at}.parallelism`, parallelism, `must be less than or equal to ${indexedLimit} when completion mode is Indexed`),
        );
      if (failed !== undefined && completions !== undefined && failed > completions)
        out.push(invalidValue(`${at}.maxFailedIndexes`, failed, 'must be less than or equal to completions'));
    }
  }
  if (mode === 'NonIndexed') {
    if (perIndex !== undefined) out.push(invalidValue(`${at}.backoffLimitPerIndex`, perIndex, 'requires indexed completion mode'));
    if (failed !== undefined) out.push(invalidValue(`${at}.maxFailedIndexes`, failed, 'requires indexed completion mode'));
  }
}

function checkJobSpec(spec: JobSpec, at: string, out: Causes): void {
  checkCounts(spec, at, out);
  const policy = spec.podFailurePolicy;
  if (policy !== undefined) checkFailurePolicy(policy, spec, `${at}.podFailurePolicy`, out);
  const success = spec.successPolicy;
  if (success !== undefined) {
    const rules = (success.rules ?? []).map((rule) => ({
      SucceededIndexes: rule.succeededIndexes ?? null,
      SucceededCount: rule.succeededCount ?? null,
    }));
    if (spec.completionMode !== 'Indexed')
      out.push(invalidValue(`${at}.successPolicy`, { Rules: rules }, 'requires indexed completion mode'));
    else if (rules.length === 0)
      out.push(required(`${at}.successPolicy.rules`, 'at least one rules must be specified when the successPolicy is specified'));
  }
  const replacement = spec.podReplacementPolicy;
  if (replacement !== undefined)
    checkOneOf(replacement, policy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'], `${at}.podReplacementPolicy`, out);
  checkTemplate(spec.template, `${at}.template`, out);
  const restart = spec.template.spec?.restartPolicy ?? '';
  if (restart === '' || restart === 'Always') out.push(required(`${at}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  else if (restart !== 'OnFailure' && restart !== 'Never')
    out.push(notSupported(`${at}.template.spec.restartPolicy`, restart, ['OnFailure', 'Never']));
  else if (policy !== undefined && restart !== 'Never')
    out.push(invalidValue(`${at}.template.spec.restartPolicy`, restart, 'only "Never" is supported when podFailurePolicy is specified'));
}

/** Complaints about a job beyond its metadata. */
export function jobCauses({ spec, metadata }: Job): StatusCause[] {
  if (spec === undefined) return [];
  const out: Causes = [];
  if (spec.selector === undefined) out.push(required('spec.selector'));
  else if (
    spec.manualSelector !== true &&
    !sameValue(spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': metadata.uid } })
  )
    out.push(invalidValue('spec.selector', spec.selector, '`selector` not auto-generated'));
  checkSelected(spec.selector, spec.template, 'spec.template', out);
  checkJobSpec(spec, 'spec', out);
  return out;
}

/** Completions, parallelism, suspension and deadlines may change; what the pods are may not, but while suspended. */
export function jobUpdateCauses(next: Job, old: Job): StatusCause[] {
  const out: Causes = [];
  checkJobSpec(next.spec ?? ({} as JobSpec), 'spec', out);
  const at = (field: string): string => `spec.${field}`;
  const fixed = (
    field: 'selector' | 'completionMode' | 'podFailurePolicy' | 'backoffLimitPerIndex' | 'managedBy' | 'successPolicy',
  ): void => {
    if (!sameValue(next.spec?.[field], old.spec?.[field])) out.push(invalidValue(at(field), next.spec?.[field] ?? null, immutable));
  };
  const indexed = old.spec?.completionMode === 'Indexed';
  if (!sameValue(next.spec?.completions, old.spec?.completions)) {
    if (!indexed) out.push(invalidValue(at('completions'), next.spec?.completions ?? null, immutable));
    else if (next.spec?.completions !== next.spec?.parallelism)
      out.push(invalidValue(at('completions'), next.spec?.completions, 'can only be modified in tandem with spec.parallelism'));
  }
  fixed('selector');
  if (old.spec?.suspend !== true && !sameValue(next.spec?.template.spec, old.spec?.template.spec))
    out.push({ reason: 'FieldValueInvalid', field: at('template.spec'), message: `Invalid value: <object>: ${immutable}` });
  for (const field of ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const) fixed(field);
  return out;
}

/** Complaints about a cron job beyond its metadata. */
export function cronJobCauses({ spec }: CronJob): StatusCause[] {
  const out: Causes = [];
  const { schedule = '', timeZone } = spec;
  if (schedule === '') out.push(required('spec.schedule'));
  else {
    const error = scheduleError(schedule);
    if (error !== undefined) out.push(invalidValue('spec.schedule', schedule, error));
    if (/^(CRON_)?TZ=/.test(schedule))
      out.push(invalidValue('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  }
  checkNotNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds', out);
  if (timeZone !== undefined) {
    if (timeZone === '') out.push(invalidValue('spec.timeZone', timeZone, 'must be nil or non-empty string'));
    else if (timeZone.toLowerCase() === 'local')
      out.push(
        invalidValue('spec.timeZone', timeZone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'),
      );
    else if (!isZone(timeZone)) out.push(invalidValue('spec.timeZone', timeZone, `unknown time zone ${timeZone}`));
  }
  checkOneOf(spec.concurrencyPolicy ?? '', ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy', out);
  checkJobSpec(spec.jobTemplate.spec ?? ({} as JobSpec), 'spec.jobTemplate.spec', out);
  checkNotNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit', out);
  checkNotNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit', out);
  return out;
}

/** Zone names are those of the tz database, letter case included. */
function isZone(name: string): boolean {
  try {
    const known = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
    return known.toLowerCase() !== name.toLowerCase() || known === name;
  } catch {
    return false;
  }
}
