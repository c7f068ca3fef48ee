// Owns what paths of columns find, as a table.
import { expect, test } from 'vitest';
import { customCells } from './custom-cells.ts';
import { firstAt, parseJsonPath } from './json-path.ts';

const object = {
  metadata: { annotations: { 'x.io/y': 'z', 'a b': 'spaced' } },
  spec: { a: 1, f: 1.5, deep: { a: 2 }, list: [3, 4, 5], text: 'a<b', none: null, odd: { b: '&', a: [0.00001] } },
  status: {
    conditions: [
      { type: 'Ready', status: 'False', n: 1 },
      { type: 'Synced', status: 'True', n: 2 },
      { status: 'Unknown', n: 3 },
    ],
  },
};

test.each<[string, unknown]>([
  ['.spec.a', 1],
  ['.spec.none', null],
  ['.spec.missing.b', undefined],
  [".metadata.annotations['x\\.io/y']", 'z'],
  ['.metadata.annotations.x\\.io/y', 'z'],
  [".metadata.annotations['x.io/y']", undefined],
  ['.spec.list[0]', 3],
  ['.spec.list[-1]', 5],
  ['.spec.list[1:]', 4],
  ['.spec.list[::2]', 3],
  ['.spec.list[2,1]', 5],
  ['.spec.list[7]', undefined],
  ['.spec.list[*]', 3],
  ['.spec.text[0]', undefined],
  ['.spec.*', 1],
  ['..type', 'Ready'],
  ['.', object],
  ['.status.conditions[?(@.type=="Synced")].status', 'True'],
  ["[?(@.type=='Ready')]", undefined],
  [".status.conditions[?(@.type == 'Ready')].status", 'False'],
  ['.status.conditions[?(@.type!="Ready")].status', 'True'],
  ['.status.conditions[?(@.n>1)].status', 'True'],
  ['.status.conditions[?(@.n>=3)].status', 'Unknown'],
  ['.status.conditions[?(@.n==1.5)].status', undefined],
  ['.status.conditions[?(@.n=="1")].status', undefined],
  ['.status.conditions[?(@.type)].n', 1],
  ['.status.conditions[?(@.type==")")].n', undefined],
  ['.spec.list[?(@>3)]', 4],
  ['.spec[?(@.a)]', undefined],
])('%s', (text, found) => {
  const path = parseJsonPath(text);
  expect(path === undefined ? 'unreadable' : firstAt(path, object)).toEqual(found);
});

test.each(['x[', '.a[', '.a[?(@.b==1]', '.a[b]', '.a....b', '{.a}', '.a[?(@.b=="x)].c', `.a${'[?(@'.repeat(100)}`])(
  '%s cannot be read',
  (text) => {
    expect(parseJsonPath(text)).toBeUndefined();
  },
);

test.each<[string, unknown]>([
  ['.spec.none', '<no value>'],
  ['.spec.odd', '{"a":[0.00001],"b":"\\u0026"}'],
  ['.spec.odd.a[0]', '1e-05'],
  ['.spec.text', 'a<b'],
  ['.status.conditions[?(@.type=="Ready")].status', 'False'],
  ['x[', null],
])('a column of text at %s', (path, cell) => {
  expect(customCells([{ name: 'C', type: 'string', format: '', priority: 0, path }], object, 0)).toEqual([cell]);
});
