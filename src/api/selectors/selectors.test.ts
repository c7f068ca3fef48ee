// Owns the tests of label and field selectors: what they select, and how bad ones are refused.
import { describe, expect, test } from 'vitest';
import type { KindDescription } from '../kind.ts';
import { builtInCatalog } from '../kinds/built-in.ts';
import { parseFieldSelector } from './field-selector.ts';
import { labelSelectorOf } from './label-selector.ts';
import { parseLabelSelector } from './label-selector-text.ts';

const labels = { app: 'x', n: '5', empty: '' };

describe('label texts', () => {
  test.each([
    ['', true],
    ['app', true],
    ['!app', false],
    ['app=x', true],
    ['app==x,n=5', true],
    ['app!=x', false],
    ['none!=x', true],
    ['app in (x,y)', true],
    ['app notin (x)', false],
    ['none notin (x)', true],
    ['n>4', true],
    ['n<5', false],
    ['app in ()', false],
    ['empty in ()', true],
    ['in=x', false],
  ])('%j selects: %s', (text, selected) => expect(parseLabelSelector(text).matches(labels)).toBe(selected));

  test.each([
    ['app=x=y', "found '=', expected: ',' or 'end of string'"],
    ['app in x', "unable to parse requirement: found 'x' expected: '('"],
    ['app in (x', "unable to parse requirement: found '', expected: ',' or ')'"],
    [',', "found ',', expected: !, identifier, or 'end of string'"],
    ['app=x,', "found '', expected: identifier after ','"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['n>x', `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`],
  ])('%j is refused: %s', (text, message) => expect(() => parseLabelSelector(text)).toThrow(message));
});

test.each([
  [undefined, false],
  [{}, true],
  [{ matchLabels: { app: 'x' } }, true],
  [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false],
  [{ matchExpressions: [{ key: 'n', operator: 'In', values: ['5', '6'] }] }, true],
])('selector object %j selects: %s', (selector, selected) => expect(labelSelectorOf(selector).matches(labels)).toBe(selected));

function kind(group: string, version: string, resource: string): KindDescription {
  const found = builtInCatalog().byResource(group, version, resource);
  if (found === undefined) throw new Error(`no ${resource}`);
  return found;
}

describe('field texts', () => {
  const pod = { metadata: { name: 'a', namespace: 'b' }, spec: { nodeName: 'n,1' }, status: { phase: 'Running' } };
  test.each([
    ['metadata.name=a', true],
    ['metadata.name!=a', false],
    ['spec.nodeName=n\\,1,status.phase==Running', true],
    ['status.phase=', false],
    ['spec.hostNetwork=false', true],
  ])('%j selects: %s', (text, selected) => expect(parseFieldSelector(text, kind('', 'v1', 'pods')).matches(pod as never)).toBe(selected));

  test.each([
    ['', 'pods', 'metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['', 'pods', 'metadata.name=a=b', 'invalid field selector: unescaped character in value: 61'],
    ['', 'secrets', 'data=x', 'field label not supported: data'],
    ['', 'configmaps', 'data.a=1', '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"'],
    [
      'resource.k8s.io',
      'resourceslices',
      'metadata.namespace=x',
      'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: metadata.namespace',
    ],
    ['batch', 'jobs', 'status.active=0', 'field label "status.active" not supported for Job'],
  ])('%s %s %s is refused', (group, resource, text, message) =>
    expect(() => parseFieldSelector(text, kind(group, 'v1', resource))).toThrow(message),
  );
});
