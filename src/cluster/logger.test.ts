// Owns the proof that a log which cannot be written ends nothing.
import { closeSync, existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { logTo } from './logger.ts';

test.skipIf(!existsSync('/dev/full'))('lines for which the disk has no room are no error', async () => {
  const failures: unknown[] = [];
  const note = (error: unknown): void => void failures.push(error);
  process.on('uncaughtException', note);
  const fd = openSync('/dev/full', 'w');
  try {
    const log = logTo(fd, 'info').with({ node: 'node1' });
    for (let line = 0; line < 20; line++) {
      log.warn('no room', { line, error: new Error('x'.repeat(2000)) });
      await sleep(2);
    }
    expect(failures).toEqual([]);
  } finally {
    process.removeListener('uncaughtException', note);
    closeSync(fd);
  }
});
