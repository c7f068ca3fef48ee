// Proves which reads wait for what others wrote, that a refusal out of old knowledge is thought over once, and how a store's trouble is told.
import { expect, test } from 'vitest';
import { StatusError } from '../api/status-error.ts';
import { memoryStore } from '../store/memory.ts';
import { type Store, type StoreTrouble, StoreUnavailableError } from '../store/store.ts';
import { mustBeFresh, serveFresh } from './freshness.ts';

test.each([
  ['get', '', true],
  ['get', 'resourceVersion=0', false],
  ['get', 'resourceVersion=7', false],
  ['get', 'resourceVersion=8', true],
  ['list', '', true],
  ['list', 'limit=5', true],
  ['list', 'resourceVersion=0', false],
  ['list', 'continue=abc', true],
  ['watch', 'watch=1', true],
  ['watch', 'watch=1&resourceVersion=6', false],
  ['create', '', false],
  ['delete', '', false],
])('%s with %s at revision 7: fresh is %s', (verb, query, fresh) => {
  expect(mustBeFresh(verb, new URLSearchParams(query), 7)).toBe(fresh);
});

/** A store beside which another writes: `unheard` is heard of when it settles. */
function shared(unheard: number): Store {
  const store = memoryStore();
  let heard = 0;
  return {
    ...store,
    get revision() {
      return store.revision + heard;
    },
    async settled() {
      heard = unheard;
    },
  };
}
const empty = new URLSearchParams();

test('a refusal is thought over when something was not known yet, and only then, and only once', async () => {
  for (const [unheard, tries] of [
    [0, 1],
    [3, 2],
  ] as const) {
    let tried = 0;
    const warnings = ['before'];
    const outcome = serveFresh(shared(unheard), 'create', empty, warnings, () => {
      tried++;
      warnings.push('said once');
      throw new StatusError('NotFound', 'namespaces "new" not found');
    });
    await expect(outcome).rejects.toMatchObject({ reason: 'NotFound' });
    expect([tried, warnings]).toEqual([tries, ['before', 'said once']]);
  }
});

test('a store of this process’s own is never waited for', () => {
  let tried = 0;
  const refused = (): unknown =>
    serveFresh(memoryStore(), 'get', empty, [], () => {
      tried++;
      throw new StatusError('NotFound', 'not there');
    });
  expect(refused).toThrow(expect.objectContaining({ reason: 'NotFound' }));
  expect(tried).toBe(1);
});

test.each<[StoreTrouble, number, number | undefined]>([
  ['unreachable', 503, 1],
  ['unknown', 504, undefined],
  ['full', 500, undefined],
  ['busy', 429, 1],
  ['tooLarge', 413, undefined],
])('a store that is %s is told as %s', async (trouble, code, retryAfterSeconds) => {
  const outcome = serveFresh(shared(0), 'create', empty, [], () => {
    throw new StoreUnavailableError(trouble, 'etcd has its reasons');
  });
  await expect(outcome).rejects.toMatchObject({
    code,
    message: 'etcd has its reasons',
    ...(retryAfterSeconds && { details: { retryAfterSeconds } }),
  });
});
