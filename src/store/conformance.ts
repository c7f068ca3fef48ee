// Owns the one suite that every store engine must pass: etcd's contract, story by story.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CompactedError, FutureRevisionError, prefixEnd, type Store, type StoreEvent, type Transaction } from './store.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => (value === undefined ? undefined : new TextDecoder().decode(value));
const everything = { start: '/', end: prefixEnd('/') };
const put = (key: string, value: string, modRevision?: number): Transaction => ({
  compare: modRevision === undefined ? [] : [{ key, modRevision }],
  writes: [{ type: 'put', key, value: bytes(value) }],
});
const remove = (key: string): Transaction => ({ compare: [], writes: [{ type: 'delete', key }] });

/**
 * Runs the suite against a maker of empty stores. A store that others have written beside begins at a later revision than 1: its revisions count from
 * where it begins.
 */
export function storeConformance(name: string, make: () => Promise<Store>): void {
  let begin = 0;
  const at = (revision: number): number => begin + revision;
  const using = async (body: (store: Store) => Promise<void>): Promise<void> => {
    const store = await make();
    begin = store.revision - 1;
    try {
      await body(store);
    } finally {
      await store.close();
    }
  };
  /** Says of an event what a person would: `3 put /a=1 (was 0)`. */
  const told = (event: StoreEvent): string => {
    const was = event.previous === undefined ? '' : ` (was ${text(event.previous.value)})`;
    return event.type === 'put'
      ? `${event.revision - begin} put ${event.entry.key}=${text(event.entry.value)}${was}`
      : `${event.revision - begin} delete ${event.key}${was}`;
  };

  describe(`store: ${name}`, () => {
    test('the first write of an empty store makes the next revision', () =>
      using(async (store) => {
        expect(await store.transact(put('/a', '1'))).toEqual({ ok: true, revision: at(2) });
        expect(store.get('/a')).toMatchObject({ key: '/a', createRevision: at(2), modRevision: at(2) });
        expect(text(store.get('/a')?.value)).toBe('1');
      }));

    test('a guard refuses what changed in between, and tells what is there', () =>
      using(async (store) => {
        await store.transact(put('/a', '1', 0));
        const refused = await store.transact(put('/a', '2', 0));
        expect(refused).toMatchObject({ ok: false, current: [{ key: '/a', modRevision: at(2) }] });
        expect(await store.transact(put('/a', '2', at(2)))).toMatchObject({ ok: true, revision: at(3) });
      }));

    test('of two writers with the same guard, started together, one wins', () =>
      using(async (store) => {
        const results = await Promise.all([store.transact(put('/a', 'x', 0)), store.transact(put('/a', 'y', 0))]);
        expect(results.map(({ ok }) => ok)).toEqual([true, false]);
        expect(text(store.get('/a')?.value)).toBe('x');
      }));

    test('all writes of a transaction share one revision, or none happens', () =>
      using(async (store) => {
        await store.transact({
          compare: [],
          writes: [
            { type: 'put', key: '/a', value: bytes('1') },
            { type: 'put', key: '/b', value: bytes('2') },
          ],
        });
        expect([store.get('/a')?.modRevision, store.get('/b')?.modRevision, store.revision]).toEqual([at(2), at(2), at(2)]);
        await store.transact({ compare: [{ key: '/c', modRevision: 7 }], writes: [{ type: 'delete', key: '/a' }] });
        expect(store.get('/a')).toBeDefined();
      }));

    test('deleting what is not there changes nothing, not even the revision', () =>
      using(async (store) => {
        expect(await store.transact(remove('/a'))).toEqual({ ok: true, revision: at(1) });
      }));

    test('a key made anew after its deletion has a new createRevision', () =>
      using(async (store) => {
        await store.transact(put('/a', '1'));
        await store.transact(remove('/a'));
        await store.transact(put('/a', '2', 0));
        expect(store.get('/a')).toMatchObject({ createRevision: at(4), modRevision: at(4) });
      }));

    test('ranges are in key order, limited, counted, and can be read as of an earlier revision', () =>
      using(async (store) => {
        for (const key of ['/b', '/a', '/c', '/d']) await store.transact(put(key, key));
        await store.transact(remove('/a'));
        await store.transact(put('/b', 'new'));
        const page = store.range({ ...everything, limit: 2 });
        expect(page).toMatchObject({ revision: at(7), more: true, count: 3 });
        expect(page.entries.map(({ key }) => key)).toEqual(['/b', '/c']);
        const before = store.range({ ...everything, revision: at(5) });
        expect(before.entries.map((entry) => `${entry.key}=${text(entry.value)}`)).toEqual(['/a=/a', '/b=/b', '/c=/c', '/d=/d']);
        expect(() => store.range({ ...everything, revision: at(8) })).toThrow(FutureRevisionError);
      }));

    test('a watch tells the past after its revision and then the present, in order, with previous values', () =>
      using(async (store) => {
        const seen: string[] = [];
        await store.transact(put('/a', '1'));
        await store.transact(put('/a', '2'));
        using _watch = store.watch(everything, at(2), (events) => seen.push(...events.map(told)));
        expect(seen).toEqual(['3 put /a=2 (was 1)']);
        await store.transact(put('/b', '1'));
        await store.transact(remove('/a'));
        expect(seen.slice(1)).toEqual(['4 put /b=1', '5 delete /a (was 2)']);
      }));

    test.each(['/c', '/b\0'])('a watch from /b to %j keeps to its range and is silent once disposed', (end) =>
      using(async (store) => {
        const seen: string[] = [];
        const watch = store.watch({ start: '/b', end }, at(1), (events) => seen.push(...events.map(told)));
        for (const key of ['/a', '/b', '/c']) await store.transact(put(key, '1'));
        watch[Symbol.dispose]();
        await store.transact(put('/b', '2'));
        expect(seen).toEqual(['3 put /b=1']);
      }),
    );

    test('what a watcher writes is told after what it heard of, also to those who began to watch later', () =>
      using(async (store) => {
        const seen: number[] = [];
        let answer: Promise<unknown> | undefined;
        using _first = store.watch(everything, at(1), () => {
          answer ??= store.transact(put('/answer', '1'));
        });
        using _second = store.watch(everything, at(1), (events) => seen.push(...events.map(({ revision }) => revision)));
        await store.transact(put('/question', '1'));
        await answer;
        await store.settled?.();
        expect(seen).toEqual([at(2), at(3)]);
      }));

    test('watchers have been told when a write is acknowledged', () =>
      using(async (store) => {
        let told = 0;
        using _watch = store.watch(everything, at(1), () => void told++);
        await store.transact(put('/a', '1'));
        expect(told).toBe(1);
      }));

    test('compaction forgets the past and keeps the present', () =>
      using(async (store) => {
        for (const value of ['1', '2', '3']) await store.transact(put('/a', value));
        await store.compact(at(3));
        expect(store.compactedRevision).toBe(at(3));
        expect(text(store.get('/a')?.value)).toBe('3');
        expect(() => store.range({ ...everything, revision: at(2) })).toThrow(CompactedError);
        expect(() => store.watch(everything, at(2), () => {})).toThrow(CompactedError);
        const seen: string[] = [];
        using _watch = store.watch(everything, at(3), (events) => seen.push(...events.map(told)));
        expect(seen).toEqual(['4 put /a=3 (was 2)']);
        await expect(store.compact(at(3))).rejects.toThrow(CompactedError);
        await expect(store.compact(at(99))).rejects.toThrow(FutureRevisionError);
      }));

    test('a closed store refuses writes', async () => {
      const store = await make();
      await store.close();
      await expect(store.transact(put('/a', '1'))).rejects.toThrow('closed');
    });

    test('any run of writes leaves what a plain map would hold, and a watch replays to the same', async () => {
      const step = fc.record({
        key: fc.constantFrom('/a', '/b', '/c', '/d'),
        value: fc.option(fc.string({ maxLength: 4 }), { nil: undefined }),
        together: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), (steps) =>
          using(async (store) => {
            const model = new Map<string, string>();
            const replica = new Map<string, string>();
            let under: Promise<unknown>[] = [];
            for (const { key, value, together } of steps) {
              under.push(store.transact(value === undefined ? remove(key) : put(key, value)));
              if (value === undefined) model.delete(key);
              else model.set(key, value);
              if (!together) await Promise.all(under.splice(0));
            }
            await Promise.all(under);
            under = [];
            using _watch = store.watch(everything, at(1), (events) => {
              for (const event of events) {
                if (event.type === 'put') replica.set(event.entry.key, text(event.entry.value) ?? '');
                else replica.delete(event.key);
              }
            });
            const held = new Map(store.range(everything).entries.map((entry) => [entry.key, text(entry.value) ?? '']));
            expect(held).toEqual(new Map([...model].sort(([a], [b]) => (a < b ? -1 : 1))));
            expect(new Map([...replica].sort())).toEqual(held);
          }),
        ),
        { numRuns: 25 },
      );
    });
  });
}
