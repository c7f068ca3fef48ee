// Owns the proof of the informer against a scripted client in virtual time: lists, watches, resumption, relists, back-off, indexes, handlers.
import { describe, expect, test } from 'vitest';
import type { ConfigMap } from '../api/core/v1.ts';
import { StatusError } from '../api/status-error.ts';
import { VirtualClock } from '../base/clock-virtual.ts';
import { type Log, silentLog } from '../base/log.ts';
import type { Client, ListOptions, WatchEvent, WatchOptions } from './client.ts';
import { Informer, type InformerOptions } from './informer.ts';
import { resources } from './resources.ts';

/** What a list or a watch does when its turn comes: fails, gives this, or (a watch's last word `hangs`) goes on without end. */
type ListStep = Error | { readonly items: readonly ConfigMap[]; readonly at: string; readonly next?: string };
type WatchStep = Error | 'ends' | 'hangs' | WatchEvent<ConfigMap>;

/** One object: `a@3` is version 3 of a; its uid is of its name, or what comes after a slash. */
function object(text: string, labels: Readonly<Record<string, string>> = {}): ConfigMap {
  const [, name = '', resourceVersion = '', uid = name] = /^(\w+)@(\d+)(?:\/(\w+))?$/.exec(text) ?? [];
  return { metadata: { name, namespace: 'ns', uid, resourceVersion, creationTimestamp: '', labels } };
}

const version = ({ metadata }: ConfigMap): string => `${metadata.name}@${metadata.resourceVersion}`;
const added = (text: string): WatchEvent<ConfigMap> => ({ type: 'ADDED', object: object(text) });
const modified = (text: string): WatchEvent<ConfigMap> => ({ type: 'MODIFIED', object: object(text) });
const deleted = (text: string): WatchEvent<ConfigMap> => ({ type: 'DELETED', object: object(text) });
const bookmark = (at: string): WatchEvent<ConfigMap> => ({ type: 'BOOKMARK', object: object(`x@${at}`) });
const expired = new StatusError('Expired', 'too old resource version: 1 (5)');
const broken = new Error('connection reset');

interface Setup {
  readonly informer: Informer<ConfigMap>;
  readonly clock: VirtualClock;
  /** Each call with the virtual milliseconds since the start, each thing handlers were told. */
  readonly calls: string[];
  readonly told: string[];
  readonly errors: string[];
}

/** An informer over a script. Where the watches of the script are used up, the next hangs. */
function scripted(lists: ListStep[], watches: WatchStep[][], options: Partial<InformerOptions<ConfigMap>> = {}): Setup {
  const clock = new VirtualClock();
  const [startMs, calls, told, errors] = [clock.now(), [] as string[], [] as string[], [] as string[]];
  const client = {
    async list(_: unknown, given: ListOptions) {
      calls.push(`${clock.now() - startMs} list${given.continue === undefined ? '' : ` ${given.continue}`}`);
      const step = lists.shift() ?? { items: [], at: '0' };
      if (step instanceof Error) throw step;
      return { metadata: { resourceVersion: step.at, continue: step.next ?? '' }, items: step.items };
    },
    async *watch(_: unknown, given: WatchOptions) {
      calls.push(`${clock.now() - startMs} watch ${given.resourceVersion}`);
      for (const step of watches.shift() ?? (['hangs'] as const)) {
        if (step instanceof Error) throw step;
        if (step === 'ends') return;
        if (step !== 'hangs') yield step;
        else await new Promise((_resolve, reject) => given.signal?.addEventListener('abort', () => reject(given.signal?.reason)));
      }
    },
  } as unknown as Client;
  const log: Log = { ...silentLog, error: (message) => void errors.push(message) };
  const informer = new Informer({ client, resource: resources.configMaps, clock, log, ...options });
  informer.on({
    added: (one) => told.push(`added ${version(one)}`),
    updated: (one, old) => told.push(`updated ${version(old)} to ${version(one)}`),
    deleted: (one) => told.push(`deleted ${version(one)}`),
  });
  return { informer, clock, calls, told, errors };
}

const present = (informer: Informer<ConfigMap>): readonly string[] => informer.list().map(version).sort();

