// Proves that docs/multi-node.md can be followed: its commands are run as they stand there, on three real nodes, and nothing is left behind.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machineNames } from '../../src/cluster/identity.ts';
import { findProgram } from '../../src/runtime/cri/containerd.ts';
import { type RealCluster, realCluster, whyNoRealCluster } from './cluster-for-tests.ts';
import { importTestImages } from './images.ts';

const run = promisify(execFile);
const home = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const problem = whyNoRealCluster() ?? (findProgram('kubectl') === undefined ? 'kubectl is missing' : undefined);
if (problem !== undefined) console.log(`several real nodes are left out: ${problem}`);

const [page = ''] = readFileSync(join(home, 'docs/multi-node.md'), 'utf8').split('## On several machines');
const commands = [...page.matchAll(/```sh\n([^`]*)```/g)].flatMap(([, block = '']) => block.split('\n').filter((line) => line !== ''));

/** Names on this machine that belong to a data directory: links, namespaces, tables, state. */
async function traces(mark: string): Promise<readonly string[]> {
  const found = async (command: string, args: readonly string[]): Promise<readonly string[]> =>
    (await run(command, [...args])).stdout.split('\n').filter((line) => line.includes(mark));
  const directories = ['/run/netns', '/run/peapod'].flatMap((path) => (existsSync(path) ? readdirSync(path) : []));
  return [
    ...(await found('ip', ['-o', 'link'])),
    ...(await found('nft', ['list', 'tables'])),
    ...directories.filter((name) => name.includes(mark)),
  ];
}

describe.skipIf(problem !== undefined)('docs/multi-node.md', () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await realCluster(216, { bits: 22 });
  });
  afterAll(async () => {
    await cluster?.dispose();
  });

  test('every command does what the page says', async () => {
    const mark = machineNames(cluster.dataDir).bridge.split('-')[1] ?? 'none';
    const said = new Map<string, string>();
    for (const command of commands) {
      const ofPeapod = command.startsWith('./peapod');
      const flags = command.startsWith('./peapod up') ? cluster.upFlags : ofPeapod ? ['--data-dir', cluster.dataDir] : [];
      const [name = '', ...args] = command.split(' ');
      const program = ofPeapod ? join(home, name) : name;
      const env = { ...process.env, KUBECONFIG: join(cluster.dataDir, 'kubeconfig') };
      said.set(command, (await run(program, [...args, ...flags], { env, cwd: home, timeout: 180_000 })).stdout);
      if (command.startsWith('./peapod up'))
        for (const node of ['', '-node2', '-node3'])
          await importTestImages(`${machineNames(cluster.dataDir).stateDir}${node}/containerd.sock`);
    }
    expect(said.get('kubectl get nodes -o wide')).toMatch(/node1 .*node2 .*node3 /s);
    const pods = said.get('kubectl get pods -o wide') ?? '';
    expect(new Set([...pods.matchAll(/ (node\d) /g)].map(([, node]) => node)).size).toBeGreaterThan(1);
    expect(await traces(mark)).toEqual([]);
  }, 600_000);
});
