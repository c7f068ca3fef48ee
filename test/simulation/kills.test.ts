// Plays scenarios in virtual time with controllers and scheduler, the API server, a kubelet or all of them killed at moments that seeds choose: each must end as it does without.
import { expect, test } from 'vitest';
import { playSeeds } from './kills.ts';

// The other five hundred of a thousand seeds are beside this: two processes share them.
test('seeds 0 to 499', async () => expect(await playSeeds(0, 500)).toBeGreaterThan(450), 1_200_000);
