// Owns proving that what goes through the channel arrives as it was, that a failure comes back in its words, and that an end is noticed.
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { CommitChannel, channelMemory } from './commit-channel.ts';

/** A writing thread that tells what it was given by failing with it. */
const source = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.module).then(({ serveChannel }) => serveChannel(workerData.memory, parentPort, (job) => {
  if (job.job === 'close') return false;
  if (job.job !== 'commit') throw new Error(JSON.stringify(job));
  const told = [];
  for (const { place, created, key, value } of job.changes) {
    if (key === '/end') process.exit(1);
    told.push(place, created, key, value === undefined ? 'gone' : value.length > 9 ? value.length + ' of ' + value.at(-1) : Buffer.from(value).toString());
  }
  if (told[2] !== '/fine') throw new Error(told.join(' '));
  return true;
}));`;

function opened(): { readonly channel: CommitChannel; readonly worker: Worker } {
  const memory = channelMemory();
  const worker = new Worker(source, { eval: true, workerData: { memory, module: new URL('./commit-channel.ts', import.meta.url).href } });
  return { channel: new CommitChannel(worker, memory), worker };
}

const put = (key: string, text: string) => ({ place: 2 ** 40 + 1, created: 7, key, value: Buffer.from(text) });

test('changes, deletions, long values and other jobs arrive as they were given; failures come back in words', async () => {
  const { channel, worker } = opened();
  await channel.commit([put('/fine', 'x')]);
  await expect(channel.commit([put('/ключ', 'wert'), { ...put('/b', ''), value: undefined }])).rejects.toThrow(
    `the store cannot write: ${2 ** 40 + 1} 7 /ключ wert ${2 ** 40 + 1} 7 /b gone`,
  );
  await channel.commit([put('/fine', '')]);
  const long = 3 * 1024 * 1024;
  await expect(channel.commit([put('/long', 'x'.repeat(long)), put('/more', 'y')])).rejects.toThrow(`/long ${long} of 120`);
  await expect(channel.ask({ job: 'drop', places: [1, 2] })).rejects.toThrow('{"job":"drop","places":[1,2]}');
  await channel.ask({ job: 'close' });
  await worker.terminate();
});

test('whoever waits when the writing thread ends is told, and everybody after', async () => {
  const { channel } = opened();
  await expect(channel.commit([put('/end', '')])).rejects.toThrow('the store is closed');
  await expect(channel.commit([put('/fine', '')])).rejects.toThrow('the store is closed');
  expect(channel.broken).toBe('the store is closed');
});
