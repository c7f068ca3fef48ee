// Plays every scenario with controllers whose every other write is a conflict: each must end as it does without.
import { expect, test } from 'vitest';
import { openSimulatedCluster } from '../../src/testing/simulated-cluster.ts';
import { play } from './kills.ts';
import { scenarios } from './scenarios.ts';

test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
  const [calm, fickle] = await Promise.all([openSimulatedCluster(), openSimulatedCluster({ conflicts: true })]);
  const expected = await play(calm, scenario, 'calm', () => {});
  expect(await play(fickle, scenario, 'fickle', () => {})).toEqual(expected);
  await Promise.all([calm.stop(), fickle.stop()]);
});