describe('an informer', () => {
  test('lists, then watches from there', async () => {
    const { informer, clock, calls, told } = scripted(
      [{ items: [object('a@1'), object('b@2')], at: '5' }],
      [[added('c@6'), modified('a@7'), deleted('b@8'), 'hangs']],
    );
    expect(informer.hasSynced).toBe(false);
    informer.start();
    await informer.synced;
    await clock.advance(0);
    expect(calls).toEqual(['0 list', '0 watch 5']);
    expect(told).toEqual(['added a@1', 'added b@2', 'added c@6', 'updated a@1 to a@7', 'deleted b@8']);
    expect(present(informer)).toEqual(['a@7', 'c@6']);
    expect(informer.get('ns', 'a')?.metadata.resourceVersion).toBe('7');
    expect([informer.get('ns', 'b'), informer.get('other', 'a')]).toEqual([undefined, undefined]);
    expect([informer.list('ns').length, informer.list('other').length]).toEqual([2, 0]);
    await informer.stop();
  });

  test('lists page by page, and is synced with the last', async () => {
    const { informer, clock, calls } = scripted(
      [
        { items: [object('a@1')], at: '5', next: 'more' },
        expired,
        { items: [object('a@1')], at: '7', next: 'more' },
        { items: [], at: '7' },
      ],
      [],
    );
    informer.start();
    await clock.advance(0);
    expect(calls).toEqual(['0 list', '0 list more', '0 list', '0 list more', '0 watch 7']);
    await informer.stop();
  });

  test('goes on from the last revision seen, bookmarks included, when a watch ends or breaks', async () => {
    const { informer, clock, calls } = scripted(
      [{ items: [], at: '5' }],
      [
        [added('a@6'), 'ends'],
        [bookmark('9'), broken],
        [modified('a@10'), broken],
      ],
    );
    informer.start();
    await clock.advance(1000);
    expect(calls).toEqual(['0 list', '0 watch 5', '0 watch 6', '100 watch 9', '200 watch 10']);
    await informer.stop();
  });

  test('lists anew when the revision is too old, and finds what it missed: changes, comings and goings', async () => {
    const { informer, clock, calls, told } = scripted(
      [
        { items: [object('same@1'), object('changed@2'), object('gone@3')], at: '5' },
        { items: [object('same@1'), object('changed@7'), object('new@8')], at: '9' },
      ],
      [[broken], [expired]],
    );
    informer.start();
    await clock.advance(1000);
    expect(calls).toEqual(['0 list', '0 watch 5', '100 watch 5', '100 list', '100 watch 9']);
    expect(told.slice(3)).toEqual(['updated changed@2 to changed@7', 'added new@8', 'deleted gone@3']);
    expect(present(informer)).toEqual(['changed@7', 'new@8', 'same@1']);
    await informer.stop();
  });

  test.each([
    ['a relist', [{ items: [object('a@9/second')], at: '9' }], [[expired]]],
    ['a watch', [], [[added('a@9/second'), 'hangs']]],
  ] as const)('an object made again under its name goes and comes: seen by %s', async (_, lists, watches) => {
    const { informer, clock, told } = scripted(
      [{ items: [object('a@1/first')], at: '5' }, ...lists],
      watches.map((steps) => [...steps]),
    );
    informer.start();
    await clock.advance(1000);
    expect(told).toEqual(['added a@1', 'deleted a@1', 'added a@9']);
    expect(informer.get('ns', 'a')?.metadata.uid).toBe('second');
    await informer.stop();
  });

  test('waits longer after each failure, up to 10 s, and anew after a success', async () => {
    const { informer, clock, calls } = scripted(
      [...Array.from({ length: 9 }, () => broken), { items: [], at: '5' }],
      [[broken], [added('a@6'), broken], [broken]],
    );
    informer.start();
    await clock.advance(60_000);
    const times = calls.map((call) => Number.parseInt(call, 10));
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 0, 10_000, 100, 200]);
    await informer.stop();
  });

  test('does not ask in a tight loop where watches end at once, or lists are too old at once', async () => {
    const ends = scripted([{ items: [], at: '5' }], [['ends'], ['ends'], ['ends']]);
    ends.informer.start();
    await ends.clock.advance(60_000);
    expect(ends.calls).toEqual(['0 list', '0 watch 5', '100 watch 5', '200 watch 5', '300 watch 5']);
    await ends.informer.stop();
    const old = scripted([], [[expired], [expired], [expired], [expired]]);
    old.informer.start();
    await old.clock.advance(60_000);
    expect(old.calls.filter((call) => call.endsWith('list'))).toEqual(['0 list', '0 list', '100 list', '300 list', '700 list']);
    await old.informer.stop();
  });

  test('an event told again changes nothing', async () => {
    const { informer, clock, told } = scripted(
      [{ items: [object('a@1')], at: '5' }],
      [[added('a@1'), deleted('never@6'), modified('a@7'), modified('a@7'), 'hangs']],
    );
    informer.start();
    await clock.advance(0);
    expect(told).toEqual(['added a@1', 'updated a@1 to a@7']);
    await informer.stop();
  });

  test('finds objects by index, as they are now', async () => {
    const labelled = (text: string, ...of: readonly string[]): ConfigMap => object(text, Object.fromEntries(of.map((key) => [key, ''])));
    const { informer, clock } = scripted(
      [{ items: [labelled('a@1', 'x', 'y'), labelled('b@2', 'x'), labelled('c@3')], at: '5' }],
      [[{ type: 'MODIFIED', object: labelled('a@6', 'y', 'z') }, deleted('b@7'), 'hangs']],
      { indexes: { label: ({ metadata }) => Object.keys(metadata.labels ?? {}) } },
    );
    informer.start();
    await informer.synced;
    const by = (key: string): readonly string[] => informer.byIndex('label', key).map(version).sort();
    expect([by('x'), by('y'), by('z')]).toEqual([['a@1', 'b@2'], ['a@1'], []]);
    await clock.advance(0);
    expect([by('x'), by('y'), by('z')]).toEqual([[], ['a@6'], ['a@6']]);
    expect(informer.byIndex('unknown', 'x')).toEqual([]);
    await informer.stop();
  });

  test('tells handlers in their order, later ones of what is there, removed ones no more; one that throws harms nobody', async () => {
    const { informer, clock, told, errors } = scripted([{ items: [object('a@1')], at: '5' }], [[added('b@6'), deleted('a@7'), 'hangs']]);
    informer.on({
      added(one) {
        if (version(one) === 'b@6') throw new Error('a bug');
      },
    });
    const second = informer.on({
      added(one) {
        told.push(`second: ${version(one)}`);
        if (version(one) === 'b@6') {
          second[Symbol.dispose]();
          informer.on({
            added: (late) => told.push(`third: ${version(late)}`),
            deleted: (late) => told.push(`third: no ${version(late)}`),
          });
        }
      },
      deleted: () => told.push('second: never'),
    });
    informer.start();
    await clock.advance(0);
    expect(told).toEqual([
      'added a@1',
      'second: a@1',
      'added b@6',
      'second: b@6',
      'third: a@1',
      'third: b@6',
      'deleted a@7',
      'third: no a@7',
    ]);
    expect(errors).toEqual(['a handler of configmaps failed']);
    await informer.stop();
  });

  test('keeps of objects what it is told to keep', async () => {
    const keep = (one: ConfigMap): ConfigMap => ({ metadata: { ...one.metadata, labels: { kept: 'yes' } } });
    const { informer, clock } = scripted([{ items: [object('a@1')], at: '5' }], [[modified('a@6'), 'hangs']], { keep });
    informer.start();
    await clock.advance(0);
    expect(informer.get('ns', 'a')?.metadata).toMatchObject({ resourceVersion: '6', labels: { kept: 'yes' } });
    await informer.stop();
  });

  test.each([
    ['while it watches', 1000, ['0 list', '0 watch 5']],
    ['before it began', undefined, []],
  ] as const)('stopped %s it does nothing more', async (_, afterMs, calls) => {
    const setup = scripted([{ items: [object('a@1')], at: '5' }], []);
    if (afterMs !== undefined) setup.informer.start().start();
    await setup.clock.advance(afterMs ?? 0);
    await setup.informer.stop();
    await setup.informer.stop();
    setup.informer.start();
    await setup.clock.advance(60_000);
    expect(setup.calls).toEqual(calls);
    if (afterMs === undefined) await expect(setup.informer.synced).rejects.toThrow('stopped');
    else expect(present(setup.informer)).toEqual(['a@1']);
  });

  test('stopped while it waits to try again, it waits no longer, and whoever waits for it is told', async () => {
    const { informer, clock, calls } = scripted([broken, broken, broken], []);
    informer.start();
    await clock.advance(150);
    await informer.stop();
    await expect(informer.synced).rejects.toThrow('stopped');
    await clock.advance(60_000);
    expect(calls).toEqual(['0 list', '100 list']);
  });
});

test('copies are kept without who manages which fields, frozen', async () => {
  const [plain, kept] = ['a@1', 'b@2'].map((text) => object(text));
  const managed = [{ manager: 'm', operation: 'Update', fieldsV1: { 'f:data': {} } }];
  const whole = (one: ConfigMap | undefined): ConfigMap =>
    ({ ...one, metadata: { ...one?.metadata, managedFields: managed } }) as ConfigMap;
  const { informer, clock } = scripted([{ items: [whole(plain)], at: '1' }], [[{ type: 'ADDED', object: whole(kept) }, 'hangs']]);
  await informer.start().synced;
  await clock.advance(1);
  expect(informer.list()).toEqual([plain, kept]);
  expect(informer.list().every((one) => Object.isFrozen(one) && Object.isFrozen(one.metadata))).toBe(true);
  await informer.stop();
});
