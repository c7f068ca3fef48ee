// Proves what webhooks, admission policies and their bindings refuse, and what a change may keep.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

const group = 'admissionregistration.k8s.io';
const rule = { apiGroups: ['a.b'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['things'] };
const webhook = {
  name: 'a.example.com',
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  clientConfig: { url: 'https://x/y' },
  rules: [rule],
};
const hooks = `validatingwebhookconfigurations ${group}`;
const refusalsOf = (change: object): readonly string[] => judgeCreate(hooks, { webhooks: [{ ...webhook, ...change }] }).refusals;

test.each([
  ['a short name', { name: 'a.b' }, ['name: Invalid value: "a.b": should be a domain with at least three segments separated by dots']],
  ['side effects', { sideEffects: 'Some' }, ['sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"']],
  ['no place', { clientConfig: {} }, ['clientConfig: Required value: exactly one of url or service is required']],
  [
    'a plain URL',
    { clientConfig: { url: 'http://x' } },
    [`clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`],
  ],
  [
    'no host',
    { clientConfig: { url: 'https:///x' } },
    ['clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]'],
  ],
  [
    'a user in the URL',
    { clientConfig: { url: 'https://u:p@x/y' } },
    ['clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL'],
  ],
  [
    'no URL',
    { clientConfig: { url: '%zz' } },
    [
      'clientConfig.url: Required value: url must be a valid URL: parse "%zz": invalid URL escape "%zz"; desired format: https://host[/path]',
    ],
  ],
  ['half a service', { clientConfig: { service: { name: 's', namespace: '' } } }, ['clientConfig.service.name: Required value']],
  [
    'no known version',
    { admissionReviewVersions: ['v3'] },
    ['admissionReviewVersions: Invalid value: ["v3"]: must include at least one of v1, v1beta1'],
  ],
  [
    'all resources and one',
    { rules: [{ ...rule, resources: ['*', 'pods'] }] },
    [`rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`],
  ],
  ['too much patience', { timeoutSeconds: 31 }, ['timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds']],
  [
    'a condition that is no answer',
    { matchConditions: [{ name: 'm', expression: '1' }] },
    ['matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int'],
  ],
  [
    'a condition about parameters',
    { matchConditions: [{ name: 'm', expression: 'params == 1' }] },
    [
      `matchConditions[0].expression: Invalid value: "params == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params == 1\n | ^`,
    ],
  ],
])('a webhook with %s is refused', (_, change, refusals) =>
  expect(refusalsOf(change)).toEqual(refusals.map((refusal) => `webhooks[0].${refusal}`)),
);

test.each([
  'object.metadata.name.startsWith("a") && request.userInfo.username != ""',
  'authorizer.group("apps").resource("deployments").namespace("n").check("create").allowed()',
  'authorizer.requestResource.check("get").allowed() || !has(namespaceObject.metadata.labels)',
])('the condition %s is taken', (expression) => expect(refusalsOf({ matchConditions: [{ name: 'm', expression }] })).toEqual([]));

const policies = `validatingadmissionpolicies ${group}`;
const policy = { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }] };

test.each([
  [
    'nothing to do',
    { validations: [] },
    [
      'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
      'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
    ],
  ],
  ['no resources', { matchConstraints: {} }, ['spec.matchConstraints.resourceRules: Required value']],
  [
    'a parameter of no version',
    { paramKind: { apiVersion: 'a.b/', kind: 'K' } },
    ['spec.paramKind.apiVersion: Invalid value: "a.b/": version must be specified'],
  ],
  [
    'a message over two lines',
    { validations: [{ expression: 'true', message: 'a\nb' }] },
    ['spec.validations[0].message: Invalid value: "a\\nb": must not contain line breaks'],
  ],
  [
    'a message that is no text',
    { validations: [{ expression: 'true', messageExpression: '1' }] },
    ['spec.validations[0].messageExpression: Invalid value: "1": must evaluate to string but got int'],
  ],
  [
    'a variable of no name',
    { variables: [{ name: 'in', expression: '1' }] },
    ['spec.variables[0].name: Invalid value: "in": must be a valid CEL identifier'],
  ],
  [
    'an annotation twice',
    {
      auditAnnotations: [
        { key: 'k', valueExpression: '"a"' },
        { key: 'k', valueExpression: '"b"' },
      ],
    },
    ['spec.auditAnnotations[1].key: Duplicate value: "k"'],
  ],
])('a policy with %s is refused', (_, change, refusals) =>
  expect(judgeCreate(policies, { spec: { ...policy, ...change } }).refusals).toEqual(refusals),
);

