// Tests that every flow schema has its level, and which changed objects come back to their form.
import { expect, test } from 'vitest';
import type { AnyObject } from '../api/object.ts';
import { flowObjects, reconciledFlow } from './flow-objects.ts';

const key = 'apf.kubernetes.io/autoupdate-spec';
const all = flowObjects();
const of = (resource: string, name: string): AnyObject => {
  const found = all.find((one) => one.resource.resource === resource && one.object.metadata.name === name);
  return { ...found?.object, metadata: { ...found?.object.metadata, name } } as AnyObject;
};

test('upstream’s objects: eight levels, thirteen schemas, each with a level', () => {
  const levels = all
    .filter(({ resource }) => resource.resource === 'prioritylevelconfigurations')
    .map(({ object }) => object.metadata.name);
  const schemas = all.filter(({ resource }) => resource.resource === 'flowschemas');
  expect([levels.length, schemas.length]).toEqual([8, 13]);
  for (const { object } of schemas)
    expect(levels).toContain(
      (object as unknown as { spec: { priorityLevelConfiguration: { name: string } } }).spec.priorityLevelConfiguration.name,
    );
});

const changed = (name: string, value: string | undefined, generation: number): AnyObject => {
  const one = of('flowschemas', name) as AnyObject & { readonly spec: object };
  const annotations = value === undefined ? {} : { [key]: value };
  return { ...one, metadata: { ...one.metadata, annotations, generation }, spec: { ...one.spec, matchingPrecedence: 7 } } as AnyObject;
};

test.each([
  ['one that wants it comes back', 'probes', 'true', 3, { metadata: { annotations: { [key]: 'true' } }, spec: { matchingPrecedence: 2 } }],
  ['one that does not stays', 'probes', 'false', 3, undefined],
  ['one that never was changed and says nothing comes back', 'probes', undefined, 1, { spec: { matchingPrecedence: 2 } }],
  [
    'one that was changed and says nothing is marked',
    'probes',
    undefined,
    2,
    { metadata: { annotations: { [key]: 'false' } }, spec: { matchingPrecedence: 7 } },
  ],
  ['one that no cluster is without comes back whatever it says', 'catch-all', 'false', 3, { spec: { matchingPrecedence: 10_000 } }],
])('%s', (_, name, value, generation, expected) => {
  const next = reconciledFlow(changed(name, value, generation), of('flowschemas', name));
  if (expected === undefined) expect(next).toBeUndefined();
  else expect(next).toMatchObject(expected);
});

test('the shares of the exempt level may be chosen', () => {
  const wanted = of('prioritylevelconfigurations', 'exempt');
  const present = { ...wanted, spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 9, lendablePercent: 50 } } } as AnyObject;
  expect(reconciledFlow(present, wanted)).toBeUndefined();
});
