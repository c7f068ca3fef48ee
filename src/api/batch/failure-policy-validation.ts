// Owns the validation of what a Job makes of failed and of succeeded pods.
import { duplicate, invalidValue, notSupported, required, tooLong, tooMany } from '../causes.ts';
import { type Causes, checkName, checkNotNegative, checkOneOf } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { qualifiedNameErrors } from '../names.ts';
import { indexRanges } from './index-ranges.ts';
import type { JobSpec, PodFailurePolicy, PodFailurePolicyRule, SuccessPolicy } from './v1.ts';

const most = { rules: 20, conditions: 20, exitCodes: 255, successRules: 20, indexBytes: 64 * 1024 };
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const operators = ['In', 'NotIn'];
const statuses = ['False', 'True', 'Unknown'];

function validValues(values: readonly string[]): string {
  return `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

/** A refusal that does not show the value. */
export function refusal(field: string, why: string): StatusCause {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${why}` };
}

function checkGiven(value: string, values: readonly string[], at: string, out: Causes): void {
  if (value === '') out.push(required(at, validValues(values)));
  else checkOneOf(value, values, at, out);
}

function checkExitCodes(
  codes: NonNullable<PodFailurePolicyRule['onExitCodes']>,
  containers: readonly string[],
  at: string,
  out: Causes,
): void {
  const { containerName, operator } = codes;
  const values = codes.values ?? [];
  checkGiven(operator ?? '', operators, `${at}.operator`, out);
  if (containerName !== undefined && !containers.includes(containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    out.push(invalidValue(`${at}.containerName`, containerName, why));
  }
  if (values.length === 0) out.push(invalidValue(`${at}.values`, values, 'at least one value is required'));
  else if (values.length > most.exitCodes) out.push(tooMany(`${at}.values`, values.length, most.exitCodes));
  const seen = new Set<number>();
  for (const [place, value] of values.entries()) {
    if (operator === 'In' && value === 0) out.push(invalidValue(`${at}.values[${place}]`, value, 'must not be 0 for the In operator'));
    if (seen.has(value)) out.push(duplicate(`${at}.values[${place}]`, value));
    seen.add(value);
  }
  if (values.some((value, place) => place > 0 && value < (values[place - 1] ?? 0)))
    out.push(invalidValue(`${at}.values`, values, 'must be ordered'));
}

/** What to do about failed pods. */
export function checkFailurePolicy(policy: PodFailurePolicy, spec: JobSpec, at: string, out: Causes): void {
  const rules = policy.rules ?? [];
  if (rules.length > most.rules) out.push(tooMany(`${at}.rules`, rules.length, most.rules));
  const containers = [...(spec.template.spec?.containers ?? []), ...(spec.template.spec?.initContainers ?? [])].map(({ name }) => name);
  for (const [index, { action, onExitCodes, onPodConditions }] of rules.entries()) {
    const here = `${at}.rules[${index}]`;
    if (action === 'FailIndex') {
      if (spec.backoffLimitPerIndex === undefined)
        out.push(invalidValue(`${here}.action`, action, 'requires the backoffLimitPerIndex to be set'));
    } else checkGiven(action ?? '', actions, `${here}.action`, out);
    const conditions = onPodConditions ?? [];
    if (onExitCodes !== undefined) checkExitCodes(onExitCodes, containers, `${here}.onExitCodes`, out);
    if (conditions.length > most.conditions) out.push(tooMany(`${here}.onPodConditions`, conditions.length, most.conditions));
    for (const [place, { type = '', status }] of conditions.entries()) {
      const there = `${here}.onPodConditions[${place}]`;
      checkName(qualifiedNameErrors(type), type, `${there}.type`, out);
      checkGiven(status ?? '', statuses, `${there}.status`, out);
    }
    if (onExitCodes !== undefined && conditions.length > 0)
      out.push(refusal(here, 'specifying both OnExitCodes and OnPodConditions is not supported'));
    if (onExitCodes === undefined && conditions.length === 0)
      out.push(refusal(here, 'specifying one of OnExitCodes and OnPodConditions is required'));
  }
}

/** When an indexed Job has succeeded before all of it has. */
export function checkSuccessPolicy(policy: SuccessPolicy, completions: number, at: string, out: Causes): void {
  const rules = policy.rules ?? [];
  if (rules.length === 0) out.push(required(`${at}.rules`, 'at least one rules must be specified when the successPolicy is specified'));
  if (rules.length > most.successRules) out.push(tooMany(`${at}.rules`, rules.length, most.successRules));
  for (const [index, { succeededIndexes: indexes, succeededCount: count }] of rules.entries()) {
    const here = `${at}.rules[${index}]`;
    if (indexes === undefined && count === undefined)
      out.push(required(here, 'at least one of succeededCount or succeededIndexes must be specified'));
    let total = 0;
    if (indexes !== undefined) {
      if (indexes.length > most.indexBytes) out.push(tooLong(`${here}.succeededIndexes`, most.indexBytes));
      const read = indexRanges(indexes, completions);
      if ('error' in read) out.push(invalidValue(`${here}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${read.error}`));
      else total = read.total;
    }
    if (count === undefined) continue;
    const field = `${here}.succeededCount`;
    checkNotNegative(count, field, out);
    const under = (limit: number, what: string): void => {
      if (count > limit) out.push(invalidValue(field, count, `must be less than or equal to ${limit} (the number of ${what})`));
    };
    under(completions, 'specified completions');
    if (indexes !== undefined) under(total, 'indexes in the specified succeededIndexes field');
  }
}

/** Which pods are replaced: where failed pods are looked at, only those that have failed. */
export function checkReplacement(spec: JobSpec, at: string, out: Causes): void {
  const replacement: string | undefined = spec.podReplacementPolicy;
  const allowed = spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  if (replacement !== undefined && !allowed.includes(replacement)) out.push(notSupported(at, replacement, allowed));
}
