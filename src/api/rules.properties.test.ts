// Proves that the rules of every built-in kind answer whatever they are asked: random bodies of its shape are taken or refused, and nothing breaks.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeObject } from './decode.ts';
import type { FieldType, KindDescription, TypeTable } from './kind.ts';
import { builtInCatalog } from './kinds/built-in.ts';
import type { AnyObject } from './object.ts';
import { rulesOf } from './rules.ts';
import { StatusError } from './status-error.ts';

const deepest = 7;
const texts = fc.constantFrom('', 'a', 'A_b', 'a.b/c', 'example.com', '10.0.0.1', '10.0.0.0/8', '*', '/x', '../y', '50%', 'None', 'a\\b');
const numbers = fc.constantFrom(-1, 0, 1, 80, 600, 70_000, 2 ** 31);
const times = fc.constant('2020-01-01T00:00:00Z');
const quantities = fc.constantFrom('0', '1', '-1', '1.5', '100m', '1Gi', 3);

/** Values of a type. Objects have some of their fields, in lists and maps there is little, and now and then there is a null. */
function valuesOf(type: FieldType, types: TypeTable, depth: number): fc.Arbitrary<unknown> {
  const of = (one: FieldType): fc.Arbitrary<unknown> => valuesOf(one, types, depth + 1);
  switch (type.is) {
    case 'string':
      return type.format === 'byte' ? fc.constantFrom('', 'eA==') : fc.oneof(texts, fc.constantFrom(...(type.enum ?? ['x'])));
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return numbers;
    case 'quantity':
      return quantities;
    case 'intOrString':
      return fc.oneof(numbers, texts);
    case 'time':
      return times;
    case 'microTime':
      return fc.constant('2020-01-01T00:00:00.000000Z');
    case 'list':
      return depth > deepest ? fc.constant([]) : fc.oneof(fc.constant(null), fc.array(of(type.items), { maxLength: 2 }));
    case 'map':
      return depth > deepest ? fc.constant({}) : fc.dictionary(texts, of(type.values), { maxKeys: 2 });
    case 'ref':
      return depth > deepest ? fc.constant({}) : structsOf(type.ref, types, depth);
    default:
      return fc.constantFrom({}, { a: 1 }, [1], 'x');
  }
}

function structsOf(name: string, types: TypeTable, depth: number): fc.Arbitrary<unknown> {
  const fields = [...(types.get(name)?.fields ?? [])].filter(([field]) => field !== 'metadata' || depth > 0);
  // Drawn field by field and late: shapes that hold themselves would never end otherwise.
  return fc.subarray(fields, { maxLength: depth === 0 ? fields.length : Math.min(fields.length, 4) }).chain((some) =>
    fc.tuple(...some.map(([, { type }]) => valuesOf(type, types, depth + 1))).map((values) => {
      return Object.fromEntries(some.map(([field], index) => [field, values[index]]));
    }),
  );
}

/** Everything that a create, and an update from the one to the other, asks of the rules. */
function ask(kind: KindDescription, bodies: readonly [unknown, unknown]): void {
  const rules = rulesOf(kind);
  const metadata = { name: 'a', uid: 'u', creationTimestamp: '2020-01-01T00:00:00Z', ...(kind.namespaced ? { namespace: 'n' } : {}) };
  const read = (body: unknown): AnyObject => {
    const { object } = decodeObject(kind, { ...(body as object), kind: kind.kind, metadata }, { fieldValidation: 'Ignore' });
    return rules.default(object);
  };
  const asked = read(bodies[0]);
  rules.earlyWarnings?.(asked);
  const old = rules.prepareForCreate(asked);
  if (rules.validateCreate(old, kind.group).length === 0) rules.warnings(old);
  const wanted = read(bodies[1]);
  const next = rules.prepareForUpdate(wanted, old);
  if (rules.validateUpdate(next, old, kind.group).length === 0) rules.warnings(next, old);
  rules.validateStatusUpdate(rules.prepareForStatusUpdate(wanted, old), old);
}

const catalog = builtInCatalog();
const kinds = catalog.all().filter((kind) => kind.verbs.includes('create') && catalog.storageKind(kind) === kind);

describe('the rules of every kind', () => {
  test.each(kinds.map((kind) => [`${kind.kind} of ${kind.group || 'core'}`, kind] as const))('%s', (_, kind) => {
    const bodies = structsOf(kind.type, kind.types, 0);
    fc.assert(
      fc.property(bodies, bodies, (first, second) => {
        try {
          ask(kind, [first, second]);
        } catch (error) {
          if (!(error instanceof StatusError)) throw error;
        }
      }),
      { numRuns: 100 },
    );
    expect(kinds.length).toBeGreaterThan(50);
  });
});
