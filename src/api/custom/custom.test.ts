// Owns what holds for every schema and every object: nothing breaks or hangs, pruning and defaulting are done once, accepted objects stay accepted.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apiextensionsRules } from '../apiextensions/definition-rules.ts';
import type { CustomResourceDefinition, JSONSchemaProps } from '../apiextensions/v1.ts';
import type { CustomBehaviour } from '../custom-behaviour.ts';
import { ValueError } from '../decode-scalars.ts';
import type { AnyObject } from '../object.ts';
import { ruleCheckerOf } from './check-rules.ts';
import { kindsOfDefinition } from './definition-kinds.ts';

const names = ['a', 'b', 'metadata', 'in', '__proto__', 'x-y', 'constructor'];
const key = fc.constantFrom(...names);
const leaf = fc.oneof(
  fc.constantFrom<unknown>('', 'text', '5%', 'é😀', '2024-01-01', '2024-01-01T00:00:00Z', '10.0.0.1', '1h', 'dGV4dA==', true, false, null),
  fc.constantFrom<unknown>(0, 1, -1, 0.5, 1e300, 2 ** 53, -0),
);
const { json } = fc.letrec((tie) => ({
  json: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('json'), { maxLength: 3 }), fc.dictionary(key, tie('json'), { maxKeys: 4 })),
}));
const rules = fc.constantFrom(
  ...['true', 'false', 'self == oldSelf', 'has(self.a)', 'self.a == self.b', 'self.all(x, x == x)', 'size(self) < 2', 'self.matches("a+")'],
  ...[
    'self.__in__ == 1',
    'self.x__dash__y > 0',
    'self["a"] == 1',
    'self > 0',
    'self.nope',
    '1 +',
    'oldSelf.hasValue()',
    'string(self) == ""',
  ],
  ...['self.exists(k, k == "a")', 'self.metadata.name == "x"', 'type(self) == string', 'self[0] == self[1]', 'quantity(self).sign() == 1'],
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 3 });
const count = fc.constantFrom(0, 1, 2, -1);
const few = fc.constantFrom(0, 1, 2, -1, 1.5);

/** Schemas, most of which a definition may have. */
const { schema } = fc.letrec<{ schema: JSONSchemaProps }>((tie) => {
  const inner = tie('schema');
  const values = {
    default: maybe(json),
    enum: maybe(fc.array(json, { maxLength: 3 })),
    nullable: maybe(fc.boolean()),
    'x-kubernetes-validations': maybe(
      fc.array(fc.record({ rule: rules, optionalOldSelf: maybe(fc.constant(true)) }, { requiredKeys: ['rule'] }), { maxLength: 2 }),
    ),
  };
  const of = (type: string, more: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<JSONSchemaProps> =>
    fc.record({ type: fc.constant(type), ...values, ...more }).map((made) => JSON.parse(JSON.stringify(made)));
  const number = { minimum: maybe(few), maximum: maybe(few), multipleOf: maybe(few), exclusiveMinimum: maybe(fc.boolean()) };
  return {
    schema: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      of('integer', number),
      of('number', number),
      of('boolean', {}),
      of('string', {
        minLength: maybe(count),
        maxLength: maybe(count),
        pattern: maybe(fc.constantFrom('^a*$', '(a+)+$', '[', '\\d', '')),
        format: maybe(fc.constantFrom('date', 'date-time', 'duration', 'byte', 'ipv4', 'cidr', 'uuid', 'int32', 'nope')),
      }),
      of('array', {
        items: inner,
        minItems: maybe(count),
        maxItems: maybe(count),
        'x-kubernetes-list-type': maybe(fc.constantFrom('atomic', 'set', 'map')),
        'x-kubernetes-list-map-keys': maybe(fc.constant(['a'])),
      }),
      of('object', {
        properties: maybe(fc.dictionary(key, inner, { maxKeys: 4 })),
        required: maybe(fc.subarray(names)),
        'x-kubernetes-preserve-unknown-fields': maybe(fc.constant(true)),
        'x-kubernetes-embedded-resource': maybe(fc.constant(true)),
        'x-kubernetes-map-type': maybe(fc.constantFrom('atomic', 'granular')),
      }),
      of('object', { additionalProperties: inner, maxProperties: maybe(count) }),
      fc.constant<JSONSchemaProps>({ 'x-kubernetes-int-or-string': true }),
      fc.constant<JSONSchemaProps>({ 'x-kubernetes-preserve-unknown-fields': true }),
      fc.record({
        type: fc.constant('object'),
        properties: fc.constant({ a: { type: 'string' }, b: { type: 'integer' } }),
        oneOf: maybe(fc.constant([{ required: ['a'] }, { required: ['b'] }])),
        anyOf: maybe(fc.constant([{ properties: { a: { minLength: 2 } } }, { not: { required: ['b'] } }])),
      }) as fc.Arbitrary<JSONSchemaProps>,
    ),
  };
});