test('variables of a policy have types, which its other expressions are held to', () => {
  const variables = [
    { name: 'n', expression: 'object.spec.replicas + 1' },
    { name: 'big', expression: 'variables.n > 5' },
  ];
  const of = (expression: string) => judgeCreate(policies, { spec: { ...policy, variables, validations: [{ expression }] } }).refusals;
  expect(of('variables.big')).toEqual([]);
  expect(of('variables.small')).toEqual([
    `spec.validations[0].expression: Invalid value: "variables.small": compilation failed: ERROR: <input>:1:10: undefined field 'small'\n | variables.small\n | .........^`,
  ]);
});

test('a mutation makes an object or a patch', () => {
  const of = (mutation: object) =>
    judgeCreate(`mutatingadmissionpolicies ${group}`, {
      spec: { matchConstraints: policy.matchConstraints, reinvocationPolicy: 'Never', mutations: [mutation] },
    }).refusals;
  expect(of({ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{spec: Object.spec{replicas: 1}}' } })).toEqual([]);
  const patches = (expression: string) => of({ patchType: 'JSONPatch', jsonPatch: { expression } });
  expect(patches('[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b"), value: 1}]')).toEqual([]);
  expect(patches('[JSONPatch{op: 1}]')).toEqual([
    `spec.mutations[0].jsonPatch.expression: Invalid value: "[JSONPatch{op: 1}]": compilation failed: ERROR: <input>:1:14: expected type of field 'op' is 'string' but provided type is 'int'\n | [JSONPatch{op: 1}]\n | .............^`,
  ]);
  expect(patches('1')).toEqual([
    'spec.mutations[0].jsonPatch.expression: Invalid value: "1": must evaluate to list(JSONPatch) but got int',
  ]);
});

test('a mutating policy does not match what goes, and a mutation is of one sort', () => {
  const deleting = { resourceRules: [{ ...rule, operations: ['DELETE'] }] };
  const mutations = [{ patchType: 'JSONPatch', applyConfiguration: { expression: '1' } }];
  const spec = { matchConstraints: deleting, reinvocationPolicy: 'Never', mutations };
  expect(judgeCreate(`mutatingadmissionpolicies ${group}`, { spec }).refusals).toEqual([
    'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
    'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
  ]);
});

test('a binding names one thing and does not both deny and warn', () => {
  const spec = { policyName: 'p', validationActions: ['Deny', 'Warn'], paramRef: { name: 'a', parameterNotFoundAction: 'Nope' } };
  expect(judgeCreate(`validatingadmissionpolicybindings ${group}`, { spec }).refusals).toEqual([
    'spec.paramRef.parameterNotFoundAction: Unsupported value: "Nope": supported values: "Deny", "Allow"',
    'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
  ]);
});

test('conditions of a webhook that stay as they are are not looked at again', () => {
  const made = judgeCreate(hooks, { webhooks: [webhook] });
  const old = { ...made, object: { ...made.object, webhooks: [{ ...webhook, matchConditions: [{ name: 'm', expression: 'nope' }] }] } };
  expect(judgeUpdate(hooks, old, {}).refusals).toEqual([]);
});

test('a name that is kept for files is told of, on create and on update', () => {
  const named = { metadata: { name: 'a.static.k8s.io' }, webhooks: [] };
  const told =
    'metadata.name: names ending with ".static.k8s.io" are reserved for static manifest-based configurations and cannot be managed via the API';
  const created = judgeCreate(hooks, named);
  expect(created.warnings).toEqual([told]);
  expect(judgeUpdate(hooks, created, { webhooks: [] }).warnings).toEqual([told]);
  expect(judgeCreate(hooks, { metadata: { name: 'a.k8s.io' }, webhooks: [] }).warnings).toEqual([]);
});

const policyOf = (auditAnnotations: readonly object[]) => ({
  metadata: { name: 'p' },
  spec: { matchConstraints: { resourceRules: [rule] }, auditAnnotations },
});

test('an annotation of the audit may be left out by null; there may be twenty of them', () => {
  const policies = `validatingadmissionpolicies ${group}`;
  expect(judgeCreate(policies, policyOf([{ key: 'k', valueExpression: 'null' }])).refusals).toEqual([]);
  const many = Array.from({ length: 21 }, (_, index) => ({ key: `k${index}`, valueExpression: "'a'" }));
  expect(judgeCreate(policies, policyOf(many)).refusals[0]).toMatch(
    /^spec.auditAnnotations: Invalid value: \[\{"Key":"k0","ValueExpression":"'a'"\},.*\]: must not have more than 20 auditAnnotations$/,
  );
});
