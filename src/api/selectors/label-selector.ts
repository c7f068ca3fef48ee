// Owns matching labels: the selector texts of list requests and the LabelSelector objects of specs. Parsing of texts is in label-selector-text.ts.
import { invalidValue } from '../causes.ts';
import type { LabelSelector } from '../meta/v1.ts';
import { labelValueErrors, qualifiedNameErrors } from '../names.ts';

/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>;
/** What a requirement asks of a label. */
export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

/** One condition on one label. `values` are sorted and unique for texts, as given for objects. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** Decides whether labels are selected. */
export interface LabelSelectorMatcher {
  readonly requirements: readonly LabelRequirement[];
  /** True where every object is selected, so that nobody needs to look at labels. */
  readonly everything: boolean;
  matches(labels: Labels | undefined): boolean;
}

/** A selector text or object that cannot be understood; the message is upstream's. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

const noLabels: Labels = {};

function holds({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt': {
      if (value === undefined || !/^[+-]?[0-9]+$/.test(value)) return false;
      const bound = BigInt(values[0] ?? '0');
      return operator === 'gt' ? BigInt(value) > bound : BigInt(value) < bound;
    }
  }
}

/** A matcher of all the requirements together. */
export function matcherOf(requirements: readonly LabelRequirement[]): LabelSelectorMatcher {
  return {
    requirements,
    everything: requirements.length === 0,
    matches: (labels = noLabels) => requirements.every((requirement) => holds(requirement, labels)),
  };
}

/** Selects every object. */
export const everyLabel: LabelSelectorMatcher = matcherOf([]);
/** Selects no object. */
export const noLabel: LabelSelectorMatcher = { requirements: [], everything: false, matches: () => false };

/** A requirement whose key and values are well formed; throws SelectorError with upstream's complaints. */
export function checkedRequirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const problems: string[] = [];
  const complain = (field: string, value: unknown, detail: string): void => {
    problems.push(`${field}: ${invalidValue(field, value, detail).message}`);
  };
  const keyErrors = qualifiedNameErrors(key);
  if (keyErrors.length > 0) complain('key', key, keyErrors.join('; '));
  if ((operator === 'in' || operator === 'notin') && values.length === 0)
    complain('values', values, "for 'in', 'notin' operators, values set can't be empty");
  if (operator === 'gt' || operator === 'lt')
    values.forEach((value, index) => {
      if (!/^[+-]?[0-9]+$/.test(value)) complain(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer");
    });
  values.forEach((value, index) => {
    const errors = labelValueErrors(value);
    if (errors.length > 0) complain(`values[${index}][${key}]`, value, errors.join('; '));
  });
  if (problems.length > 0) throw new SelectorError(problems.length === 1 ? problems[0] : `[${[...new Set(problems)].join(', ')}]`);
  return { key, operator, values };
}

const objectOperators: Readonly<Record<string, LabelOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/** The matcher of a LabelSelector object: absent selects nothing, empty selects everything. Throws SelectorError. */
export function labelSelectorOf(selector: LabelSelector | undefined): LabelSelectorMatcher {
  if (selector === undefined) return noLabel;
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => checkedRequirement(key, '=', [value]));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    const known = objectOperators[operator];
    if (known === undefined) throw new SelectorError(`"${operator}" is not a valid label selector operator`);
    return checkedRequirement(key, known, values ?? []);
  });
  return matcherOf([...labels, ...expressions]);
}

/** The matcher of a plain map of labels (a Service's selector): empty or absent selects everything. */
export function labelSetSelector(labels: Labels | undefined): LabelSelectorMatcher {
  return matcherOf(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })));
}

/** A selector as text, as `status.selector` of a Scale and kubectl write it. Labels come sorted by key. */
export function labelSelectorText(selector: LabelSelectorMatcher): string {
  const parts = [...selector.requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return parts
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key;
      if (operator === '!') return `!${key}`;
      if (operator === 'in' || operator === 'notin') return `${key} ${operator} (${[...values].sort().join(',')})`;
      const sign = operator === 'gt' ? '>' : operator === 'lt' ? '<' : operator;
      return `${key}${sign}${values[0] ?? ''}`;
    })
    .join(',');
}
