// Owns a whole cluster in this process: opened in the order that its parts need, closed in the reverse. It refuses to know the command line.
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import type { ApiServer } from '../apiserver/api-server.ts';
import { apiServerUser, componentUser, nodeUser } from '../apiserver/auth/user.ts';
import { systemClock } from '../base/clock.ts';
import { systemEntropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import { Informer } from '../client/informer.ts';
import type { NodeConnection } from '../client/node-connection.ts';
import { resources } from '../client/resources.ts';
import { machineFacts } from '../kubelet/node/node-facts.ts';
import { machineCgroups } from '../kubelet/resources/pod-cgroups.ts';
import { SimulatedNetwork } from '../runtime/simulated/network.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { openEmbedded } from '../store/embedded.ts';
import { memoryStore } from '../store/memory.ts';
import { ownControllers, startComponents } from './components.ts';
import { openControlPlane } from './control-plane.ts';
import { machineNames, nodeCapacity, nodeNameOf, nodeNetwork } from './identity.ts';
import { kernelLog } from './kernel-log.ts';
import type { KeyPair } from './key-pair.ts';
import { kubeconfigOf } from './kubeconfig-file.ts';
import { openKubeletServer } from './kubelet-server.ts';
import { lastWordsRoute } from './last-words-route.ts';
import { localPathOn } from './local-path.ts';
import { metricsKinds } from './metrics-kinds.ts';
import { type RunningNode, startNode } from './node.ts';
import { type ClusterOptions, OptionError } from './options.ts';
import { pathsOf } from './paths.ts';
import { openPki } from './pki.ts';
import { openNodeNetwork, openRealRuntime } from './real-runtime.ts';
import { remoteNode } from './remote-node.ts';
import { readSchedulerConfigFile } from './scheduler-config-file.ts';
import { dnsAddress, startServiceNetwork } from './service-network.ts';
import { openSimulatedNode } from './simulated-runtime.ts';
import { whyRoute } from './why-route.ts';

const kubeletPort = 10_250;
/** Nodes of other processes whose connections are kept. */
const mostRemotes = 10_000;

/** A cluster that runs. `ready` resolves when every node says Ready. */
export interface Cluster {
  readonly url: string;
  readonly kubeconfig: string;
  readonly admin: KeyPair;
  readonly ca: string;
  readonly nodes: readonly string[];
  readonly ready: Promise<void>;
  /** Stops everything of this process. Containers are left alone. */
  stop(): Promise<void>;
}

/** Runs a named step of the start and says how it went. */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Opens a cluster with real or simulated containers. What was opened is closed again when a later step fails. */
export async function openCluster(options: ClusterOptions, runtime: 'cri' | 'simulated', log: Log, step: Step): Promise<Cluster> {
  if (options.nodes > nodeCapacity(options.clusterCidr))
    throw new OptionError(
      `--cluster-cidr ${options.clusterCidr} has room for ${nodeCapacity(options.clusterCidr)} nodes, not ${options.nodes}`,
    );
  if (runtime === 'cri' && options.nodes > 1)
    throw new OptionError('--nodes above 1 with real containers is not in this release yet: use --runtime simulated, or --nodes 1');
  const config = readSchedulerConfigFile(options.schedulerConfig);
  const paths = pathsOf(options.dataDir);
  let running: Scheduler | undefined;
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    mkdirSync(paths.dataDir, { recursive: true, mode: 0o700 });
    mkdirSync(paths.manifests, { recursive: true });
    const real = runtime === 'cri' && options.nodes > 0 && !options.without.has('kubelet');
    const { address } = nodeNetwork(options.clusterCidr, 0);
    if (real) await step('Network fence and bridge', () => openNodeNetwork(options));
    const containers = real ? step('containerd', () => openRealRuntime(options, systemClock, log)) : undefined;
    containers?.catch(() => {});
    const pki = await openPki(paths.pki, servingNames(options, real ? [address] : []), systemClock.now());
    const store = options.store === 'memory' ? memoryStore() : await openEmbedded(paths.store);
    closing.push(() => store.close());
    const connections = new Map<string, RunningNode>();
    const remotes = new Map<string, NodeConnection>();
    const elsewhere = (name: string): NodeConnection => {
      const known = remotes.get(name) ?? remoteNode(name, server.client(apiServerUser), pki.kubeletClient);
      remotes.set(name, known);
      for (const oldest of remotes.keys()) if (remotes.size > mostRemotes) remotes.delete(oldest);
      return known;
    };
    const figures = {
      get client() {
        return server.client(apiServerUser);
      },
      connectionTo: (name: string) => connections.get(name)?.connection ?? elsewhere(name),
      now: () => systemClock.now(),
    };
    const server: ApiServer = await step('API server', async () => {
      const opened = await openControlPlane({
        store,
        clock: systemClock,
        entropy: systemEntropy,
        log,
        caPem: pki.ca.cert,
        serviceAccountKey: pki.serviceAccountKey,
        serviceCidr: options.serviceCidr,
        // Endpoints may not name the loopback: without a bridge the address that it would have stands in.
        apiIp: real || /^(0\.|127\.)/.test(options.bind) ? address : options.bind,
        apiPort: options.port,
        nodeConnections: (name) => connections.get(name)?.connection ?? elsewhere(name),
        // A control plane alone has nothing that upstream's does not have.
        ...(options.nodes === 0 ? {} : { computed: metricsKinds(figures) }),
        ownNodes: options.nodes > 0,
        extensionRoutes: [whyRoute(() => running), lastWordsRoute(figures)],
      });
      closing.push(() => opened.close());
      await listen(opened, options, pki.serving, pki.ca.cert, real ? address : undefined);
      return opened;
    });
    const url = `https://${options.bind === '0.0.0.0' ? '127.0.0.1' : options.bind}:${options.port}`;
    writeFileSync(paths.kubeconfig, kubeconfigOf({ server: url, ca: pki.ca.cert, ...pki.admin }), { mode: 0o600 });
    const { clusterCidr, serviceCidr } = options;
    // The data directory has one process at a time: the same name again need not wait for its own lease to end.
    const identity = `peapod-${machineNames(options.dataDir).bridge.split('-')[1]}`;
    const localPath = options.nodes === 0 ? undefined : localPathOn(paths.localPath, (name) => connections.get(name)?.files);
    const settings = { clusterCidr, serviceCidr, controllers: ownControllers };
    const { ca, serviceAccountKey } = pki;
    const controllers = { ca, serviceAccountKey, settings, identity, localPath };
    const outside = { clock: systemClock, entropy: systemEntropy, log };
    const { services, scheduler } = startComponents(server, options.without, controllers, outside, config);
    running = scheduler;
    for (const service of services) closing.push(() => service.stop());
    if (real)
      for (const service of await step('Services and DNS', () => startServiceNetwork(server, options, outside)))
        closing.push(() => service.stop());
    const nodes = await startNodes(server, options, await containers, log);
    for (const node of nodes) {
      connections.set(node.name, node);
      closing.push(() => node.stop());
    }
    const [first] = nodes;
    if (real && first !== undefined) {
      const serving = await pki.kubeletServing({ dns: [first.name], ips: [address] });
      const client = server.client(nodeUser(first.name));
      const parts = { routes: first.routes, client, clock: systemClock, log, nodeName: first.name, serving, caPem: pki.ca.cert };
      try {
        const kubeletServer = await openKubeletServer({ ...parts, host: address, port: kubeletPort });
        closing.push(() => kubeletServer.stop());
      } catch (error) {
        log.warn('the kubelet’s own server could not be opened: metrics can be read through the API server only', { error });
      }
    }
    const names = nodes.map(({ name }) => name);
    return {
      url,
      kubeconfig: paths.kubeconfig,
      admin: pki.admin,
      ca: pki.ca.cert,
      nodes: names,
      ready: readiness(server, options, nodes, log),
      stop: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function servingNames(
  options: ClusterOptions,
  addresses: readonly string[],
): { readonly dns: readonly string[]; readonly ips: readonly string[] } {
  const services = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];
  const { address } = nodeNetwork(options.serviceCidr, 0);
  const bound = options.bind === '0.0.0.0' ? [] : [options.bind];
  return { dns: ['localhost', ...services], ips: [...new Set(['127.0.0.1', address, ...bound, ...addresses])] };
}

async function listen(
  server: ApiServer,
  { bind, port }: ClusterOptions,
  serving: KeyPair,
  ca: string,
  bridge: string | undefined,
): Promise<void> {
  const everywhere = bind === '0.0.0.0';
  const hosts = everywhere || bridge === undefined ? [bind] : [...new Set([bind, bridge])];
  try {
    await server.listen({ tls: { key: serving.key, cert: serving.cert, ca }, hosts, port });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      throw new OptionError(`port ${port} is in use: stop what listens there, or choose another one with --port`);
    if (error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL')
      throw new OptionError(`--bind ${bind}: this machine has no such address`);
    if (error instanceof Error && 'code' in error && error.code === 'EACCES')
      throw new OptionError(`port ${port} needs more rights: choose one above 1023 with --port`);
    throw error;
  }
}

async function startNodes(
  server: ApiServer,
  options: ClusterOptions,
  containers: Awaited<ReturnType<typeof openRealRuntime>> | undefined,
  log: Log,
): Promise<readonly RunningNode[]> {
  if (options.without.has('kubelet') || options.nodes === 0) return [];
  const paths = pathsOf(options.dataDir);
  const common = (index: number) => {
    const name = nodeNameOf(index);
    const { address, podCidr } = nodeNetwork(options.clusterCidr, index);
    return {
      name,
      ip: address,
      podCidr,
      client: server.client(nodeUser(name)),
      clock: systemClock,
      entropy: systemEntropy,
      log: log.with({ node: name }),
      clusterDns: containers === undefined ? [] : [dnsAddress(options.serviceCidr)],
    };
  };
  if (containers !== undefined) {
    mkdirSync(paths.kubelet, { recursive: true, mode: 0o700 });
    const machine = await machineFacts(containers.files, paths.kubelet, arch());
    return [
      startNode({
        ...common(0),
        ...containers,
        machine,
        rootDir: paths.kubelet,
        logDir: paths.podLogs,
        cgroups: machineCgroups,
        oomKill: kernelLog().oomKill,
        manifestsDir: paths.manifests,
      }),
    ];
  }
  const network = new SimulatedNetwork();
  return Array.from({ length: options.nodes }, (_, index) => {
    const { podCidr, address } = nodeNetwork(options.clusterCidr, index);
    return startNode({
      ...common(index),
      ...openSimulatedNode({ podCidr, nodeAddress: address, network, clock: systemClock, entropy: systemEntropy }),
      rootDir: '/var/lib/kubelet',
      logDir: '/var/log/pods',
    });
  });
}

/** Resolves when the nodes are Ready and free of the taint of their birth, so that pods can go there at once. */
async function readiness(server: ApiServer, { without }: ClusterOptions, nodes: readonly RunningNode[], log: Log): Promise<void> {
  await Promise.all(nodes.map(({ ready }) => ready));
  if (without.has('controllers') || nodes.length === 0) return;
  const clean = Promise.withResolvers<void>();
  const names = new Set(nodes.map(({ name }) => name));
  const informer = new Informer({
    client: server.client(componentUser('system:kube-controller-manager')),
    resource: resources.nodes,
    clock: systemClock,
    log,
  });
  const look = (): void => {
    const open = informer
      .list()
      .filter(({ metadata, spec }) => names.has(metadata.name) && !spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/not-ready'));
    if (open.length === names.size) clean.resolve();
  };
  using _handler = informer.on({ added: look, updated: look });
  informer.start();
  await clean.promise;
  await informer.stop();
}
