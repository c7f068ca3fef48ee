// Owns a whole cluster in virtual time: memory store, clients of this process, simulated nodes. Nothing in it listens, sleeps or touches the disk.
import { apiServerUser, nodeUser, type User } from '../apiserver/auth/user.ts';
import { VirtualClock } from '../base/clock-virtual.ts';
import { type Entropy, seededEntropy } from '../base/entropy.ts';
import { type Log, silentLog } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import type { NodeConnection } from '../client/node-connection.ts';
import type { ControllerSettings } from '../controllers/settings.ts';
import type { NodeFiles } from '../runtime/files.ts';
import { SimulatedNetwork } from '../runtime/simulated/network.ts';
import { makeCa, makeKey } from './certificates.ts';
import { ownControllers, startComponents } from './components.ts';
import { openControlPlane } from './control-plane.ts';
import { fickleClient } from './fickle-client.ts';
import { nodeNameOf, nodeNetwork } from './identity.ts';
import { localPathOn } from './local-path.ts';
import { Life } from './mortal-client.ts';
import { MortalServer } from './mortal-server.ts';
import { type RunningNode, startNode } from './node.ts';
import { openSimulatedNode } from './simulated-runtime.ts';

/** What can be chosen. The same seed gives the same uids, names and jitter. */
export interface VirtualClusterOptions {
  readonly nodes?: number;
  readonly seed?: number;
  readonly log?: Log;
  /** Every other write of controllers and scheduler to something that is there is refused as a Conflict. */
  readonly conflicts?: boolean;
  /** How the controllers differ from what they are by themselves. */
  readonly settings?: Partial<ControllerSettings>;
  /** Stands between controllers and scheduler, and the API server: to count what they do, or to make other trouble. */
  readonly interpose?: (client: Client) => Client;
}

/** What can be killed: controllers and scheduler together, the API server (its store is opened anew), the first node's kubelet, or all at once. */
export type MortalPart = 'components' | 'server' | 'kubelet' | 'all';

/** So long the API server is away. */
const downMs = 700;
/** What changes something at a node. */
const runtimeChanges = new Set(
  ['runSandbox', 'stopSandbox', 'removeSandbox', 'createContainer', 'startContainer', 'stopContainer', 'removeContainer'].concat(
    'pullImage',
  ),
);
const fileChanges = new Set(['makeDirectory', 'writeFile', 'symlink', 'rename', 'remove', 'mountMemory', 'bindMount', 'unmount']);

/** A cluster whose time passes only when its clock is told to. */
export interface VirtualCluster {
  readonly clock: VirtualClock;
  readonly entropy: Entropy;
  /** May do everything. */
  readonly client: Client;
  /** Ends the controllers and the scheduler as kill -9 would, and starts them anew. */
  crash(): void;
  /**
   * Ends a part as kill -9 would, with its `writes`th write from now on: before it is done, or (`heard`) when it is done and before the part
   * hears of it. For the server that is a transaction of its store, for a node also what it asks of its runtime and its files, and for `all`
   * the server's: one process is gone. What a part has asked for before holds no more; Infinity takes it back.
   */
  crashWith(writes: number, heard: boolean, part?: MortalPart): void;
  /** How often a part has ended so. */
  readonly crashes: number;
  /** How the API server reaches a node: logs, exec, attach, port-forward. */
  connection(nodeName: string): NodeConnection;
  stop(): Promise<void>;
}

interface MortalNode {
  readonly node: RunningNode;
  readonly life: Life;
  /** Its disk, which outlives its kubelet. */
  readonly files: NodeFiles;
  /** Ends it as kill -9 would, and starts it anew; nothing where that has happened. */
  readonly end: () => void;
}