function definitionOf(spec: JSONSchemaProps): CustomResourceDefinition {
  const openAPIV3Schema = { type: 'object', properties: { spec, status: { type: 'object' } } };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boxes.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'boxes', kind: 'Box' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema }, subresources: { status: {} } }],
    },
  };
  const { default: fill, prepareForCreate } = apiextensionsRules['CustomResourceDefinition'] ?? {};
  const filled = fill?.(definition as unknown as AnyObject) ?? definition;
  return (prepareForCreate?.(filled as AnyObject) ?? filled) as unknown as CustomResourceDefinition;
}

function complaintsAbout(definition: CustomResourceDefinition): readonly string[] {
  const causes = apiextensionsRules['CustomResourceDefinition']?.validate?.(definition as unknown as AnyObject) ?? [];
  return causes.map(({ field, message }) => `${field}: ${message}`);
}

function behaviourOf(definition: CustomResourceDefinition): CustomBehaviour {
  const [kind] = kindsOfDefinition(definition, { terminating: false, since: 0, checkerOf: ruleCheckerOf });
  if (kind?.custom === undefined) throw new Error('no kind');
  return kind.custom;
}

const box = (spec: unknown): object => ({
  apiVersion: 'example.com/v1',
  kind: 'Box',
  metadata: { name: 'a', namespace: 'default', uid: 'u' },
  spec,
});

function read(custom: CustomBehaviour, raw: object): AnyObject | undefined {
  try {
    return custom.rules.default(custom.decode(raw, new Map()).object);
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}

test('whatever a definition and an object say, they are judged', () => {
  let accepted = 0;
  fc.assert(
    fc.property(schema, json, json, (spec, value, next) => {
      const definition = definitionOf(spec);
      if (complaintsAbout(definition).length > 0) return;
      accepted++;
      const custom = behaviourOf(definition);
      const made = read(custom, box(value));
      const changed = read(custom, box(next));
      if (made === undefined || changed === undefined) return;
      const before = JSON.stringify(made);
      custom.rules.validateUpdate(changed, made);
      custom.rules.validateStatusUpdate({ ...made, status: next }, made);
      const causes = custom.rules.validateCreate(made);
      expect(JSON.stringify(made)).toBe(before);
      // Defaults of map values are not judged with the definition: what they make is, with the object.
      if (causes.length > 0) return;
      const again = read(custom, made);
      expect(again).toEqual(made);
      expect(custom.decode(made, new Map()).strict).toEqual([]);
      expect(custom.fromStorage(custom.toStorage(made))).toEqual(made);
      if (again !== undefined) expect(custom.rules.validateCreate(again)).toEqual([]);
    }),
    { numRuns: 1500 },
  );
  expect(accepted).toBeGreaterThan(100);
});

describe('a schema that gives no end', () => {
  test('of alternatives within alternatives is judged in time', () => {
    let spec: JSONSchemaProps = { minLength: 1 };
    for (let depth = 0; depth < 12; depth++) spec = { anyOf: [spec, spec] };
    const custom = behaviourOf(definitionOf({ type: 'string', anyOf: [spec] }));
    const made = read(custom, box(''));
    expect(made === undefined ? [] : custom.rules.validateCreate(made)).not.toEqual([]);
  });

  test('of patterns is matched in time', () => {
    const custom = behaviourOf(definitionOf({ type: 'string', pattern: '^(a|a)*(b|b)*c$' }));
    const made = read(custom, box('a'.repeat(20_000)));
    expect(made === undefined ? [] : custom.rules.validateCreate(made)).toHaveLength(1);
  });
});
