// Owns the tests of decoding: canonical forms, unknown and repeated fields, and refusals in upstream's words.
import { describe, expect, test } from 'vitest';
import { decodeObject, type FieldValidation } from './decode.ts';
import { JsonSyntaxError, parseJson } from './decode-json.ts';
import type { KindDescription } from './kind.ts';
import { builtInCatalog } from './kinds/built-in.ts';

function kind(group: string, resource: string): KindDescription {
  const found = builtInCatalog().byResource(group, 'v1', resource);
  if (found === undefined) throw new Error(`no ${resource}`);
  return found;
}

const isRegistered = (apiVersion: string, name: string): boolean => apiVersion === 'v1' && name === 'Service';

function decode(text: string, fieldValidation: FieldValidation = 'Strict', target = kind('', 'pods')) {
  const { value, repeats } = parseJson(text);
  return decodeObject(target, value, { fieldValidation, repeats, isRegistered });
}

test('quantities are canonical, empty and null optional fields are dropped, Go structs are there', () => {
  const { object } = decode(
    '{"metadata":{"name":"a","labels":{}},"spec":{"hostname":"","nodeName":null,"containers":[{"name":"c","resources":{"limits":{"cpu":0.5,"memory":"1024Mi"}}}]}}',
  );
  expect(object).toEqual({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'c', resources: { limits: { cpu: '500m', memory: '1Gi' } } }] },
    status: {},
  });
});

test('pointers keep their zero values', () => {
  const { object } = decode(
    '{"metadata":{"name":"a"},"spec":{"automountServiceAccountToken":false,"activeDeadlineSeconds":0,"containers":null}}',
  );
  expect(object['spec']).toEqual({ automountServiceAccountToken: false, activeDeadlineSeconds: 0, containers: null });
});

describe('unknown and repeated fields', () => {
  const text =
    '{"metadata":{"name":"a","name":"b","name":"c"},"spec":{"nope":1,"containers":[{"name":"c","image":"x","image":"y"}]},"extra":2}';
  const problems = [
    'duplicate field "metadata.name"',
    'unknown field "spec.nope"',
    'duplicate field "spec.containers[0].image"',
    'unknown field "extra"',
  ];

  test('are refused under Strict, in the order of the text', () =>
    expect(() => decode(text)).toThrow(`Pod in version "v1" cannot be handled as a Pod: strict decoding error: ${problems.join(', ')}`));
  test('warn under Warn, and the last value counts', () => {
    const { object, warnings } = decode(text, 'Warn');
    expect(warnings).toEqual(problems);
    expect(object.metadata.name).toBe('c');
  });
  test('are dropped under Ignore', () => expect(decode(text, 'Ignore').warnings).toEqual([]));
});

test.each([
  [
    '{"spec":{"containers":[{"ports":[{"containerPort":"80"}]}]}}',
    'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
  ],
  [
    '{"spec":{"containers":[{"ports":[{"containerPort":80.5}]}]}}',
    'json: cannot unmarshal number 80.5 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
  ],
  [
    '{"spec":{"containers":[{"livenessProbe":{"grpc":{"port":"x"}}}]}}',
    'json: cannot unmarshal string into Go struct field GRPCAction.spec.containers.livenessProbe.ProbeHandler.grpc.port of type int32',
  ],
  [
    '{"spec":{"containers":[{"resources":{"limits":[1]}}]}}',
    'json: cannot unmarshal array into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList',
  ],
  ['{"metadata":{"labels":{"a":1}}}', 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string'],
  [
    '{"metadata":{"creationTimestamp":"yesterday"}}',
    'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
  ],
  ['{"kind":"Service","apiVersion":"v1"}', 'converting (v1.Service) to (core.Pod): unknown conversion'],
  ['{"kind":"Nope","apiVersion":"v1"}', 'no kind "Nope" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"'],
])('%s is refused', (text, why) => expect(() => decode(text)).toThrow(why));

test.each([
  ['{', 'unexpected end of JSON input'],
  ['{a', "invalid character 'a' looking for beginning of object key string"],
  ["{'a", "invalid character '\\'' looking for beginning of object key string"],
  ['hello', "invalid character 'h' looking for beginning of value"],
  ['{"a":1}}', "invalid character '}' after top-level value"],
  ['nul', 'unexpected end of JSON input'],
])('%j is no JSON: %s', (text, message) => expect(() => parseJson(text)).toThrow(new JsonSyntaxError(message)));