/** Opens it; its nodes are Ready when this resolves. */
export async function openVirtualCluster({
  nodes = 1,
  seed = 1,
  log = silentLog,
  conflicts = false,
  settings: ownSettings = {},
  interpose = (client) => client,
}: VirtualClusterOptions = {}): Promise<VirtualCluster> {
  const clock = new VirtualClock();
  const entropy = seededEntropy(seed);
  const clusterCidr = '10.42.0.0/16';
  const ca = await makeCa(clock.now());
  const serviceAccountKey = await makeKey();
  const running = new Map<string, MortalNode>();
  const network = new SimulatedNetwork();
  const server = await MortalServer.start(clock, (store) =>
    openControlPlane({
      store,
      clock,
      entropy,
      log,
      caPem: ca.cert,
      serviceAccountKey,
      serviceCidrs: ['10.96.0.0/16'],
      apiIp: nodeNetwork(clusterCidr, 0).address,
      apiPort: 6443,
      nodeConnections: (name) => running.get(name)?.node.connection,
      ownNodes: true,
    }),
  );
  const localPath = localPathOn('/var/lib/local-path', (name) => running.get(name)?.files);
  const settings = { clusterCidr, controllers: ownControllers, ...ownSettings };
  const controllers = { ca, serviceAccountKey, settings, identity: undefined, localPath };
  let life = new Life();
  let services: readonly Service[] = [];
  const live = (): void => {
    const mine = new Life();
    life = mine;
    const clientOf = (user: User): Client => (conflicts ? fickleClient(server.client(user)) : server.client(user));
    const mortal = { client: (user: User) => mine.client(interpose(clientOf(user))) };
    ({ services } = startComponents(mortal, new Set(), controllers, { clock, entropy, log }));
  };
  let crashes = 0;
  const crash = (): void => {
    crashes++;
    life.end();
    // Nobody waits for the dead: what they had under way is never answered.
    for (const service of services) void service.stop();
    live();
  };
  live();
  for (let index = 0; index < nodes; index++) {
    const name = nodeNameOf(index);
    const { podCidr, address } = nodeNetwork(clusterCidr, index);
    const parts = openSimulatedNode({ podCidr, nodeAddress: address, network, clock, entropy });
    const start = (): MortalNode => {
      const mine = new Life();
      const node = startNode({
        ...parts,
        client: mine.client(server.client(nodeUser(name))),
        runtime: mine.use(parts.runtime, runtimeChanges),
        files: mine.use(parts.files, fileChanges),
        rootDir: '/var/lib/kubelet',
        logDir: '/var/log/pods',
        clock,
        entropy,
        log,
        name,
        ip: address,
        podCidrs: [podCidr],
        clusterDns: [],
      });
      node.ready.catch(() => {});
      const end = (): void => {
        if (running.get(name)?.life !== mine) return;
        mine.end();
        node.stop().catch(() => {});
        running.set(name, start());
      };
      return { node, life: mine, files: parts.files, end };
    };
    running.set(name, start());
  }
  const ready = new Set<string>();
  for (const { node } of running.values()) void node.ready.then(() => ready.add(node.name));
  await clock.until(() => ready.size === nodes);
  return {
    clock,
    entropy,
    client: server.patientClient(apiServerUser),
    crash,
    get crashes() {
      return crashes;
    },
    crashWith(writes, heard, part = 'components') {
      life.endWith(Number.POSITIVE_INFINITY, false, crash);
      server.endWith(Number.POSITIVE_INFINITY, false, () => {});
      for (const node of running.values()) node.life.endWith(Number.POSITIVE_INFINITY, false, node.end);
      const first = running.get(nodeNameOf(0));
      const ended = (...ends: readonly (() => void)[]): void => {
        crashes++;
        for (const end of ends) end();
      };
      if (part === 'components') life.endWith(writes, heard, crash);
      else if (part === 'kubelet') first?.life.endWith(writes, heard, () => ended(first.end));
      else {
        const others = part === 'server' ? [] : [crash, ...[...running.values()].map(({ end }) => end)];
        server.endWith(writes, heard, () => ended(() => server.crash(downMs), ...others));
      }
    },
    connection(nodeName) {
      const found = running.get(nodeName);
      if (found === undefined) throw new Error(`there is no node ${nodeName}`);
      return found.node.connection;
    },
    async stop() {
      await Promise.all([...[...running.values()].map(({ node }) => node), ...services].map((service) => service.stop()));
      await server.close();
    },
  };
}
