// Proves that the etcd engine keeps the store's contract, and what only an etcd can show: others who write, restarts, loss, compaction beneath, a full one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CuttableLine, EtcdProcess, etcdMissing } from '../../../test/etcd/etcd-process.ts';
import { silentLog } from '../../base/log.ts';
import { storeConformance } from '../conformance.ts';
import { prefixEnd, type Store, type StoreUnavailableError, type TransactionResult } from '../store.ts';
import { openEtcd } from './etcd.ts';
import { EtcdConnection } from './etcd-connection.ts';

const everything = { start: '/', end: prefixEnd('/') };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const write = (store: Store, key: string, value: string, modRevision?: number): Promise<TransactionResult> =>
  store.transact({
    compare: modRevision === undefined ? [] : [{ key, modRevision }],
    writes: [{ type: 'put', key, value: bytes(value) }],
  });
const remove = (store: Store, key: string): Promise<TransactionResult> =>
  store.transact({ compare: [], writes: [{ type: 'delete', key }] });
const show = (store: Store): readonly string[] =>
  store.range(everything).entries.map((entry) => `${entry.key}=${Buffer.from(entry.value).toString()}`);
const follow = (store: Store, after = store.revision): string[] => {
  const seen: string[] = [];
  store.watch(everything, after, (events) => {
    for (const event of events)
      seen.push(event.type === 'put' ? `${event.entry.key}=${Buffer.from(event.entry.value).toString()}` : `${event.key} gone`);
  });
  return seen;
};
const until = async (holds: () => boolean, withinMs = 10_000): Promise<void> => {
  for (const ends = Date.now() + withinMs; !holds() && Date.now() < ends; ) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(holds()).toBe(true);
};

