// Owns a simulated node through its whole life: it can go off with everything on it, come on empty, be cut off and be connected again.
import type { Client } from '../client/client.ts';
import type { NodeConnection } from '../client/node-connection.ts';
import { defaultShutdownGrace } from '../kubelet/shutdown.ts';
import { type ClusterNode, type NodeAction, NodeSwitch } from './cluster-node.ts';
import { Cable, cutClient, unreachable } from './cut-client.ts';
import type { RunningNode } from './node.ts';

/** Nobody is at the other end. */
const silence: NodeConnection = {
  logs: () => Promise.reject(unreachable()),
  exec: () => Promise.reject(unreachable()),
  attach: () => Promise.reject(unreachable()),
  portForward: () => Promise.reject(unreachable()),
  proxy: () => Promise.reject(unreachable()),
};

/** Starts it. `boot` makes a node with nothing on it, which speaks through the client that it is given. */
export function simulatedNode(
  name: string,
  client: Client,
  boot: (client: Client) => RunningNode,
): ClusterNode & { readonly ready: Promise<void> } {
  const cable = new Cable();
  const power = new NodeSwitch(name);
  let running: RunningNode | undefined = boot(cutClient(client, cable));
  const { ready } = running;
  return {
    name,
    ready,
    get connection() {
      return power.power === 'on' && running !== undefined ? running.connection : silence;
    },
    get files() {
      return running?.files;
    },
    act: (action: NodeAction) => power.act(action, befall),
    async stop() {
      await running?.stop();
    },
  };

  async function befall(action: NodeAction): Promise<void> {
    if (action === 'shutdown') await running?.shutDown(defaultShutdownGrace);
    if (action === 'cut') cable.cut();
    if (action === 'heal') cable.heal();
    if (action === 'stop' || action === 'shutdown') {
      // A machine that goes off says no goodbye.
      cable.cut();
      const off = running;
      running = undefined;
      await off?.stop();
    }
    if (action === 'start') {
      cable.heal();
      running = boot(cutClient(client, cable));
    }
  }
}
