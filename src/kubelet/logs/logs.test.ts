// Tests reading, following and rotating logs on files in memory.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { silentLog } from '../../base/log.ts';
import type { LogOptions } from '../../client/node-connection.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import { memoryFiles } from '../../runtime/simulated/memory-files.ts';
import { LineSplitter, parseLogLine } from './log-line.ts';
import { logRotator } from './log-rotator.ts';
import { readLogs, tailOffset } from './read-logs.ts';
import { keptFiles, logFiles, rotateBytes, rotatedNames, rotateLog, rotationStamp } from './rotation.ts';

const path = '/var/log/pods/p/c/0.log';
const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000001Z`;
const written = (...lines: readonly string[]): string => lines.map((text, index) => `${at(index)} stdout F ${text}\n`).join('');

async function text(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(chunks)).toString('utf8');
}
async function filesWith(content: string): Promise<NodeFiles> {
  const files = memoryFiles();
  await files.writeFile(path, content);
  return files;
}

test.each([
  ['a whole line', `${at(0)} stdout F hello world`, { stream: 'stdout', partial: false, text: 'hello world' }],
  ['a piece of a line', `${at(0)} stderr P x`, { stream: 'stderr', partial: true, text: 'x' }],
  ['more tags', `${at(0)} stdout P:tag:tag x`, { stream: 'stdout', partial: true, text: 'x' }],
  ['an empty line', `${at(0)} stdout F `, { stream: 'stdout', partial: false, text: '' }],
  ['spaces are kept', `${at(0)} stdout F  a  b `, { stream: 'stdout', partial: false, text: ' a  b ' }],
])('parses %s', (_, line, expected) => {
  const parsed = parseLogLine(Buffer.from(line));
  expect({ ...parsed, text: Buffer.from(parsed?.text ?? []).toString() }).toMatchObject({ ...expected, time: at(0) });
});

test.each(['', 'hello', `${at(0)} stdout F`, `${at(0)} other F x`, 'yesterday stdout F x'])('is no log line: %j', (line) =>
  expect(parseLogLine(Buffer.from(line))).toBeUndefined(),
);

const five = written('one', 'two', 'three', 'four', 'five');
test.each<[string, LogOptions, string]>([
  ['all', {}, 'one\ntwo\nthree\nfour\nfive\n'],
  ['the last two lines', { tailLines: 2 }, 'four\nfive\n'],
  ['no line', { tailLines: 0 }, ''],
  ['more lines than there are', { tailLines: 50 }, 'one\ntwo\nthree\nfour\nfive\n'],
  ['since an instant', { sinceMs: Date.UTC(2026, 0, 1, 0, 0, 3) }, 'four\nfive\n'],
  ['since, and then the tail', { sinceMs: Date.UTC(2026, 0, 1, 0, 0, 2), tailLines: 1 }, 'five\n'],
  ['not more than so many bytes', { limitBytes: 6 }, 'one\ntw'],
  ['with the time', { tailLines: 1, timestamps: true }, `${at(4)} five\n`],
  ['of the other stream', { stream: 'Stderr' }, ''],
])('reads %s', async (_, options, expected) => {
  expect(await text(readLogs(await filesWith(five), [path], options))).toBe(expected);
});

test('who does not follow a log gets it as it was when it was asked for, however fast it grows', async () => {
  const files = await filesWith(five);
  const read = files.readAt.bind(files);
  let content = five;
  const growing: NodeFiles = Object.assign(Object.create(files) as NodeFiles, {
    readAt: async (...args: Parameters<NodeFiles['readAt']>) => {
      content += written('more');
      await files.writeFile(path, content);
      return read(...args);
    },
  });
  expect(await text(readLogs(growing, [path], {}))).toBe('one\ntwo\nthree\nfour\nfive\n');
  expect((await text(readLogs(growing, [path], { tailLines: 2 }))).split('\n')).toHaveLength(3);
});

test('pieces of a line are shown as one, a line without its end shows none', async () => {
  const files = await filesWith(`${at(0)} stdout P long \n${at(1)} stdout F line\n${at(2)} stdout P no newline\n${at(3)} stdout F cut o`);
  expect(await text(readLogs(files, [path], {}))).toBe('long line\nno newline');
});

test('a file that is not there is an empty log', async () => {
  expect(await text(readLogs(memoryFiles(), [path], { tailLines: 3 }))).toBe('');
});

test('the tail reaches back into files that were moved away', async () => {
  const files = await filesWith(written('c', 'd'));
  await files.writeFile(`${path}.20260101-000000`, written('a', 'b'));
  const paths = await logFiles(files, path);
  expect(paths).toEqual([`${path}.20260101-000000`, path]);
  expect(await text(readLogs(files, paths, { tailLines: 3 }))).toBe('b\nc\nd\n');
  expect(await text(readLogs(files, paths, {}))).toBe('a\nb\nc\nd\n');
});

test('the tail of any file is found where reading all of it finds it', async () => {
  const line = fc.integer({ min: 0, max: 40_000 }).map((length) => 'x'.repeat(length));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.integer({ min: 0, max: 14 }), fc.boolean(), async (lines, wanted, newline) => {
      const content = lines.join('\n') + (newline && lines.length > 0 ? '\n' : '');
      const files = await filesWith(content);
      const { offset } = await tailOffset(files, path, content.length, wanted);
      const all = content === '' ? [] : content.replace(/\n$/, '').split('\n');
      const expected = wanted === 0 ? '' : all.slice(-wanted).join('\n') + (content.endsWith('\n') && all.length > 0 ? '\n' : '');
      expect(content.slice(offset)).toBe(expected);
    }),
    { numRuns: 60 },
  );
});

test('lines come out the same in whatever pieces the bytes come', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-zä ]{0,9}$/)),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (lines, cuts) => {
        const splitter = new LineSplitter();
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
        const out: string[] = [];
        for (let start = 0, cut = 0; start < bytes.length; cut++) {
          const length = cuts[cut % cuts.length] ?? 1;
          for (const each of splitter.push(bytes.subarray(start, start + length))) out.push(Buffer.from(each).toString());
          start += length;
        }
        expect(out).toEqual(lines);
      },
    ),
  );
});

function follower(files: NodeFiles, options: LogOptions = {}) {
  let ended = false;
  let shown = '';
  const clock = new VirtualClock();
  const done = (async () => {
    const follow = { hasEnded: async () => ended, pause: (signal: AbortSignal) => clock.sleep(1000, signal) };
    for await (const chunk of readLogs(files, [path], options, follow)) shown += Buffer.from(chunk).toString();
  })();
  const until = async (expected: string): Promise<void> => {
    await clock.until(() => shown === expected, 10_000);
  };
  const end = async (): Promise<void> => {
    ended = true;
    await clock.advance(2000);
    await done;
  };
  return { until, end, shown: () => shown };
}
const append = async (files: NodeFiles, more: string): Promise<void> =>
  files.writeFile(path, `${Buffer.from(await files.readFile(path)).toString()}${more}`);

test('following shows what comes until the container ends, the last words included', async () => {
  const files = await filesWith(written('one'));
  const log = follower(files, { tailLines: 1 });
  await log.until('one\n');
  await append(files, written('two'));
  await log.until('one\ntwo\n');
  await append(files, written('last'));
  await log.end();
  expect(log.shown()).toBe('one\ntwo\nlast\n');
});

test('following goes on in the new file after a rotation and misses nothing of the old one', async () => {
  const files = await filesWith(written('one'));
  const log = follower(files);
  await log.until('one\n');
  await append(files, written('two'));
  await files.rename(path, `${path}.20260101-000000`);
  await files.writeFile(path, written('three'));
  await log.until('one\ntwo\nthree\n');
  await log.end();
});

test('following a log that is not there yet begins with it', async () => {
  const files = memoryFiles();
  const log = follower(files);
  await files.writeFile(path, written('first'));
  await log.until('first\n');
  await log.end();
});

test('a full log is moved away, a new one opened, and the oldest goes', async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12, 0, 0));
  const files = memoryFiles();
  let opened = 0;
  const rotate = (): Promise<boolean> =>
    rotateLog(files, path, clock, async () => {
      opened += 1;
      await files.writeFile(path, '');
    });
  expect(await rotate()).toBe(false);
  await files.writeFile(path, 'x'.repeat(100));
  expect(await rotate()).toBe(false);
  for (let round = 0; round < keptFiles + 2; round++) {
    await files.writeFile(path, Buffer.alloc(rotateBytes, 'x'));
    expect(await rotate()).toBe(true);
    await clock.advance(1000);
  }
  const kept = await logFiles(files, path);
  expect(kept).toHaveLength(keptFiles);
  expect(kept[0]).toBe(`${path}.20260101-120003`);
  expect(opened).toBe(keptFiles + 2);
});

test('a loud log is looked at each second until it is quiet', async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12, 0, 0));
  const files = memoryFiles();
  const looks: number[] = [];
  const all = (): readonly unknown[] => {
    looks.push((clock.now() / 1000) % 60);
    return [{ containers: [{ id: 'c', state: 'running', logPath: path }] }];
  };
  const runtime = { reopenLog: () => files.writeFile(path, '') };
  const rotator = logRotator({ runtime, files, pods: { all }, clock, log: silentLog } as never);
  await files.writeFile(path, Buffer.alloc(5 * rotateBytes, 'x'));
  await clock.advance(10_000);
  await files.writeFile(path, Buffer.alloc(2 * rotateBytes, 'x'));
  await clock.advance(1000);
  await clock.advance(1000);
  await clock.advance(10_000);
  expect(looks).toEqual([10, 11, 12, 22]);
  await rotator.stop();
});

test('a log that cannot be opened anew stays where it was', async () => {
  const files = await filesWith('');
  await files.writeFile(path, Buffer.alloc(rotateBytes, 'x'));
  await expect(rotateLog(files, path, new VirtualClock(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect((await files.stat(path))?.sizeBytes).toBe(rotateBytes);
});

test('only stamped names belong to a log', () => {
  expect(rotationStamp(Date.UTC(2026, 1, 3, 4, 5, 6))).toBe('20260203-040506');
  const names = ['0.log', '1.log.20260101-000000', '0.log.20260102-000000', '0.log.tmp', '0.log.20260101-000000'];
  expect(rotatedNames('0.log', names)).toEqual(['0.log.20260101-000000', '0.log.20260102-000000']);
});
