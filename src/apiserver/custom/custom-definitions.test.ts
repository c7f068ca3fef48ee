// Owns the story of custom resources through the API: definitions come into force at once, keep their objects in shape, and take them along.
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { JSONSchemaProps } from '../../api/apiextensions/v1.ts';
import type { AnyObject, Draft } from '../../api/object.ts';
import { hasReason, type StatusError } from '../../api/status-error.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import type { Client } from '../../client/client.ts';
import { resource } from '../../client/resource.ts';
import { memoryStore } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';
import { apiServerUser } from '../auth/user.ts';
import { bareServer } from '../bare-server-for-tests.ts';

const definitions = resource<AnyObject>('apiextensions.k8s.io/v1', 'customresourcedefinitions', 'CustomResourceDefinition', false);
const v1 = resource<AnyObject>('example.com/v1', 'boxes', 'Box', true);
const v2 = resource<AnyObject>('example.com/v2', 'boxes', 'Box', true);
const name = { name: 'boxes.example.com' };

function serverOn(store: Store): Client {
  return bareServer({ store, clock: new VirtualClock(0) }).client(apiServerUser);
}

function definition(spec: JSONSchemaProps, plural = 'boxes', more: Readonly<Record<string, unknown>> = {}): Draft<AnyObject> {
  const openAPIV3Schema = { type: 'object', properties: { spec } };
  const version = (one: string, storage: boolean): object => ({ name: one, served: true, storage, schema: { openAPIV3Schema }, ...more });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural, kind: 'Box' },
      versions: [version('v1', true), version('v2', false)],
    },
  };
}

const sized: JSONSchemaProps = {
  type: 'object',
  properties: { size: { type: 'integer', minimum: 1, default: 3 }, label: { type: 'string' } },
  'x-kubernetes-validations': [{ rule: 'self.size < 10', message: 'too large' }],
};
const box = (spec: object, as = 'v1', named = 'a'): Draft<AnyObject> => ({
  apiVersion: `example.com/${as}`,
  kind: 'Box',
  metadata: { name: named, namespace: 'default' },
  spec,
});
const key = { name: 'a', namespace: 'default' };

async function idle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'accepted',
    (error: StatusError) => error.message,
  );
}

async function conditionsOf(client: Client, named = name): Promise<Readonly<Record<string, string>>> {
  await idle();
  const { status } = await client.get(definitions, named);
  const conditions = (status as { conditions?: readonly { type: string; status: string; reason: string }[] }).conditions ?? [];
  return Object.fromEntries(conditions.map((one) => [one.type, `${one.status} ${one.reason}`]));
}

test('a definition is in force when its writer is answered', async () => {
  const client = serverOn(memoryStore());
  await client.create(definitions, definition(sized));
  const made = await client.create(v1, box({ nope: 1 }));
  expect(made['spec']).toEqual({ size: 3 });
  expect(made.metadata.generation).toBe(1);
  expect(await conditionsOf(client)).toEqual({ NamesAccepted: 'True NoConflicts', Established: 'True InitialNamesAccepted' });
  expect(await client.get(v2, key)).toMatchObject({ apiVersion: 'example.com/v2', spec: { size: 3 } });
  expect(await refusal(client.create(v1, box({ size: 0 }, 'v1', 'b')))).toContain('spec.size in body should be greater than or equal to 1');
  expect(await refusal(client.create(v2, box({ size: 10 }, 'v2', 'b')))).toBe(
    'Box.example.com "b" is invalid: spec: Invalid value: too large',
  );
});

test('objects stored before a change are read by its schema, and defaulted', async () => {
  const client = serverOn(memoryStore());
  await client.create(definitions, definition(sized));
  await client.create(v1, box({ label: 'x' }));
  const changed = definition({ type: 'object', properties: { size: { type: 'integer' }, color: { type: 'string', default: 'red' } } });
  await client.patch(definitions, name, { type: 'merge', body: { spec: changed['spec'] } });
  expect((await client.get(v1, key))['spec']).toEqual({ size: 3, color: 'red' });
  const { items } = await client.list(v2, {});
  expect(items.map((item) => item['spec'])).toEqual([{ size: 3, color: 'red' }]);
});

