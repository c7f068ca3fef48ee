// Tests remembered-text.ts: one look for many, a new one a second later, and failures that are not kept.
import { expect, test } from 'vitest';
import { rememberedText } from './remembered-text.ts';

function fixture() {
  let now = 0;
  let reads = 0;
  let content: string | undefined = 'one';
  const files = {
    resolve: async (path: string) => (path === '/none' ? undefined : path),
    readFile: async () => {
      reads++;
      if (content === undefined) throw new Error('EIO');
      return Buffer.from(content);
    },
  };
  return {
    text: rememberedText(files, { now: () => now }),
    at: (ms: number, next: string | undefined) => {
      now = ms;
      content = next;
    },
    reads: () => reads,
  };
}

test('who asks within a second shares a look; a change is seen by who asks later', async () => {
  const { text, at, reads } = fixture();
  expect(await Promise.all([text('/a'), text('/a')])).toEqual(['one', 'one']);
  at(999, 'two');
  expect(await text('/a')).toBe('one');
  expect(reads()).toBe(1);
  at(1000, 'two');
  expect(await text('/a')).toBe('two');
  expect(await text('/none')).toBe('');
});

test('a failure is told, and the next one looks again', async () => {
  const { text, at } = fixture();
  at(0, undefined);
  await expect(text('/a')).rejects.toThrow('EIO');
  at(1, 'back');
  expect(await text('/a')).toBe('back');
});
