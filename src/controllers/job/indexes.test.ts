// Owns the tables of sets of completion indexes.
import { expect, test } from 'vitest';
import { countCommon, countIndexes, firstFree, formatIndexes, hasIndex, indexesOf, parseIndexes, unionOf } from './indexes.ts';

test.each([
  ['', 10, ''],
  ['0', 10, '0'],
  ['0,1', 10, '0,1'],
  ['0,1,2', 10, '0-2'],
  ['1-3,5', 10, '1-3,5'],
  ['1-3,5-9', 7, '1-3,5,6'],
  ['3,x,5', 10, '3,5'],
  ['9', 9, ''],
])('%j below %i is %j', (text, completions, expected) => {
  expect(formatIndexes(parseIndexes(text, completions))).toBe(expected);
});

test('unions join what touches', () => {
  expect(formatIndexes(unionOf(parseIndexes('0-2,7', 10), indexesOf([3, 9, 8, 8])))).toBe('0-3,7-9');
});

test('counting, finding, what is common, what is free', () => {
  const indexes = parseIndexes('0,2-4,8', 10);
  expect(countIndexes(indexes)).toBe(5);
  expect([0, 1, 3, 8, 9].map((index) => hasIndex(indexes, index))).toEqual([true, false, true, true, false]);
  expect(countCommon(parseIndexes('1-3,8', 10), indexes)).toBe(3);
  expect(firstFree(indexes, 3, 10)).toEqual([1, 5, 6]);
  expect(firstFree(indexes, 9, 10)).toEqual([1, 5, 6, 7, 9]);
});
