// Owns telling the stories on real containers: a cluster in a process of its own, spoken to over HTTP as any client speaks.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from 'vitest';
import { httpClient } from '../../src/client/http-client.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { stories } from '../stories/stories.ts';
import { realCluster, whyNoRealCluster } from './cluster-for-tests.ts';
import { nodeOverHttp } from './node-over-http.ts';

const withinMs = 60_000;
const problem = whyNoRealCluster();
if (problem !== undefined) console.log(`stories on real containers are left out: ${problem}`);

describe.skipIf(problem !== undefined)('real containers', () => {
  stories('real containers', async () => {
    const cluster = await realCluster(211);
    try {
      await cluster.start();
      await cluster.importImages();
      const access = await loadKubeconfig(join(cluster.dataDir, 'kubeconfig'));
      const client = httpClient(access);
      return {
        client,
        node: nodeOverHttp(access),
        nodeName: 'node1',
        async until(what, condition) {
          const endMs = performance.now() + withinMs;
          while (!(await condition())) {
            if (performance.now() > endMs) throw new Error(`${what}: not within ${withinMs / 1000} s`);
            await sleep(25);
          }
        },
        async stop() {
          await client.close();
          await cluster.dispose();
        },
      };
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  });
});
