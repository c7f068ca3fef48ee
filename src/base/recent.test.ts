// What is remembered, and what is forgotten first.
import { expect, test } from 'vitest';
import { Recent } from './recent.ts';

function filled(): Recent<string, number> {
  const recent = new Recent<string, number>(3);
  for (const [index, key] of ['a', 'b', 'c'].entries()) recent.set(key, index, 1);
  return recent;
}

test('all is there within the bound', () => {
  const recent = filled();
  expect(['a', 'b', 'c'].map((key) => recent.get(key))).toEqual([0, 1, 2]);
});

test('what was asked for of late outlives the rest', () => {
  const recent = filled();
  recent.set('d', 3, 1);
  expect(recent.get('a')).toBe(0);
  recent.set('e', 4, 1);
  recent.set('f', 5, 1);
  expect(['a', 'b', 'c', 'd', 'f'].map((key) => recent.get(key))).toEqual([0, undefined, undefined, 3, 5]);
});

test('what was deleted is gone', () => {
  const recent = filled();
  recent.delete('b');
  expect(recent.get('b')).toBeUndefined();
});