const missing = etcdMissing();
if (missing !== undefined) {
  console.log(`the store in etcd is not tested: ${missing}`);
  test.skip(`the store in etcd: ${missing}`, () => {});
} else {
  let etcd: EtcdProcess;
  let prefixes = 0;
  const fresh = (): string => `/test-${prefixes++}`;
  const open = (prefix = fresh(), at = etcd, patienceMs = 5000): Promise<Store> =>
    openEtcd({ endpoints: [at.endpoint], prefix, log: silentLog, patienceMs });
  beforeAll(async () => {
    etcd = await EtcdProcess.open();
  }, 90_000);
  afterAll(() => etcd[Symbol.asyncDispose]());

  storeConformance('etcd', () => open());

  describe('store: etcd, with others beside it', () => {
    test('what one writes the other reads once it has settled, and hears by itself; what is not under the prefix concerns neither', async () => {
      const prefix = fresh();
      const [a, b, stranger] = [await open(prefix), await open(prefix), await open()];
      const seen = follow(b);
      await write(stranger, '/x', '1');
      for (const value of ['1', '2', '3']) {
        await write(a, '/a', value);
        await b.settled?.();
        expect(show(b)).toEqual([`/a=${value}`]);
      }
      await remove(a, '/a');
      await b.settled?.();
      expect(show(b)).toEqual([]);
      expect(seen).toEqual(['/a=1', '/a=2', '/a=3', '/a gone']);
      expect(b.revision).toBe(a.revision);
      for (const store of [a, b, stranger]) await store.close();
    });

    test('of two who write at the same time with the same guard one wins, and the other is shown what is there', async () => {
      const prefix = fresh();
      const [a, b] = [await open(prefix), await open(prefix)];
      for (let round = 0; round < 20; round++) {
        const before = a.get('/a')?.modRevision ?? 0;
        await b.settled?.();
        const results = await Promise.all([write(a, '/a', `a${round}`, before), write(b, '/a', `b${round}`, before)]);
        expect(results.filter(({ ok }) => ok)).toHaveLength(1);
        const loser = results[0]?.ok ? b : a;
        const lost = results.find(({ ok }) => !ok);
        expect(lost?.ok === false ? lost.current[0] : undefined).toBe(loser.get('/a'));
        expect(loser.get('/a')?.modRevision).toBeGreaterThan(before);
        await a.settled?.();
      }
      await a.close();
      await b.close();
    });

    test('a deletion without a guard removes what another has written a moment ago', async () => {
      const prefix = fresh();
      const [a, b] = [await open(prefix), await open(prefix)];
      for (let round = 0; round < 10; round++) {
        await write(a, '/a', '1');
        const { ok } = await remove(b, '/a');
        await a.settled?.();
        expect([ok, show(a)]).toEqual([true, []]);
      }
      await a.close();
      await b.close();
    });

    test('a later process knows the past since the last compaction', async () => {
      const prefix = fresh();
      const a = await open(prefix);
      await write(a, '/a', '1');
      await write(a, '/b', '1');
      const compacted = a.revision;
      await a.compact(compacted);
      await write(a, '/a', '2');
      await remove(a, '/b');
      const b = await open(prefix);
      expect([b.compactedRevision, b.revision]).toEqual([compacted, a.revision]);
      expect(follow(b, compacted)).toEqual(['/a=2', '/b gone']);
      expect(b.range({ ...everything, revision: compacted }).entries.map(({ key }) => key)).toEqual(['/a', '/b']);
      await a.close();
      await b.close();
    });

    test('more keys than a page, and a change larger than a message of etcd’s watch', async () => {
      const prefix = fresh();
      const a = await open(prefix);
      const b = await open(prefix);
      await Promise.all(Array.from({ length: 1200 }, (_, index) => write(a, `/many/${String(index).padStart(5, '0')}`, 'x')));
      const large = Array.from({ length: 3 }, (_, index) => ({
        type: 'put' as const,
        key: `/large/${index}`,
        value: new Uint8Array(400_000).fill(65 + index),
      }));
      await a.transact({ compare: [], writes: large });
      await b.settled?.();
      const c = await open(prefix);
      expect([b, c].map((store) => store.range(everything).entries.length)).toEqual([1203, 1203]);
      expect(c.get('/large/2')?.value[399_999]).toBe(67);
      for (const store of [a, b, c]) await store.close();
    });

    test('a write that is too large is refused, and says so', async () => {
      const a = await open();
      const refusal = await write(a, '/a', 'x'.repeat(3_000_000)).catch((error: StoreUnavailableError) => error);
      expect(refusal).toMatchObject({ name: 'StoreUnavailableError', trouble: 'tooLarge' });
      expect(await write(a, '/a', '1')).toMatchObject({ ok: true });
      await a.close();
    });
  });

  describe('store: etcd, when it fails', () => {
    const own: EtcdProcess[] = [];
    const openOwn = async (flags: readonly string[] = []): Promise<EtcdProcess> => {
      const one = await EtcdProcess.open(flags);
      own.push(one);
      return one;
    };
    afterAll(() => Promise.all(own.map((one) => one[Symbol.asyncDispose]())));

    test('writes wait for an etcd that starts again, and whatever was acknowledged is there', async () => {
      const mine = await openOwn();
      const a = await open('/p', mine, 15_000);
      const acknowledged: string[] = [];
      let ended = false;
      const writer = async (name: number): Promise<void> => {
        for (let index = 0; !ended; index++) {
          const key = `/${name}/${index}`;
          const result = await write(a, key, '1', 0).catch((error: StoreUnavailableError) => error);
          if ('ok' in result && result.ok) acknowledged.push(key);
          else if (!('trouble' in result)) throw new Error(`not told why: ${JSON.stringify(result)}`);
        }
      };
      const writers = Promise.all([0, 1, 2, 3].map(writer));
      await until(() => acknowledged.length > 50);
      await mine.kill('SIGKILL');
      await until(() => a.trouble !== undefined);
      await mine.start();
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 50);
      ended = true;
      await writers;
      const b = await open('/p', mine);
      expect(acknowledged.filter((key) => b.get(key) === undefined)).toEqual([]);
      expect(show(a)).toEqual(show(b));
      await a.close();
      await b.close();
    });

    test('a frozen etcd: reads of what is known go on, the rest is refused in time; once it thaws all is well', async () => {
      const mine = await openOwn();
      const a = await open('/p', mine, 300);
      await write(a, '/a', '1');
      await mine.kill('SIGSTOP');
      await expect(a.settled?.()).rejects.toMatchObject({ trouble: 'unreachable' });
      await expect(write(a, '/a', '2')).rejects.toMatchObject({ name: 'StoreUnavailableError' });
      expect(show(a)).toEqual(['/a=1']);
      await mine.kill('SIGCONT');
      await until(() => a.trouble === undefined);
      await a.settled?.();
      expect(await write(a, '/a', '3')).toMatchObject({ ok: true });
      await a.close();
    });

    test('compaction beneath one whose line is cut: what changed meanwhile is told, deletions too, and older versions are expired', async () => {
      const mine = await openOwn();
      await using line = await CuttableLine.open(mine.endpoint);
      const [a, b] = [await openEtcd({ endpoints: [line.endpoint], prefix: '/p', log: silentLog }), await open('/p', mine)];
      for (const key of ['/again', '/changed', '/gone', '/same']) await write(a, key, '1');
      const [seen, before, made] = [follow(a), a.revision, a.get('/again')?.createRevision];
      line.cut();
      await b.settled?.();
      for (const value of ['2', '3']) await write(b, '/changed', value);
      await remove(b, '/gone');
      await remove(b, '/again');
      await write(b, '/again', '2');
      await write(b, '/new', '1');
      await write(b, '/last', '1');
      await b.compact(b.revision);
      line.mend();
      await a.settled?.();
      expect(show(a)).toEqual(show(b));
      expect(seen).toEqual(['/changed=3', '/again gone', '/again=2', '/new=1', '/last=1', '/gone gone']);
      expect(a.get('/again')?.createRevision).toBeGreaterThan(made ?? 0);
      expect(() => a.watch(everything, before, () => {})).toThrow('compacted');
      expect(await write(a, '/after', '1')).toMatchObject({ ok: true });
      await a.close();
      await b.close();
    });

    test('a full etcd refuses writes with its reason, takes deletions, and nothing of it is silently lost', async () => {
      const mine = await openOwn(['--quota-backend-bytes=2000000']);
      const a = await open('/p', mine);
      const acknowledged: string[] = [];
      let refusal: unknown;
      for (let index = 0; refusal === undefined && index < 500; index++)
        await write(a, `/${index}`, 'x'.repeat(100_000)).then(
          () => acknowledged.push(`/${index}`),
          (error: unknown) => {
            refusal = error;
          },
        );
      expect(refusal).toMatchObject({ trouble: 'full', message: expect.stringContaining('space exceeded') });
      await a.settled?.();
      expect(
        a
          .range(everything)
          .entries.map(({ key }) => key)
          .toSorted(),
      ).toEqual(acknowledged.toSorted());
      expect(await remove(a, '/0')).toMatchObject({ ok: true });
      expect(a.get('/0')).toBeUndefined();
      await a.close();
    });

    test('of three members any may go: writes go on through another, and nothing acknowledged is lost', { timeout: 60_000 }, async () => {
      const members = await EtcdProcess.openMembers(3);
      own.push(...members);
      const a = await openEtcd({ endpoints: members.map(({ endpoint }) => endpoint), prefix: '/p', log: silentLog });
      const acknowledged: string[] = [];
      for (const [at, member] of members.entries()) {
        const target = acknowledged.length + 30;
        const stream = async (writer: number): Promise<void> => {
          for (let index = 0; acknowledged.length < target; index++) {
            const key = `/${at}/${writer}/${index}`;
            const { ok } = await write(a, key, '1', 0).catch(() => ({ ok: false }));
            if (ok) acknowledged.push(key);
          }
        };
        const streams = Promise.all([0, 1, 2, 3].map(stream));
        await member.kill('SIGKILL');
        await streams;
        await a.settled?.();
        expect(acknowledged.filter((key) => a.get(key) === undefined)).toEqual([]);
        await member.start();
      }
      const b = await openEtcd({ endpoints: members.map(({ endpoint }) => endpoint), prefix: '/p', log: silentLog });
      expect(show(b)).toEqual(show(a));
      await a.close();
      await b.close();
    });

    test('nobody there: opening is refused in time, with the address', async () => {
      const refused = openEtcd({ endpoints: ['127.0.0.1:1'], prefix: '/p', log: silentLog, patienceMs: 500 });
      await expect(refused).rejects.toMatchObject({ trouble: 'unreachable' });
    });

    test('the next endpoint is tried where one does not answer', async () => {
      const store = await openEtcd({ endpoints: ['127.0.0.1:1', etcd.endpoint], prefix: fresh(), log: silentLog, patienceMs: 3000 });
      expect(await write(store, '/a', '1')).toMatchObject({ ok: true });
      await store.close();
    });
  });

  test('the connection tells compaction from other failures', async () => {
    const connection = new EtcdConnection({ endpoints: [etcd.endpoint] });
    const { revision } = await connection.range({ key: '/none' }, 2000);
    await connection.compact(revision, 2000);
    await expect(connection.compact(revision, 2000)).rejects.toMatchObject({ name: 'EtcdCompactedError' });
    connection.close();
  });
}
