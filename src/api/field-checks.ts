// Owns the checks that fields of many kinds share: ranges, selectors, addresses, paths. Each adds its complaints to `out`, in upstream's order.
import { isIP } from 'node:net';
import { forbiddenValue, invalidValue, notSupported, required } from './causes.ts';
import { labelCauses } from './meta/object-meta-validation.ts';
import type { LabelSelector, StatusCause } from './meta/v1.ts';
import { dnsLabelErrors, labelValueErrors, qualifiedNameErrors } from './names.ts';

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

/** An IP address of either family. */
export function checkIp(value: string, at: string, out: Causes): void {
  if (isIP(value) === 0 || value.includes('%'))
    out.push(invalidValue(at, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
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
