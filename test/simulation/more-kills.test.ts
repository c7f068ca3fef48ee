// Plays the second half of the thousand seeds; see kills.test.ts.
import { expect, test } from 'vitest';
import { playSeeds } from './kills.ts';

test('seeds 500 to 999', async () => expect(await playSeeds(500, 1000)).toBeGreaterThan(450), 1_200_000);
