// Tests stopped.ts: what counts as stopped, what is asked again, and what is a failure.
import { expect, test } from 'vitest';
import { RuntimeError } from '../runtime.ts';
import { stopped } from './stopped.ts';

const clock = { sleep: () => Promise.resolve() };
const hungUp = new RuntimeError('Unknown', 'failed to kill container "x": ttrpc: closed: unknown');
const removing = new RuntimeError('Unknown', 'failed to set removing state for container "x": container is already in removing state');

test.each([
  ['it works at once', [undefined], 1, undefined],
  ['it is not there', [new RuntimeError('NotFound', 'no such container')], 1, undefined],
  ['the shim hung up twice', [hungUp, hungUp, undefined], 3, undefined],
  ['the shim hung up, and then it was gone', [hungUp, new RuntimeError('NotFound', 'no such task')], 2, undefined],
  ['somebody else removes it', [removing, removing, new RuntimeError('NotFound', 'no such container')], 3, undefined],
  ['another failure', [new RuntimeError('DeadlineExceeded', 'too slow')], 1, 'too slow'],
  ['the shim hangs up for ever', Array.from({ length: 30 }, () => hungUp), 20, 'ttrpc: closed'],
] as const)('%s', async (_, answers, calls, failure) => {
  let made = 0;
  const work = async (): Promise<void> => {
    const answer = answers[made++];
    if (answer !== undefined) throw answer;
  };
  if (failure === undefined) await stopped(clock, work);
  else await expect(stopped(clock, work)).rejects.toThrow(failure);
  expect(made).toBe(calls);
});
