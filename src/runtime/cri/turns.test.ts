// Tests turns.ts: who goes first, how many at once, and what hangs.
import { expect, test } from 'vitest';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { Turns } from './turns.ts';

/** Work that says when it begins and ends when it is told. */
function jobs(turns: Turns) {
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  return {
    begun,
    add(name: string, kind: 'begun' | 'fresh' = 'fresh'): Promise<void> {
      const end = Promise.withResolvers<void>();
      ends.set(name, end);
      return turns.run(kind, () => {
        begun.push(name);
        return end.promise;
      });
    },
    async end(name: string, error?: Error): Promise<void> {
      if (error === undefined) ends.get(name)?.resolve();
      else ends.get(name)?.reject(error);
      await new Promise(setImmediate);
    },
  };
}

test('as many as may are under way; who finishes what is begun goes before who begins', async () => {
  const work = jobs(new Turns(2, new VirtualClock()));
  void work.add('a');
  void work.add('b');
  void work.add('c');
  void work.add('d');
  void work.add('e', 'begun');
  expect(work.begun).toEqual(['a', 'b']);
  await work.end('b');
  expect(work.begun).toEqual(['a', 'b', 'e']);
  await work.end('a');
  await work.end('e');
  expect(work.begun).toEqual(['a', 'b', 'e', 'c', 'd']);
  await work.end('c');
  void work.add('f');
  void work.add('g');
  await new Promise(setImmediate);
  expect(work.begun).toEqual(['a', 'b', 'e', 'c', 'd', 'f']);
});

test('a failure is told to who asked, and gives its place away', async () => {
  const work = jobs(new Turns(1, new VirtualClock()));
  const failing = work.add('a');
  void work.add('b');
  failing.catch(() => {});
  await work.end('a', new Error('no'));
  await expect(failing).rejects.toThrow('no');
  expect(work.begun).toEqual(['a', 'b']);
});

test('what hangs keeps nobody waiting for long, and gives its place away once', async () => {
  const clock = new VirtualClock();
  const work = jobs(new Turns(1, clock));
  for (const name of ['a', 'b', 'c', 'd']) void work.add(name);
  await clock.advance(4999);
  expect(work.begun).toEqual(['a']);
  await clock.advance(1);
  expect(work.begun).toEqual(['a', 'b']);
  await work.end('a');
  expect(work.begun).toEqual(['a', 'b']);
  await work.end('b');
  expect(work.begun).toEqual(['a', 'b', 'c']);
});
