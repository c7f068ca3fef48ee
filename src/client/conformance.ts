// Owns the one suite that every Client must pass: the interface, promise by promise, against a control plane without nodes or controllers.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConfigMap, Namespace, Node, Pod } from '../api/core/v1.ts';
import type { Draft } from '../api/object.ts';
import { StatusError } from '../api/status-error.ts';
import type { Client, WatchEvent, WatchOptions } from './client.ts';
import { resource } from './resource.ts';
import { resources } from './resources.ts';

/** What the suite needs: who may do everything, who may do nothing, and the history forgotten at will. */
export interface ClientUnderTest {
  readonly client: Client;
  /** Acts as a user without rights, whose name ends in `stranger`. */
  readonly stranger: Client;
  /** Makes every revision so far too old to watch from. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

const { configMaps, namespaces, nodes, pods, serviceAccounts } = resources;

/** What a call was refused with; fails where it was not. */
async function refusal(call: Promise<unknown>): Promise<StatusError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StatusError);
  return error as StatusError;
}

function isDeeplyFrozen(value: unknown): boolean {
  return typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen));
}

/** Says of an event what a person would. */
function told({ type, object }: WatchEvent<ConfigMap>): string {
  return `${type} ${object.metadata.name} ${object.data?.['k'] ?? ''}`.trimEnd();
}

