// Owns the validation of limit ranges: every amount of a resource must agree with the others.
import { duplicate, forbiddenValue, invalidValue, required } from '../causes.ts';
import { type Causes, checkName } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { qualifiedNameErrors } from '../names.ts';
import { compareQuantity, formatQuantity, milliValue, parseQuantity } from '../quantity.ts';
import { allowsOvercommit } from './resource-names.ts';
import { checkContainerResourceName, checkResourceName } from './resources-validation.ts';
import type { LimitRange, LimitRangeItem } from './v1.ts';

const types = ['Pod', 'Container', 'PersistentVolumeClaim'];
const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

function checkType(type: string, at: string, out: Causes): void {
  const errors = qualifiedNameErrors(type);
  checkName(errors, type, at, out);
  if (errors.length === 0 && !type.includes('/') && !types.includes(type))
    out.push(invalidValue(at, type, 'must be a standard limit type or fully qualified'));
}

function checkRatio(item: LimitRangeItem, name: string, at: string, out: Causes): void {
  const ratio = item.maxLimitRequestRatio?.[name];
  if (ratio === undefined) return;
  const here = `${at}.maxLimitRequestRatio[${name}]`;
  const shown = formatQuantity(parseQuantity(ratio));
  if (compareQuantity(ratio, '1') < 0) out.push(invalidValue(here, shown, `ratio ${shown} is less than 1`));
  const [min, max] = [item.min?.[name], item.max?.[name]];
  if (min === undefined || max === undefined) return;
  const most = milliValue(max) / milliValue(min);
  if (milliValue(ratio) / 1000 > most)
    out.push(invalidValue(here, shown, `ratio ${shown} is greater than max/min = ${Number.isFinite(most) ? most.toFixed(6) : '+Inf'}`));
}

/** The amounts of one resource among each other. Some refusals show another amount than the field's, as upstream's do. */
function checkAmounts(item: LimitRangeItem, name: string, at: string, out: Causes): void {
  const [min, max] = [item.min?.[name], item.max?.[name]];
  const isPod = item.type === 'Pod';
  const [limit, request] = isPod ? [] : [item.default?.[name], item.defaultRequest?.[name]];
  const refuse = (list: string, shown: string, low: string | undefined, is: string, high: string | undefined, than: string): void => {
    if (low !== undefined && high !== undefined && compareQuantity(low, high) > 0)
      out.push(invalidValue(`${at}.${list}[${name}]`, shown, `${is} value ${low} is greater than ${than} value ${high}`));
  };
  refuse('min', min ?? '', min, 'min', max, 'max');
  refuse('defaultRequest', request ?? '', min, 'min', request, 'default request');
  refuse('defaultRequest', request ?? '', request, 'default request', max, 'max');
  refuse('defaultRequest', request ?? '', request, 'default request', limit, 'default limit');
  refuse('default', min ?? '', min, 'min', limit, 'default');
  refuse('default', max ?? '', limit, 'default', max, 'max');
  checkRatio(item, name, at, out);
  if (!allowsOvercommit(name) && limit !== undefined && request !== undefined && compareQuantity(limit, request) !== 0) {
    const why = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
    out.push(invalidValue(`${at}.defaultRequest[${name}]`, request, why));
  }
}

/** Complaints about a limit range beyond its metadata. */
export function limitRangeCauses({ spec }: LimitRange): StatusCause[] {
  const out: Causes = [];
  const seen = new Set<string>();
  for (const [index, item] of (spec?.limits ?? []).entries()) {
    const at = `spec.limits[${index}]`;
    const { type } = item;
    checkType(type ?? '', `${at}.type`, out);
    if (seen.has(type)) out.push(duplicate(`${at}.type`, type));
    seen.add(type);
    const checkKey = type === 'Pod' || type === 'Container' ? checkContainerResourceName : checkResourceName;
    const names = new Set<string>();
    for (const list of lists) {
      const given = Object.keys(item[list] ?? {});
      if (type === 'Pod' && (list === 'default' || list === 'defaultRequest')) {
        if (given.length > 0) out.push(forbiddenValue(`${at}.${list}`, "may not be specified when `type` is 'Pod'"));
        continue;
      }
      for (const name of given) {
        checkKey(name, `${at}.${list}[${name}]`, out);
        names.add(name);
      }
    }
    if (type === 'PersistentVolumeClaim' && item.min?.['storage'] === undefined && item.max?.['storage'] === undefined)
      out.push(required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided'));
    for (const name of names) checkAmounts(item, name, at, out);
  }
  return out;
}
