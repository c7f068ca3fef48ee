// Owns the checks that fields of many kinds share: ranges, selectors, addresses, paths. Each adds its complaints to `out`, in upstream's order.
import { duplicate, forbiddenValue, invalidValue, notSupported, required, tooLong } from './causes.ts';
import { labelCauses } from './meta/object-meta-validation.ts';
import type { Condition, LabelSelector, StatusCause } from './meta/v1.ts';
import { dnsLabelErrors, dnsSubdomainErrors, labelValueErrors, patternMessage, percentErrors, qualifiedNameErrors } from './names.ts';

/** Complaints gathered so far; checks add to it. */
export type Causes = StatusCause[];

/** Upstream's wording of a number out of its range. */
export function rangeMessage(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

/** Upstream's wording of a number below zero. */
export const notNegative = 'must be greater than or equal to 0';
const largestId = 2 ** 31 - 1;

/** Complaints of a name check as causes. */
export function checkName(errors: readonly string[], value: unknown, at: string, out: Causes): void {
  for (const error of errors) out.push(invalidValue(at, value, error));
}

/** A number that may be absent but not below zero. */
export function checkNotNegative(value: number | undefined, at: string, out: Causes): void {
  if (value !== undefined && value < 0) out.push(invalidValue(at, value, notNegative));
}

/** A number above zero. */
export function checkPositive(value: number, at: string, out: Causes): void {
  if (value <= 0) out.push(invalidValue(at, value, 'must be greater than zero'));
}

/** User and group ids. */
export function checkId(value: number | undefined | null, at: string, out: Causes): void {
  if (value !== undefined && value !== null && (value < 0 || value > largestId))
    out.push(invalidValue(at, value, rangeMessage(0, largestId)));
}

/** A port number. */
export function checkPort(value: number, at: string, out: Causes): void {
  if (value < 1 || value > 65535) out.push(invalidValue(at, value, rangeMessage(1, 65535)));
}

/** A value that must be one of a list. */
export function checkOneOf(value: string, known: readonly string[], at: string, out: Causes): void {
  if (!known.includes(value)) out.push(notSupported(at, value, known));
}

/** A DNS label. */
export function checkDnsLabel(value: string, at: string, out: Causes): void {
  checkName(dnsLabelErrors(value), value, at, out);
}

/** A path without `..` steps. */
export function checkNoBacksteps(path: string, at: string, out: Causes): void {
  if (path.split('/').includes('..')) out.push(invalidValue(at, path, "must not contain '..'"));
}

/** A relative path without `..` steps. */
export function checkRelativePath(path: string, at: string, out: Causes): void {
  if (path.startsWith('/')) out.push(invalidValue(at, path, 'must be a relative path'));
  checkNoBacksteps(path, at, out);
}

/** A relative path that does not start with `..`, which names internal files. */
export function checkFilePath(path: string, at: string, out: Causes): void {
  checkRelativePath(path, at, out);
  if (path.startsWith('..') && !path.startsWith('../')) out.push(invalidValue(at, path, "must not start with '..'"));
}

/** A label selector object. Values are not checked where `anyValue` holds. */
export function checkLabelSelector(selector: LabelSelector | undefined | null, at: string, out: Causes, anyValue = false): void {
  if (selector === undefined || selector === null) return;
  out.push(...labelCauses(selector.matchLabels, `${at}.matchLabels`));
  for (const [index, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const here = `${at}.matchExpressions[${index}]`;
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) out.push(required(`${here}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        out.push(forbiddenValue(`${here}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else out.push(invalidValue(`${here}.operator`, operator, 'not a valid selector operator'));
    checkName(qualifiedNameErrors(key), key, `${here}.key`, out);
    if (!anyValue) for (const [at2, value] of values.entries()) checkName(labelValueErrors(value), value, `${here}.values[${at2}]`, out);
  }
}

type Share = number | string;

/** A count or a percentage, neither negative. */
export function checkShare(share: Share, at: string, out: Causes): void {
  if (typeof share === 'string') checkName(percentErrors(share), share, at, out);
  else if (share < 0) out.push(invalidValue(at, share, notNegative));
}

/** A percentage that is at most all. */
export function checkUnderWhole(share: Share, at: string, out: Causes): void {
  if (typeof share === 'string' && /^[0-9]+%$/.test(share) && Number(share.slice(0, -1)) > 100)
    out.push(invalidValue(at, share, 'must not be greater than 100%'));
}

const pathCharacters = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/** A domain, a slash and a path: `example.com/controller`. */
export function checkDomainPath(value: string, at: string, out: Causes): void {
  if (value === '') return void out.push(required(at));
  const slash = value.indexOf('/');
  const domain = value.slice(0, slash);
  const path = value.slice(slash + 1);
  if (slash < 0 || domain === '' || path === '')
    return void out.push(invalidValue(at, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  checkName(dnsSubdomainErrors(domain), domain, at, out);
  if (!pathCharacters.test(path)) {
    const why = `Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`;
    out.push(invalidValue(at, path, why));
  }
}

const conditionType = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const conditionReason = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const longestReason = 1024;
const longestMessage = 32 * 1024;
const statuses = ['False', 'True', 'Unknown'];

/** Conditions of the meta group: typed, with a reason, told since when. */
export function checkConditions(conditions: readonly Condition[] | undefined, at: string, out: Causes): void {
  const seen = new Set<string>();
  for (const [index, { type = '', status, observedGeneration, lastTransitionTime, reason = '', message = '' }] of (
    conditions ?? []
  ).entries()) {
    const here = `${at}[${index}]`;
    if (seen.has(type)) out.push(duplicate(`${here}.type`, type));
    seen.add(type);
    if (type === '' || !conditionType.test(type)) checkName(qualifiedNameErrors(type), type, `${here}.type`, out);
    if (!statuses.includes(status)) out.push(notSupported(`${here}.status`, status ?? '', statuses));
    checkNotNegative(observedGeneration, `${here}.observedGeneration`, out);
    if (!lastTransitionTime) out.push(required(`${here}.lastTransitionTime`, 'must be set'));
    if (reason === '') out.push(required(`${here}.reason`, 'must be set'));
    else if (!conditionReason.test(reason)) {
      const rule =
        "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
      const pattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
      out.push(
        invalidValue(
          `${here}.reason`,
          reason,
          patternMessage(rule, pattern, 'my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'),
        ),
      );
    }
    if (reason.length > longestReason) out.push(tooLong(`${here}.reason`, longestReason));
    if (Buffer.byteLength(message) > longestMessage) out.push(tooLong(`${here}.message`, longestMessage));
  }
}
