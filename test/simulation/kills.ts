// Owns playing scenarios with kills of every part from seeds, and judging that each ends as it does without: used by tests that share the seeds among them.
import { expect } from 'vitest';
import { seededEntropy } from '../../src/base/entropy.ts';
import { resources } from '../../src/client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../src/testing/simulated-cluster.ts';
import { openStage, outline, type Scenario, scenarios, stateOf } from './scenarios.ts';

/** A cluster serves so many seeds: what earlier ones left behind must not matter to later ones. */
const seedsEach = 50;
/** So long nothing must change any more. */
const settleMs = 2000;
const mostSettles = 15;

/** Of the four, the seed chooses what each kill hits. */
const mortalParts = ['components', 'server', 'kubelet', 'all'] as const;

/** Plays seeds from..to-1, each with up to three kills; returns how many there were. Throws with the seed that ended otherwise. */
export async function playSeeds(from: number, to: number): Promise<number> {
  let crashes = 0;
  const expected = new Map<string, readonly string[]>();
  let cluster: SimulatedCluster | undefined;
  for (let seed = from; seed < to; seed++) {
    if ((seed - from) % seedsEach === 0) {
      if (cluster !== undefined) crashes += await close(cluster);
      cluster = await openSimulatedCluster({ seed });
    }
    const scenario = scenarios[seed % scenarios.length];
    if (cluster === undefined || scenario === undefined) throw new Error('there is no scenario');
    const { name } = scenario;
    if (!expected.has(name)) expected.set(name, await play(cluster, scenario, `calm-${seed}`, () => {}));
    const { fraction } = seededEntropy(seed);
    const current = cluster;
    const kill = (): void => {
      const part = mortalParts[Math.floor(fraction() * mortalParts.length)] ?? 'all';
      current.crashWith(1 + Math.floor(fraction() * fraction() * 25), fraction() < 0.5, part);
    };
    const kills = 1 + Math.floor(fraction() * 3);
    let killed = 0;
    const result = await play(cluster, scenario, `seed-${seed}`, () => {
      if (killed++ < kills) kill();
    }).catch((error: unknown) => {
      throw new Error(`seed ${seed} (${name}): ${error instanceof Error ? error.message : error}`);
    });
    expect({ seed, name, ...difference(expected.get(name) ?? [], result) }).toEqual({ seed, name, missing: [], extra: [] });
  }
  return crashes + (cluster === undefined ? 0 : await close(cluster));
}

async function close(cluster: SimulatedCluster): Promise<number> {
  await allGone(cluster);
  await cluster.stop();
  return cluster.crashes;
}

/** Lines that are in one only, as often as they are. */
function difference(wanted: readonly string[], got: readonly string[]) {
  const missing = [...wanted];
  const extra = got.filter((line) => {
    const at = missing.indexOf(line);
    if (at >= 0) missing.splice(at, 1);
    return at < 0;
  });
  return { missing, extra };
}

/** Plays one scenario in a namespace of its own; returns the outline of how it ended. */
export async function play(
  cluster: SimulatedCluster,
  scenario: Scenario,
  namespace: string,
  beforeStep: () => void,
): Promise<readonly string[]> {
  beforeStep();
  const stage = await openStage(cluster, namespace);
  await scenario.play({
    ...stage,
    async until(name, holds) {
      beforeStep();
      await stage.until(name, holds);
    },
  });
  // A crash that has not come yet comes no more.
  cluster.crashWith(Number.POSITIVE_INFINITY, false);
  await cluster.clock.advance(settleMs);
  // A kubelet that has just come back takes a little longer to end pods.
  for (let step = 0; step < mostSettles && (await isEnding(cluster, namespace)); step++) await cluster.clock.advance(settleMs);
  const result = outline(await stateOf(cluster, namespace), namespace);
  await cluster.client.delete(resources.namespaces, { name: namespace });
  return result;
}

async function isEnding({ client }: SimulatedCluster, namespace: string): Promise<boolean> {
  const { items } = await client.list(resources.pods, { namespace });
  return items.some(({ metadata }) => metadata.deletionTimestamp !== undefined);
}

/** Whatever was made for the seeds so far must go, with all that is in it: no finalizer is stuck. */
async function allGone({ client, clock }: SimulatedCluster): Promise<void> {
  const left = async (): Promise<readonly string[]> =>
    (await client.list(resources.namespaces)).items.map(({ metadata }) => metadata.name).filter((name) => /^(calm|seed)-/.test(name));
  for (let step = 0; (await left()).length > 0; step++) {
    if (step > 300) throw new Error(`these namespaces are never gone: ${await left()}`);
    await clock.advance(1000);
  }
}
