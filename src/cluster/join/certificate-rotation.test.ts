// Tests when a node's certificate is renewed, in virtual time: before it ends, again and again, and also when asking fails for a while.
import { expect, test } from 'vitest';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { seededEntropy } from '../../base/entropy.ts';
import { silentLog } from '../../base/log.ts';
import { makeCa, makeNodeRequest, readRequest, signRequest } from '../certificates.ts';
import type { KeyPair } from '../key-pair.ts';
import { keepCertificate, renewAtMs } from './certificate-rotation.ts';

const dayMs = 86_400_000;

test.each([
  ['the soonest', 0, 70],
  ['the latest', 1, 90],
])('renewed after 70 to 90 of 100 days: %s', (_, fraction, days) =>
  expect(renewAtMs(0, 100 * dayMs, fraction)).toBeCloseTo(days * dayMs, -3),
);

/** Certificates that live for a day each, made before virtual time begins to run. */
async function certificates(count: number, startMs: number): Promise<readonly KeyPair[]> {
  const ca = await makeCa(startMs);
  const { key, request } = await makeNodeRequest('n1');
  const read = await readRequest(request);
  const at = (index: number) => ({ notBeforeMs: startMs, notAfterMs: startMs + index * dayMs });
  return Promise.all(Array.from({ length: count }, async (_, index) => ({ key, cert: await signRequest(ca, read, [], at(index + 1)) })));
}

test('it is renewed before it ends, also when the first tries fail', async () => {
  const clock = new VirtualClock();
  const startMs = clock.now();
  const pairs = await certificates(4, startMs);
  const [current] = pairs;
  if (current === undefined) throw new Error('no certificate');
  const asked: number[] = [];
  const renewed: number[] = [];
  const service = keepCertificate({
    clock,
    entropy: seededEntropy(1),
    log: silentLog,
    current,
    async request() {
      asked.push(clock.now());
      if (asked.length <= 3) throw new Error('nobody answers');
      const next = pairs[renewed.length + 1];
      if (next === undefined) throw new Error('no more');
      return next;
    },
    renewed: () => void renewed.push(clock.now() - startMs),
  });
  await clock.advance(2.5 * dayMs);
  await service.stop();
  // Three tries failed, with pauses of 1, 2 and 4 s.
  expect(asked.slice(1, 4).map((at, index) => at - (asked[index] ?? 0))).toEqual([1000, 2000, 4000]);
  expect(renewed).toHaveLength(2);
  expect(renewed[0]).toBeGreaterThan(0.7 * dayMs);
  expect(renewed[0]).toBeLessThan(0.9 * dayMs + 8000);
  expect(renewed[1]).toBeLessThan(2 * dayMs);
});
