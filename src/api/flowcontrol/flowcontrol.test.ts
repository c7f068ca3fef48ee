// Proves what flow schemas and priority levels refuse, and that the mandatory ones stay as they are.
import { expect, test } from 'vitest';
import { judgeCreate } from '../../testing/judged-object.ts';

const schemas = 'flowschemas flowcontrol.apiserver.k8s.io';
const levels = 'prioritylevelconfigurations flowcontrol.apiserver.k8s.io';
const priorityLevelConfiguration = { name: 'p' };
const subjects = [{ kind: 'User', user: { name: 'u' } }];
const withRule = (rule: object): object => ({ priorityLevelConfiguration, rules: [{ subjects, ...rule }] });
const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] };

test.each([
  [
    'the first precedence',
    { priorityLevelConfiguration, matchingPrecedence: 1 },
    ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
  ],
  ['no level', { rules: [] }, ['spec.priorityLevelConfiguration.name: Required value: must reference a priority level']],
  [
    'a user that is none',
    withRule({ subjects: [{ kind: 'User' }], resourceRules: [everything] }),
    ["spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'"],
  ],
  [
    'all verbs and one',
    withRule({ resourceRules: [{ ...everything, verbs: ['*', 'get'] }] }),
    ['spec.rules[0].resourceRules[0].verbs: Invalid value: ["*","get"]: if \'*\' is present, must not specify other verbs'],
  ],
  [
    'nowhere',
    withRule({ resourceRules: [{ ...everything, namespaces: [] }] }),
    [
      'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
    ],
  ],
  [
    'a path without a slash',
    withRule({ nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['a'] }] }),
    ['spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "a": must start with slash'],
  ],
])('a flow schema with %s is refused', (_, spec, refusals) => expect(judgeCreate(schemas, { spec }).refusals).toEqual(refusals));

const limited = (limitResponse: object, more: object = {}): object => ({ type: 'Limited', limited: { limitResponse, ...more } });

test.each([
  ['an unknown type', { type: 'Nope' }, ['spec.type: Unsupported value: "Nope": supported values: "Exempt", "Limited"']],
  [
    'the type of another',
    { type: 'Exempt' },
    ["spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'"],
  ],
  ['no limit', { type: 'Limited' }, ['spec.limited: Required value: must not be empty when type is Limited']],
  [
    'queues that reject',
    limited({ type: 'Reject', queuing: {} }),
    ['spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited'],
  ],
  [
    'a hand larger than the deck',
    limited({ type: 'Queue', queuing: { queues: 2, handSize: 3 } }),
    ['spec.limited.limitResponse.queuing.handSize: Invalid value: 3: should not be greater than queues (2)'],
  ],
  [
    'hands without end',
    limited({ type: 'Queue', queuing: { queues: 1000, handSize: 20 } }),
    [
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 20: required entropy bits of deckSize 1000 and handSize 20 should not be greater than 60',
    ],
  ],
  [
    'more than all to lend',
    limited({ type: 'Reject' }, { lendablePercent: 101 }),
    ['spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive'],
  ],
])('a priority level with %s is refused', (_, spec, refusals) => expect(judgeCreate(levels, { spec }).refusals).toEqual(refusals));

test('the last resort stays as it is', () => {
  const [refusal = ''] = judgeCreate(levels, { metadata: { name: 'catch-all' }, spec: limited({ type: 'Reject' }) }).refusals;
  expect(refusal).toMatch(/^spec: Invalid value: \{.*\}: spec of 'catch-all' must equal the fixed value$/);
});
