// Owns which selectors of an access review are refused.
import { expect, test } from 'vitest';
import { reviewSelectorCauses } from './review-selectors.ts';

const at = 'spec.resourceAttributes';
test.each<[string, object, readonly string[]]>([
  ['no selector', {}, []],
  ['a text', { fieldSelector: { rawSelector: 'a=b' }, labelSelector: { rawSelector: 'a b' } }, []],
  ['nothing at all', { fieldSelector: {} }, [`${at}.fieldSelector.requirements`]],
  [
    'both forms',
    { labelSelector: { rawSelector: 'a', requirements: [{ key: 'a', operator: 'Exists' }] } },
    [`${at}.labelSelector.rawSelector`],
  ],
  ['an unknown operator', { fieldSelector: { requirements: [{ key: 'a', operator: 'Nope' }] } }, []],
  ['no key', { fieldSelector: { requirements: [{ key: '', operator: 'Nope' }] } }, [`${at}.fieldSelector.requirements[0].key`]],
  ['no values', { labelSelector: { requirements: [{ key: 'a', operator: 'In' }] } }, [`${at}.labelSelector.requirements[0].values`]],
  [
    'values too many',
    { fieldSelector: { requirements: [{ key: 'a', operator: 'Exists', values: ['b'] }] } },
    [`${at}.fieldSelector.requirements[0].values`],
  ],
  [
    'a bad label',
    { labelSelector: { requirements: [{ key: 'a b', operator: 'In', values: ['!'] }] } },
    [`${at}.labelSelector.requirements[0].key`, `${at}.labelSelector.requirements[0].values[0]`],
  ],
])('%s', (_, attributes, fields) => {
  expect(reviewSelectorCauses(attributes).map(({ field }) => field)).toEqual(fields);
});
