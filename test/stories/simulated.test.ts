// Owns telling the stories on simulated containers, in virtual time.
import { openSimulatedCluster } from '../../src/testing/simulated-cluster.ts';
import { stories } from './stories.ts';

stories('simulated containers', async () => {
  const cluster = await openSimulatedCluster();
  return {
    client: cluster.client,
    node: cluster.connection('node1'),
    nodeName: 'node1',
    until: async (what, condition) => {
      await cluster.clock.until(condition, 600_000).catch((error: unknown) => {
        throw new Error(`${what}: ${error instanceof Error ? error.message : error}`);
      });
    },
    stop: () => cluster.stop(),
  };
});
