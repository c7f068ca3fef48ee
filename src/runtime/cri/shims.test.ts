// Tests shims.ts: whose shim a process is, and which of them a containerd does not know.
import { expect, test } from 'vitest';
import { descendantsOf, shimOf, unknownShims } from './shims.ts';

const socket = '/run/peapod-1/containerd.sock';
const shim = '/usr/bin/containerd-shim-runc-v2';

test.each<[string, readonly string[], ReturnType<typeof shimOf>]>([
  ['a shim', [shim, '-namespace', 'k8s.io', '-id', 'abc', '-address', socket], { id: 'abc', passes: false }],
  ['one that starts another', [shim, '-namespace', 'k8s.io', '-address', socket, '-id', 'abc', 'start'], { id: 'abc', passes: true }],
  ['one that clears up', [shim, '-address', socket, '-id', 'abc', '-bundle', '/b', 'delete'], { id: 'abc', passes: true }],
  ["another containerd's", [shim, '-namespace', 'k8s.io', '-id', 'abc', '-address', '/run/containerd/containerd.sock'], undefined],
  ['one whose socket only begins alike', [shim, '-id', 'abc', '-address', `${socket}.old`], undefined],
  ['something else that names the socket', ['/usr/bin/ctr', '-address', socket, 'tasks'], undefined],
  ['a kernel thread', [], undefined],
])('%s', (_, words, expected) => {
  expect(shimOf(words.map((word) => `${word}\0`).join(''), socket)).toEqual(expected);
});

const processes = [
  { pid: 1, parent: 0 },
  { pid: 10, parent: 1 },
  { pid: 11, parent: 10 },
  { pid: 12, parent: 11 },
  { pid: 20, parent: 1 },
  { pid: 21, parent: 20 },
];

test('what descends from a process', () => {
  expect([...descendantsOf(10, processes)].sort()).toEqual([11, 12]);
  expect(descendantsOf(12, processes)).toEqual([]);
});

const shims = [
  { pid: 10, id: 'a', passes: false },
  { pid: 20, id: 'b', passes: false },
];

test.each<[string, Parameters<typeof unknownShims>[1], readonly string[]]>([
  ['nothing is known', [], ['a', 'b']],
  [
    'both sandboxes are',
    [
      { id: 'a', pid: 11 },
      { id: 'b', pid: 21 },
    ],
    [],
  ],
  ['a sandbox that has ended and is still told of', [{ id: 'a', pid: 99 }], ['b']],
  ['a container whose sandbox is no more', [{ id: 'in-b', pid: 21 }], ['a']],
  ['a process far below', [{ id: 'in-a', pid: 12 }], ['b']],
  ['a task that has no process yet', [{ id: 'c', pid: 0 }], ['a', 'b']],
])('unknown where %s', (_, tasks, unknown) => {
  expect(unknownShims(shims, tasks, processes).map(({ id }) => id)).toEqual(unknown);
});
