// Plays what the real kubelet was seen to do, on simulated containers in virtual time. Where the recordings are not at hand nothing is played.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openVirtualCluster, type VirtualCluster } from '../../src/cluster/virtual-cluster.ts';
import { isPlayable, play, type Scenario } from './recorded.ts';

const folder = new URL('../../../shared/parity/kubelet/', import.meta.url);
const files = ['lifecycle', 'init', 'probes', 'hooks', 'deletion', 'images', 'env', 'volumes', 'security'];

/** What simulated containers cannot show, and why. */
const beyondSimulation: ReadonlyMap<string, string> = new Map([
  ['readiness-http-headers', 'the image is not simulated'],
  ['readiness-http-redirect-elsewhere', 'the image is not simulated'],
  ['liveness-grpc', 'the image is not simulated'],
  ['poststart-http-500-is-ok', 'the simulated server takes a moment to listen'],
  ['delete-before-started', 'a simulated pod runs before anybody could delete it'],
  ['command-not-found', 'an unknown command of a simulated container exits 127'],
  ['no-command', 'the image is not simulated: it has a command'],
  ['hostpath-bad-file-or-create-is-directory', 'the directory is one of the real node'],
  ['hostpath-bad-directory-or-create-is-file', 'the file is one of the real node'],
  ['seccomp-localhost-absent', 'simulated containers make no system calls'],
  ['image-volume', 'containerd 1.6 refuses what is simulated'],
]);

const scenarios = existsSync(folder)
  ? files.flatMap((file) => JSON.parse(readFileSync(new URL(`${file}.json`, folder), 'utf8')) as readonly Scenario[]).filter(isPlayable)
  : [];

describe.skipIf(scenarios.length === 0)('recorded scenarios', () => {
  let cluster: VirtualCluster;
  let number = 0;
  beforeAll(async () => {
    cluster = await openVirtualCluster();
  });
  afterAll(async () => {
    await cluster.stop();
  });
  for (const scenario of scenarios) {
    test.skipIf(beyondSimulation.has(scenario.name))(scenario.name, async () => {
      expect(await play(cluster, scenario, `pk-${number++}`)).toEqual([]);
    });
  }
});
