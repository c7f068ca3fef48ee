// Owns the validation of how a device's capacity may be shared out.
import { duplicate, forbiddenValue, invalidValue, required, tooMany } from '../causes.ts';
import type { Causes } from '../field-checks.ts';
import { addQuantity, compareQuantity, formatQuantity, value } from '../quantity.ts';
import type { CapacityRequestPolicyRange, DeviceCapacity } from './v1.ts';

const mostOptions = 10;
const unfit = 'default value is not valid according to the requestPolicy';

function checkOptions(options: readonly string[], preset: string, capacity: string, at: string, out: Causes): void {
  for (const [index, option] of options.entries())
    if (index > 0 && compareQuantity(options[index - 1] ?? '0', option) > 0)
      out.push(invalidValue(`${at}[${index}]`, option, 'values must be sorted in ascending order'));
  if (options.length > mostOptions) out.push(tooMany(at, options.length, mostOptions));
  else {
    for (const [index, option] of options.entries())
      if (compareQuantity(option, capacity) > 0)
        out.push(invalidValue(`${at}[${index}]`, option, `option is larger than capacity value: ${capacity}`));
    const keys = options.map((option) => `${value(option)}`);
    for (const [index, key] of keys.entries()) if (keys.indexOf(key) < index) out.push(duplicate(`${at}[${index}]`, key));
  }
  if (options.length > mostOptions || !options.some((option) => compareQuantity(option, preset) === 0))
    out.push(invalidValue(at, preset, unfit));
}

function checkRange({ min, max, step }: CapacityRequestPolicyRange, preset: string, capacity: string, at: string, out: Causes): void {
  if (min === undefined) return void out.push(required(`${at}.min`, 'required when validRange is defined'));
  const above = (a: string, b: string): boolean => compareQuantity(a, b) > 0;
  if (above(min, capacity)) out.push(invalidValue(`${at}.min`, min, `min is larger than capacity value: ${capacity}`));
  if (above(min, preset)) out.push(invalidValue(`${at}.min`, preset, `default is less than min: ${min}`));
  if (max !== undefined) {
    if (above(min, max)) out.push(invalidValue(`${at}.max`, min, `min is larger than max: ${max}`));
    if (above(max, capacity)) out.push(invalidValue(`${at}.max`, max, `max is larger than capacity value: ${capacity}`));
    if (above(preset, max)) out.push(invalidValue(`${at}.max`, preset, `default is more than max: ${max}`));
  }
  if (step === undefined) return;
  const added = formatQuantity(addQuantity(min, step));
  if (above(added, capacity)) out.push(invalidValue(`${at}.step`, step, `one step ${added} is larger than capacity value: ${capacity}`));
  for (const one of max === undefined ? [preset] : [preset, max])
    if ((value(one) - value(min)) % value(step) !== 0)
      out.push(invalidValue(`${at}.step`, one, `value is not a multiple of a given step (${step}) from (${min})`));
}

/** One capacity of a device. `shared`: whether several claims may have a part of it. */
export function checkCapacity({ value: capacity, requestPolicy }: DeviceCapacity, shared: boolean, at: string, out: Causes): void {
  if (requestPolicy === undefined) return;
  const here = `${at}.requestPolicy`;
  if (!shared) return void out.push(forbiddenValue(here, 'allowMultipleAllocations must be true'));
  const { default: preset, validValues = [], validRange } = requestPolicy;
  if (validValues.length > 0 && validRange !== undefined) {
    const why = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    return void out.push(forbiddenValue(here, why));
  }
  const wanted = validValues.length > 0 ? 'validValues' : 'validRange';
  if (validValues.length === 0 && validRange === undefined) return;
  if (preset === undefined) return void out.push(required(`${here}.default`, `required when ${wanted} is defined`));
  if (validRange !== undefined) checkRange(validRange, preset, capacity, `${here}.validRange`, out);
  else checkOptions(validValues, preset, capacity, `${here}.validValues`, out);
}
