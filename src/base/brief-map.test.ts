// What is in a map whose entries come and go, after thousands of them.
import { expect, test } from 'vitest';
import { BriefMap } from './brief-map.ts';

test('what was set and not deleted is there, in its order', () => {
  const map = new BriefMap<number, string>();
  for (let index = 0; index < 5000; index++) {
    map.set(index, `v${index}`);
    if (index % 1000 !== 0) map.delete(index);
  }
  map.delete(1000);
  map.delete(-1);
  expect([map.size, map.get(2000), map.get(1000)]).toEqual([4, 'v2000', undefined]);
  expect([...map]).toEqual([0, 2000, 3000, 4000].map((index) => [index, `v${index}`]));
  map.clear();
  expect([...map]).toEqual([]);
});