/** Runs the suite against a maker of clients, which is asked once. */
export function clientConformance(name: string, make: () => Promise<ClientUnderTest>): void {
  describe(`client: ${name}`, () => {
    let under: ClientUnderTest;
    let client: Client;
    let made = 0;
    let namespace = '';

    beforeAll(async () => {
      under = await make();
      client = under.client;
    });
    afterAll(() => under.stop());

    /** A namespace that is nobody else's. */
    const ownNamespace = async (): Promise<void> => {
      [namespace] = [`ns-${++made}`];
      await client.create(namespaces, { metadata: { name: namespace }, spec: {} });
      await client.create(serviceAccounts, { metadata: { namespace, name: 'default' } });
    };
    const draft = (name: string, k = '0', labels: Readonly<Record<string, string>> = {}): Draft<ConfigMap> => ({
      metadata: { namespace, name, labels },
      data: { k },
    });
    const put = (name: string, k?: string, labels?: Readonly<Record<string, string>>): Promise<ConfigMap> =>
      client.create(configMaps, draft(name, k, labels));
    const key = (name: string): { namespace: string; name: string } => ({ namespace, name });
    const pod = (name: string, nodeName?: string): Promise<Pod> =>
      client.create(pods, {
        metadata: { namespace, name },
        spec: { containers: [{ name: 'c', image: 'i' }], ...(nodeName === undefined ? {} : { nodeName }) },
      });
    /** The next events of a watch, as told; ends the watch. */
    const seen = async (count: number, options: WatchOptions): Promise<readonly string[]> => {
      const lines: string[] = [];
      for await (const event of client.watch(configMaps, { namespace, ...options })) {
        lines.push(told(event));
        if (lines.length === count) break;
      }
      return lines;
    };
    const named = (list: { readonly items: readonly ConfigMap[] }): readonly string[] => list.items.map(({ metadata }) => metadata.name);

    describe('reading', () => {
      test('get gives what was created, whole and frozen', async () => {
        await ownNamespace();
        const created = await put('a', 'grüße \u{1f331}\n');
        expect(created).toMatchObject({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'a', namespace, uid: expect.any(String), resourceVersion: expect.stringMatching(/^\d+$/) },
          data: { k: 'grüße \u{1f331}\n' },
        });
        expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        const read = await client.get(configMaps, key('a'));
        expect(read).toEqual(created);
        expect([created, read].map(isDeeplyFrozen)).toEqual([true, true]);
      });

      test('a large object comes back as it went', async () => {
        await ownNamespace();
        const text = 'x'.repeat(900_000);
        await put('large', text);
        expect((await client.get(configMaps, key('large'))).data?.['k']).toBe(text);
      });

      test('list: in the order of names, by selectors, with kinds, of one namespace or all', async () => {
        await ownNamespace();
        for (const name of ['b', 'c', 'a']) await put(name, '0', { app: name === 'c' ? 'x' : 'y', run: `${namespace}` });
        const list = await client.list(configMaps, { namespace });
        expect(list).toMatchObject({
          kind: 'ConfigMapList',
          apiVersion: 'v1',
          metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
        });
        expect(named(list)).toEqual(['a', 'b', 'c']);
        expect(list.items[0]).toEqual(await client.get(configMaps, key('a')));
        expect(list.items.every(isDeeplyFrozen)).toBe(true);
        expect(named(await client.list(configMaps, { namespace, labelSelector: 'app in (y),app!=x' }))).toEqual(['a', 'b']);
        expect(named(await client.list(configMaps, { namespace, fieldSelector: 'metadata.name=b' }))).toEqual(['b']);
        expect(named(await client.list(configMaps, { labelSelector: `run=${namespace}` }))).toEqual(['a', 'b', 'c']);
        expect((await refusal(client.list(configMaps, { namespace, labelSelector: 'a in b' }))).reason).toBe('BadRequest');
      });

      test('list by pages: each goes on where the last ended, in the state of the first', async () => {
        await ownNamespace();
        for (const name of ['a', 'b', 'c', 'd', 'e']) await put(name);
        const first = await client.list(configMaps, { namespace, limit: 2 });
        expect([named(first), first.metadata.remainingItemCount]).toEqual([['a', 'b'], 3]);
        await client.delete(configMaps, key('d'));
        const second = await client.list(configMaps, { namespace, limit: 2, continue: first.metadata.continue ?? '' });
        expect([named(second), second.metadata.resourceVersion]).toEqual([['c', 'd'], first.metadata.resourceVersion]);
        const last = await client.list(configMaps, { namespace, limit: 2, continue: second.metadata.continue ?? '' });
        expect([named(last), last.metadata.continue ?? '']).toEqual([['e'], '']);
        await under.compact();
        const late = await refusal(client.list(configMaps, { namespace, limit: 2, continue: first.metadata.continue ?? '' }));
        expect([late.reason, late.code]).toEqual(['Expired', 410]);
      });
    });

    describe('watching', () => {
      test('without a revision, what is there comes first', async () => {
        await ownNamespace();
        await put('a');
        await put('b');
        expect(await seen(2, {})).toEqual(['ADDED a 0', 'ADDED b 0']);
      });

      test('from a revision: every change after it, in order, frozen', async () => {
        await ownNamespace();
        const { metadata } = await put('a');
        await client.patch(configMaps, key('a'), { type: 'merge', body: { data: { k: '1' } } });
        await put('b');
        await client.delete(configMaps, key('a'));
        const from = { resourceVersion: metadata.resourceVersion };
        expect(await seen(3, from)).toEqual(['MODIFIED a 1', 'ADDED b 0', 'DELETED a 1']);
        const versions: string[] = [];
        for await (const event of client.watch(configMaps, { namespace, ...from })) {
          expect(isDeeplyFrozen(event.object)).toBe(true);
          expect(event.object).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
          versions.push(event.object.metadata.resourceVersion);
          if (versions.length === 3) break;
        }
        expect(await seen(1, { resourceVersion: versions[1] ?? '' })).toEqual(['DELETED a 1']);
      });

      test('changes come as they happen, and selectors turn them into coming and going', async () => {
        await ownNamespace();
        const start = await client.list(configMaps, { namespace });
        const options = { namespace, labelSelector: 'app=x', resourceVersion: start.metadata.resourceVersion ?? '' };
        const events = client.watch(configMaps, options)[Symbol.asyncIterator]();
        const next = events.next();
        await put('a', '0', { app: 'x' });
        expect(told((await next).value)).toBe('ADDED a 0');
        await client.patch(configMaps, key('a'), { type: 'merge', body: { metadata: { labels: { app: 'y' } } } });
        expect(told((await events.next()).value)).toBe('DELETED a 0');
        await client.patch(configMaps, key('a'), { type: 'merge', body: { metadata: { labels: { app: 'x' } } } });
        expect(told((await events.next()).value)).toBe('ADDED a 0');
        await events.return?.();
        expect(await events.next()).toMatchObject({ done: true });
      });

      test('a revision that is too old is refused as Expired', async () => {
        await ownNamespace();
        const { metadata } = await put('a');
        await put('b');
        await under.compact();
        const error = await refusal(seen(1, { resourceVersion: metadata.resourceVersion }));
        expect([error.reason, error.code]).toEqual(['Expired', 410]);
        expect(error.message).toMatch(/^too old resource version: \d+ \(\d+\)$/);
      });

      test('a watch aborted at whatever moment of its opening throws the reason', async () => {
        await ownNamespace();
        const why = new Error('enough');
        for (let turns = 0; turns < 30; turns++) {
          const abort = new AbortController();
          const next = client.watch(configMaps, { namespace, signal: abort.signal })[Symbol.asyncIterator]().next();
          for (let turn = 0; turn < turns; turn++) await Promise.resolve();
          abort.abort(why);
          await expect(next).rejects.toBe(why);
        }
      });

      test.each([
        ['while it waits', false],
        ['before it began', true],
      ])('a watch aborted %s throws the reason', async (_, early) => {
        await ownNamespace();
        const abort = new AbortController();
        const why = new Error('enough');
        if (early) abort.abort(why);
        else await put('a');
        const events = client.watch(configMaps, { namespace, signal: abort.signal })[Symbol.asyncIterator]();
        if (!early) expect(told((await events.next()).value)).toBe('ADDED a 0');
        const waiting = events.next();
        abort.abort(why);
        await expect(waiting).rejects.toBe(why);
        expect(await events.next()).toMatchObject({ done: true });
        await put('later');
      });
    });

    describe('creating', () => {
      test('a name is made from generateName, another each time', async () => {
        await ownNamespace();
        const twice = [1, 2].map(() => client.create(configMaps, { metadata: { namespace, generateName: 'gen-' } }));
        const names = (await Promise.all(twice)).map(({ metadata }) => metadata.name);
        for (const each of names) expect(each).toMatch(/^gen-[a-z0-9]{5}$/);
        expect(new Set(names).size).toBe(2);
      });

      test('dryRun answers as if, and writes nothing', async () => {
        await ownNamespace();
        const created = await client.create(configMaps, draft('a'), { dryRun: true });
        expect(created.metadata).toMatchObject({ name: 'a', uid: expect.any(String) });
        expect(named(await client.list(configMaps, { namespace }))).toEqual([]);
      });

      test('an aborted call writes nothing and rejects with the reason', async () => {
        await ownNamespace();
        const why = new Error('enough');
        const signal = AbortSignal.abort(why);
        await expect(client.create(configMaps, draft('a'), { signal })).rejects.toBe(why);
        await expect(client.get(configMaps, key('a'), { signal })).rejects.toBe(why);
        await expect(client.list(configMaps, { namespace, signal })).rejects.toBe(why);
        await expect(client.delete(configMaps, key('a'), { signal })).rejects.toBe(why);
        await expect(client.deleteCollection(configMaps, { namespace }, { signal })).rejects.toBe(why);
        expect(named(await client.list(configMaps, { namespace }))).toEqual([]);
      });
    });

    describe('changing', () => {
      test('update replaces; a stale revision is a Conflict; what is not there is not made', async () => {
        await ownNamespace();
        const created = await put('a');
        const updated = await client.update(configMaps, { ...created, data: { other: '1' } });
        expect(updated.data).toEqual({ other: '1' });
        expect(isDeeplyFrozen(updated)).toBe(true);
        const stale = await refusal(client.update(configMaps, { ...created, data: { k: '2' } }));
        expect([stale.reason, stale.code, stale.details]).toEqual(['Conflict', 409, { name: 'a', kind: 'configmaps' }]);
        expect((await client.update(configMaps, draft('a', '3'))).data).toEqual({ k: '3' });
        expect((await refusal(client.update(configMaps, draft('b')))).reason).toBe('NotFound');
      });

      test('updateStatus changes the status and nothing else, update everything but', async () => {
        const node = await client.create<Node>(nodes, { metadata: { name: `node-${++made}` }, spec: {} });
        const change: Node = { ...node, spec: { unschedulable: true }, status: { phase: 'Running', capacity: { cpu: '2' } } };
        const { resourceVersion: _, ...metadata } = node.metadata;
        const first = await client.updateStatus(nodes, { ...change, metadata });
        expect([first.spec?.unschedulable, first.status?.capacity]).toEqual([undefined, { cpu: '2' }]);
        const second = await client.update(nodes, { ...change, metadata, status: {} });
        expect([second.spec?.unschedulable, second.status?.capacity]).toEqual([true, { cpu: '2' }]);
      });

      test('the subresource finalize lets a namespace go', async () => {
        await ownNamespace();
        await client.delete(namespaces, { name: namespace });
        const going: Namespace = await client.get(namespaces, { name: namespace });
        expect([going.status?.phase, going.spec?.finalizers]).toEqual(['Terminating', ['kubernetes']]);
        await client.update(namespaces, { ...going, spec: { finalizers: [] } }, { subresource: 'finalize' });
        expect((await refusal(client.get(namespaces, { name: namespace }))).reason).toBe('NotFound');
      });

      test('patches of every kind', async () => {
        await ownNamespace();
        await pod('p');
        const json = await client.patch(pods, key('p'), {
          type: 'json',
          body: [{ op: 'add', path: '/metadata/labels', value: { 'a/b': '1' } }],
        });
        expect(json.metadata.labels).toEqual({ 'a/b': '1' });
        const merge = await client.patch(pods, key('p'), { type: 'merge', body: { metadata: { labels: { 'a/b': null, c: '2' } } } });
        expect(merge.metadata.labels).toEqual({ c: '2' });
        const body = { spec: { containers: [{ name: 'c', image: 'j' }] } };
        const strategic = await client.patch(pods, key('p'), { type: 'strategic', body });
        expect(strategic.spec.containers).toMatchObject([{ name: 'c', image: 'j', imagePullPolicy: 'Always' }]);
        const status = await client.patch(
          pods,
          key('p'),
          { type: 'merge', body: { status: { phase: 'Failed' } } },
          { subresource: 'status' },
        );
        expect(status.status?.phase).toBe('Failed');
        expect([json, merge, strategic, status].every(isDeeplyFrozen)).toBe(true);
        const test = { op: 'test', path: '/metadata/name', value: 'q' };
        expect((await refusal(client.patch(pods, key('p'), { type: 'json', body: [test] }))).reason).toBe('Invalid');
        expect((await refusal(client.patch(pods, key('none'), { type: 'merge', body: {} }))).reason).toBe('NotFound');
      });

      test('apply: made where it is not, shared by field, contested fields only by force', async () => {
        await ownNamespace();
        const body = (k: string): Record<string, unknown> => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: key('a'), data: { k } });
        const apply = (k: string, fieldManager: string, force?: boolean): Promise<ConfigMap> =>
          client.patch(configMaps, key('a'), { type: 'apply', body: body(k), ...(force === undefined ? {} : { force }) }, { fieldManager });
        expect((await apply('1', 'one')).data).toEqual({ k: '1' });
        const contested = await refusal(apply('2', 'two'));
        expect([contested.reason, contested.code]).toEqual(['Conflict', 409]);
        expect(contested.details?.causes).toMatchObject([{ reason: 'FieldManagerConflict', field: '.data.k' }]);
        const forced = await apply('2', 'two', true);
        expect([forced.data, forced.metadata.managedFields?.map(({ manager }) => manager)]).toEqual([{ k: '2' }, ['two']]);
        const unnamed = await client.patch(configMaps, key('a'), { type: 'apply', body: body('2') });
        expect(unnamed.metadata.managedFields).toHaveLength(2);
      });
    });

    describe('deleting', () => {
      test('preconditions must hold', async () => {
        await ownNamespace();
        const { metadata } = await put('a');
        const wrong = await refusal(client.delete(configMaps, key('a'), { preconditions: { uid: 'another' } }));
        expect([wrong.reason, wrong.details?.name]).toEqual(['Conflict', 'a']);
        const old = await refusal(client.delete(configMaps, key('a'), { preconditions: { resourceVersion: '1' } }));
        expect(old.reason).toBe('Conflict');
        await client.delete(configMaps, key('a'), { dryRun: true });
        await client.delete(configMaps, key('a'), { preconditions: { uid: metadata.uid, resourceVersion: metadata.resourceVersion } });
        expect((await refusal(client.delete(configMaps, key('a')))).reason).toBe('NotFound');
      });

      test('a pod on a node has its grace, unless it is given none', async () => {
        await ownNamespace();
        await pod('p', 'somewhere');
        await client.delete(pods, key('p'), { gracePeriodSeconds: 7 });
        const { metadata } = await client.get(pods, key('p'));
        expect([metadata.deletionGracePeriodSeconds, metadata.deletionTimestamp]).toEqual([7, expect.any(String)]);
        await client.delete(pods, key('p'), { gracePeriodSeconds: 0 });
        expect((await client.list(pods, { namespace })).items).toEqual([]);
      });

      test('propagation Foreground and Orphan leave it to the collector', async () => {
        await ownNamespace();
        for (const [name, propagationPolicy, finalizer] of [
          ['a', 'Foreground', 'foregroundDeletion'],
          ['b', 'Orphan', 'orphan'],
        ] as const) {
          await put(name);
          await client.delete(configMaps, key(name), { propagationPolicy });
          expect((await client.get(configMaps, key(name))).metadata.finalizers).toEqual([finalizer]);
        }
      });

      test('a collection goes by selector', async () => {
        await ownNamespace();
        for (const name of ['a', 'b', 'c']) await put(name, '0', { app: name === 'b' ? 'x' : 'y' });
        await client.deleteCollection(configMaps, { namespace, labelSelector: 'app=y' }, { dryRun: true });
        expect(named(await client.list(configMaps, { namespace }))).toEqual(['a', 'b', 'c']);
        await client.deleteCollection(configMaps, { namespace, labelSelector: 'app=y' });
        expect(named(await client.list(configMaps, { namespace }))).toEqual(['b']);
      });
    });

    describe('subresources that take their own kind', () => {
      test('token', async () => {
        await ownNamespace();
        const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: { expirationSeconds: 600 } };
        const answer = await client.createSubresource(serviceAccounts, key('default'), 'token', request);
        expect(answer).toMatchObject({ kind: 'TokenRequest', status: { token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) } });
        expect(isDeeplyFrozen(answer)).toBe(true);
      });

      test('binding', async () => {
        await ownNamespace();
        await pod('p');
        const binding = { apiVersion: 'v1', kind: 'Binding', metadata: key('p'), target: { kind: 'Node', name: 'n' } };
        const answer = await client.createSubresource(pods, key('p'), 'binding', binding);
        expect(answer).toMatchObject({ kind: 'Status', status: 'Success', code: 201 });
        expect((await client.get(pods, key('p'))).spec.nodeName).toBe('n');
        const again = await refusal(client.createSubresource(pods, key('p'), 'binding', binding));
        expect([again.reason, again.details]).toEqual(['Conflict', { name: 'p', kind: 'pods/binding' }]);
      });

      test('eviction', async () => {
        await ownNamespace();
        await pod('p');
        const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: key('p') };
        expect(await client.createSubresource(pods, key('p'), 'eviction', eviction)).toMatchObject({ status: 'Success', code: 201 });
        const again = await refusal(client.createSubresource(pods, key('p'), 'eviction', eviction));
        expect(again.reason).toBe('NotFound');
      });
    });

    describe('refusals', () => {
      test('name what is not there, what is there already, what is wrong, and who may not', async () => {
        await ownNamespace();
        const absent = await refusal(client.get(configMaps, key('none')));
        expect(absent.toStatus()).toEqual({
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'configmaps "none" not found',
          reason: 'NotFound',
          details: { name: 'none', kind: 'configmaps' },
          code: 404,
        });
        await put('a');
        const taken = await refusal(put('a'));
        expect([taken.reason, taken.code, taken.message]).toEqual(['AlreadyExists', 409, 'configmaps "a" already exists']);
        const wrong = await refusal(put('Not A Name'));
        expect([wrong.reason, wrong.code]).toEqual(['Invalid', 422]);
        expect(wrong.details).toMatchObject({ kind: 'ConfigMap', causes: [{ reason: 'FieldValueInvalid', field: 'metadata.name' }] });
        const denied = await refusal(under.stranger.get(configMaps, key('a')));
        expect([denied.reason, denied.code]).toEqual(['Forbidden', 403]);
        const may = 'cannot get resource "configmaps" in API group ""';
        expect(denied.message.replace(/User "[^"]*stranger"/, 'User')).toBe(
          `configmaps "a" is forbidden: User ${may} in the namespace "${namespace}"`,
        );
      });

      test('a watch is refused like a call', async () => {
        await ownNamespace();
        const events = under.stranger.watch(configMaps, { namespace })[Symbol.asyncIterator]();
        expect((await refusal(events.next())).reason).toBe('Forbidden');
        expect((await refusal(seen(1, { labelSelector: 'a in b' }))).reason).toBe('BadRequest');
      });

      test('an empty name is refused before it can mean a whole collection', async () => {
        await ownNamespace();
        await put('a');
        const calls: readonly (() => Promise<unknown>)[] = [
          () => client.get(configMaps, key('')),
          () => client.update(configMaps, draft('')),
          () => client.updateStatus(configMaps, draft('')),
          () => client.patch(configMaps, key(''), { type: 'merge', body: {} }),
          () => client.delete(configMaps, key('')),
          () => client.createSubresource(configMaps, key(''), 'token', { metadata: {} }),
        ];
        for (const call of calls) {
          const error = await refusal(call());
          expect([error.reason, error.message]).toEqual(['BadRequest', 'resource name may not be empty']);
        }
        expect(named(await client.list(configMaps, { namespace }))).toEqual(['a']);
      });

      test('a resource that nobody serves is not found', async () => {
        const unknown = resource('nowhere.example/v1', 'things', 'Thing', true);
        const error = await refusal(client.list(unknown, { namespace: 'default' }));
        expect([error.reason, error.code]).toEqual(['NotFound', 404]);
        expect(error.message).toBe('the server could not find the requested resource');
      });
    });
  });
}