test('a broken rule is forgiven where what it looks at stays the same', async () => {
  const client = serverOn(memoryStore());
  const loose = definition({ ...sized, 'x-kubernetes-validations': [] });
  await client.create(definitions, loose);
  await client.create(v1, box({ size: 50 }));
  await client.patch(definitions, name, { type: 'merge', body: { spec: definition(sized)['spec'] } });
  const label = { type: 'merge', body: { metadata: { labels: { a: 'b' } } } } as const;
  expect((await client.patch(v1, key, label)).metadata.labels).toEqual({ a: 'b' });
  expect(await refusal(client.patch(v1, key, { type: 'merge', body: { spec: { size: 51 } } }))).toContain('too large');
});

test('a null is no value to a rule', async () => {
  const client = serverOn(memoryStore());
  const rule = '!has(self.label) || self.label == "x"';
  const spec = {
    type: 'object',
    properties: { label: { type: 'string', nullable: true, maxLength: 9 } },
    'x-kubernetes-validations': [{ rule }],
  };
  await client.create(definitions, definition(spec));
  expect((await client.create(v1, box({ label: null })))['spec']).toEqual({ label: null });
  expect(await refusal(client.create(v1, box({ label: 'y' }, 'v1', 'b')))).toContain(`failed rule: ${rule}`);
});

test('watches end with the schema that they began with', async () => {
  const client = serverOn(memoryStore());
  await client.create(definitions, definition(sized));
  await client.create(v1, box({}));
  const seen: string[] = [];
  const { resourceVersion = '' } = (await client.list(v1, {})).metadata;
  const watching = (async () => {
    for await (const { type } of client.watch(v1, { resourceVersion, signal: new AbortController().signal })) seen.push(type);
  })();
  await client.patch(v1, key, { type: 'merge', body: { spec: { label: 'y' } } });
  await client.patch(definitions, name, { type: 'merge', body: { metadata: { labels: { same: 'schema' } } } });
  await client.patch(v1, key, { type: 'merge', body: { spec: { label: 'z' } } });
  await client.patch(definitions, name, { type: 'merge', body: { spec: definition({ type: 'object' })['spec'] } });
  await watching;
  expect(seen).toEqual(['MODIFIED', 'MODIFIED']);
});

test('names that another definition holds are not granted before it goes', async () => {
  const client = serverOn(memoryStore());
  await client.create(definitions, definition(sized));
  await client.create(definitions, definition(sized, 'crates'));
  const crates = { name: 'crates.example.com' };
  expect(await conditionsOf(client, crates)).toEqual({ NamesAccepted: 'False ListKindConflict', Established: 'False NotAccepted' });
  await client.delete(definitions, name);
  expect(await conditionsOf(client, crates)).toEqual({ NamesAccepted: 'True NoConflicts', Established: 'True InitialNamesAccepted' });
});

test('a definition takes its objects along, waiting for those that are held', async () => {
  const client = serverOn(memoryStore());
  await client.create(definitions, definition(sized));
  await client.create(v1, box({}));
  await client.create(v1, { ...box({}, 'v1', 'held'), metadata: { name: 'held', namespace: 'default', finalizers: ['example.com/hold'] } });
  await client.delete(definitions, name);
  expect(await conditionsOf(client)).toMatchObject({ Terminating: 'True InstanceDeletionInProgress' });
  await expect(client.get(v1, key)).rejects.toSatisfy((error) => hasReason(error, 'NotFound'));
  expect(await refusal(client.create(v1, box({}, 'v1', 'late')))).toContain(
    'create not allowed while custom resource definition is terminating',
  );
  const held = { name: 'held', namespace: 'default' };
  await client.patch(v1, held, { type: 'merge', body: { metadata: { finalizers: null } } });
  await idle();
  await expect(client.get(definitions, name)).rejects.toSatisfy((error) => hasReason(error, 'NotFound'));
  await expect(client.list(v1, {})).rejects.toSatisfy((error) => hasReason(error, 'NotFound'));
});

test('a server that starts finds the definitions of the one before', async () => {
  const store = memoryStore();
  const before = serverOn(store);
  await before.create(definitions, definition(sized));
  await before.create(v1, box({}));
  const after = serverOn(store);
  expect((await after.get(v2, key))['spec']).toEqual({ size: 3 });
});
