// Tests what is said of rules that cost too much: which ones are named, and by what factor.
import { expect, test } from 'vitest';
import { judgeOf } from './rule-judge.ts';
import type { JSONSchemaProps } from './v1.ts';

const cheap = { rule: 'self.a > 1' };
const schemaOf = (rules: readonly object[]): JSONSchemaProps =>
  ({
    type: 'object',
    properties: { a: { type: 'integer' }, l: { type: 'array', items: { type: 'string' } } },
    'x-kubernetes-validations': rules,
  }) as unknown as JSONSchemaProps;

function complaints(rules: readonly object[], before?: readonly object[]): readonly string[] {
  const raw = schemaOf(rules);
  const { judge, total } = judgeOf(raw, before === undefined ? undefined : schemaOf(before));
  return [...judge.causes(raw, 's', undefined), ...total('s')].map(
    ({ field, message }) => `${field}: ${(message ?? '').replace(/ \(try.*/, '')}`,
  );
}

const at = 's.x-kubernetes-validations';
const contributed = 'Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
const total =
  's: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x';

test('a cheap rule beside a costly message is not named', () => {
  expect(complaints([cheap, { ...cheap, messageExpression: '"a is " + string(self.a)' }])).toEqual([
    `${at}[1].messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x`,
    `${at}[1].messageExpression: ${contributed}`,
    total,
  ]);
});

test('a costly rule is named, unless it was there before', () => {
  const costly = { rule: 'self.l.all(x, self.l.all(y, x == y))' };
  expect(complaints([cheap, costly])).toEqual([
    `${at}[1].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x`,
    `${at}[1].rule: ${contributed}`,
    total,
  ]);
  expect(complaints([cheap, costly], [cheap, costly])).toEqual([`${at}[1].rule: ${contributed}`, total]);
  expect(complaints([cheap, cheap])).toEqual([]);
});
