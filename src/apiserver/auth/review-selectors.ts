// Owns what is wrong with the selectors that an access review asks about. Operators that nobody knows pass: newer clients may know more. Pure.
import type { ResourceAttributes } from '../../api/authorization/v1.ts';
import { forbiddenValue, invalidValue, required } from '../../api/causes.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import { labelValueErrors, qualifiedNameErrors } from '../../api/names.ts';

interface Selector {
  readonly rawSelector?: string;
  readonly requirements?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** The complaints, in upstream's order. */
export function reviewSelectorCauses({ fieldSelector, labelSelector }: ResourceAttributes): readonly StatusCause[] {
  const at = 'spec.resourceAttributes';
  return [...causesOf(fieldSelector, `${at}.fieldSelector`, false), ...causesOf(labelSelector, `${at}.labelSelector`, true)];
}

function causesOf(selector: Selector | undefined, at: string, ofLabels: boolean): readonly StatusCause[] {
  if (selector === undefined) return [];
  const { rawSelector = '', requirements = [] } = selector;
  const causes: StatusCause[] = [];
  if (rawSelector !== '' && requirements.length > 0)
    causes.push(invalidValue(`${at}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'));
  if (rawSelector === '' && requirements.length === 0)
    causes.push(required(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`));
  for (const [index, { key, operator, values = [] }] of requirements.entries()) {
    const here = `${at}.requirements[${index}]`;
    if (!ofLabels && key === '') causes.push(required(`${here}.key`, 'must be specified'));
    if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
      causes.push(required(`${here}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
      causes.push(forbiddenValue(`${here}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    if (!ofLabels) continue;
    causes.push(...qualifiedNameErrors(key).map((why) => invalidValue(`${here}.key`, key, why)));
    for (const [place, value] of values.entries())
      causes.push(...labelValueErrors(value).map((why) => invalidValue(`${here}.values[${place}]`, value, why)));
  }
  return causes;
}
