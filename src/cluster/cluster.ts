// Owns a whole cluster in this process: opened in the order that its parts need, closed in the reverse. It refuses to know the command line.
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Node } from '../api/core/v1.ts';
import type { ApiServer } from '../apiserver/api-server.ts';
import { apiServerUser, nodeUser } from '../apiserver/auth/user.ts';
import { systemClock } from '../base/clock.ts';
import { systemEntropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import type { NodeConnection } from '../client/node-connection.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { ClusterNode } from './cluster-node.ts';
import { ownControllers, startComponents } from './components.ts';
import { openControlPlane } from './control-plane.ts';
import { giveRole } from './control-plane-role.ts';
import { isFormerNode } from './former-nodes.ts';
import { machineNames, memberName, nodeCapacity, nodeNetwork } from './identity.ts';
import type { JoinFacts } from './join/join-facts.ts';
import { refuseMember } from './join/membership.ts';
import { advertisedAddress } from './join/own-address.ts';
import type { KeyPair } from './key-pair.ts';
import { kubeconfigOf } from './kubeconfig-file.ts';
import { openKubeletServer } from './kubelet-server.ts';
import { joinControlPlanes } from './kubernetes-endpoints.ts';
import { lastWordsRoute } from './last-words-route.ts';
import { localPathOn } from './local-path.ts';
import { metricsKinds } from './metrics-kinds.ts';
import { whyNoIpv6 } from './network.ts';
import { nodeActionRoute } from './node-actions.ts';
import { firstMember, openMachineNodes, startFirstNode, startSimulatedNodes } from './nodes.ts';
import { claimNodes, ownerOfNode } from './nodes-owner.ts';
import { OptionError } from './option-error.ts';
import type { ClusterOptions } from './options.ts';
import { overlayFacts, startOverlay } from './overlay/overlay.ts';
import { pathsOf } from './paths.ts';
import { openPki } from './pki.ts';
import { addressIn, nodeAddressIn, nodeShares } from './ranges.ts';
import { nodesReady } from './readiness.ts';
import { keepRealRuntime, openNodeNetwork, openRealRuntime } from './real-runtime.ts';
import { relayedNode, remoteNode } from './remote-node.ts';
import { readSchedulerConfigFile } from './scheduler-config-file.ts';
import { startServiceNetwork } from './service-network.ts';
import { claimStore, requireSharedKeys } from './shared-keys.ts';
import { isShared, openStore } from './store-choice.ts';
import { readTokenFile } from './token-file.ts';
import { whyRoute } from './why-route.ts';

const kubeletPort = 10_250;
const mostMachineNodes = 50;
/** Nodes of other processes whose connections are kept. */
const mostRemotes = 10_000;

/** A cluster that runs. `ready` resolves when every node says Ready. */
export interface Cluster {
  readonly url: string;
  readonly kubeconfig: string;
  readonly admin: KeyPair;
  readonly ca: string;
  readonly nodes: readonly string[];
  /** What machines that join must know. */
  readonly join: JoinFacts;
  readonly ready: Promise<void>;
  /** Stops everything of this process. Containers are left alone. */
  stop(): Promise<void>;
}

/** Runs a named step of the start and says how it went. */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Opens a cluster with real or simulated containers. What was opened is closed again when a later step fails. */
export async function openCluster(options: ClusterOptions, runtime: 'cri' | 'simulated', log: Log, step: Step): Promise<Cluster> {
  if (options.nodes > nodeCapacity(options.clusterCidrs))
    throw new OptionError(
      `--cluster-cidr ${options.clusterCidrs} has room for ${nodeCapacity(options.clusterCidrs)} nodes, not ${options.nodes}`,
    );
  if (runtime === 'cri' && options.nodes > mostMachineNodes)
    throw new OptionError(
      `--nodes takes at most ${mostMachineNodes} with real containers, each with a containerd of its own; --runtime simulated takes more`,
    );
  if (runtime === 'cri' && options.nodes > 0) refuseFamilies(options);
  const config = readSchedulerConfigFile(options.schedulerConfig);
  const staticUsers = readTokenFile(options.tokenAuthFile);
  const paths = pathsOf(options.dataDir);
  let scheduling: () => Scheduler | undefined = () => undefined;
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    refuseMember(paths.dataDir);
    mkdirSync(paths.dataDir, { recursive: true, mode: 0o700 });
    mkdirSync(paths.manifests, { recursive: true });
    const real = runtime === 'cri' && options.nodes > 0 && !options.without.has('kubelet');
    const { address } = nodeNetwork(options.clusterCidr, 0);
    const standIn = ownFamilyAddress(options) ?? address;
    if (real) await step('Network fence and bridge', () => openNodeNetwork(options));
    const containers = real ? step('containerd', () => openRealRuntime(options, systemClock, log)) : undefined;
    containers?.catch(() => {});
    const advertised = advertisedAddress(options);
    const reached = [...(real ? [address] : []), ...(advertised === undefined ? [] : [advertised])];
    const shared = isShared(options.store);
    const sharedKeys = options.sharedKeys ?? paths.pki;
    const store = await openStore(options.store, paths.store, log);
    closing.push(() => store.close());
    if (shared) requireSharedKeys(store, sharedKeys);
    const pki = await openPki(paths.pki, servingNames(options, reached), systemClock.now(), sharedKeys);
    if (shared)
      await claimStore(
        store,
        sharedKeys,
        { clusterCidr: options.clusterCidrs.join(','), serviceCidr: options.serviceCidrs.join(',') },
        pki.ca.cert,
        pki.serviceAccountKey,
      );
    const members = new Map<string, ClusterNode>();
    const remotes = new Map<string, NodeConnection>();
    const elsewhere = (name: string): NodeConnection => {
      const owner = shared ? ownerOfNode(store, name, memberName(options.dataDir)) : undefined;
      if (owner !== undefined) return relayedNode(name, owner.server, pki.ca.cert, pki.kubeletClient);
      const known = remotes.get(name) ?? remoteNode(name, server.client(apiServerUser), pki.kubeletClient);
      remotes.set(name, known);
      for (const oldest of remotes.keys()) if (remotes.size > mostRemotes) remotes.delete(oldest);
      return known;
    };
    const connectionTo = (name: string): NodeConnection => members.get(name)?.connection ?? elsewhere(name);
    const figures = {
      get client() {
        return server.client(apiServerUser);
      },
      connectionTo,
      now: () => systemClock.now(),
    };
    // Endpoints may not name the loopback: without a bridge the address that it would have stands in.
    // Without a node here pods are elsewhere, and reach it as other machines do.
    const away = options.nodes === 0 ? advertised : undefined;
    const apiIp =
      away !== undefined
        ? away
        : real || /^(0\.|127\.)/.test(options.bind) || options.serviceCidrs[0]?.includes(':')
          ? standIn
          : options.bind;
    const url = `https://${options.bind === '0.0.0.0' ? (shared && advertised) || '127.0.0.1' : options.bind}:${options.port}`;
    const server: ApiServer = await step('API server', async () => {
      const opened = await openControlPlane({
        store,
        clock: systemClock,
        entropy: systemEntropy,
        log,
        caPem: pki.ca.cert,
        serviceAccountKey: pki.serviceAccountKey,
        serviceCidrs: options.serviceCidrs,
        apiIp: shared ? undefined : apiIp,
        apiPort: options.port,
        nodeConnections: connectionTo,
        staticUsers,
        // A control plane alone has nothing that upstream's does not have.
        ...(options.nodes === 0 ? {} : { computed: metricsKinds(figures) }),
        ownNodes: options.nodes > 0,
        restrictNodes: shared,
        extensionRoutes: [whyRoute(() => scheduling()), lastWordsRoute(figures), nodeActionRoute(members)],
      });
      closing.push(() => opened.close());
      await listen(opened, options, pki.serving, pki.ca.cert, real ? address : undefined);
      if (shared) {
        const own = { ip: apiIp, port: options.port, standsIn: !real && apiIp === standIn };
        if (options.nodes > 0) {
          const at = { server: url, nodes: options.nodes, member: memberName(options.dataDir) };
          await claimNodes(store, { ...own, ...at }, systemClock.now());
        }
        const member = await joinControlPlanes({ store, client: opened.client(apiServerUser), clock: systemClock, log, own });
        closing.push(() => member.stop());
      }
      return opened;
    });
    writeFileSync(paths.kubeconfig, kubeconfigOf({ server: url, ca: pki.ca.cert, ...pki.admin }), { mode: 0o600 });
    const [clusterCidr, serviceCidr] = [options.clusterCidrs.join(','), options.serviceCidrs.join(',')];
    // The data directory has one process at a time: the same name again need not wait for its own lease to end.
    const identity = shared ? memberName(options.dataDir) : `peapod-${machineNames(options.dataDir).bridge.split('-')[1]}`;
    const localPath = options.nodes === 0 ? undefined : localPathOn(paths.localPath, (name) => members.get(name)?.files);
    const { signingDurationMs, loadBalancerPool } = options;
    const settings = {
      ...{ clusterCidr, serviceCidr, loadBalancerPool, controllers: ownControllers },
      ...(signingDurationMs === undefined ? {} : { signingDurationMs }),
      // Of several control planes only the one that has the nodes can say.
      ...(shared && options.nodes === 0 ? {} : { isFormer: (node: Node) => isFormerNode(node, options.nodes, options.clusterCidr) }),
    };
    const { ca, serviceAccountKey } = pki;
    const controllers = { ca, serviceAccountKey, settings, identity, localPath, amongOthers: shared };
    const outside = { clock: systemClock, entropy: systemEntropy, log };
    const { services, scheduler } = startComponents(server, options.without, controllers, outside, config);
    scheduling = scheduler;
    for (const service of services) closing.push(() => service.stop());
    if (real)
      for (const service of await step('Services and DNS', () => startServiceNetwork(server, options, outside)))
        closing.push(() => service.stop());
    const add = (node: ClusterNode): void => {
      members.set(node.name, node);
      closing.push(() => node.stop());
    };
    const nodeRuntime = await containers;
    if (nodeRuntime !== undefined) {
      const keeper = await keepRealRuntime(options, systemClock, log);
      closing.push(() => keeper.stop());
    }
    const first = nodeRuntime === undefined ? undefined : await startFirstNode(server, options, nodeRuntime, outside);
    const beginning: Promise<void>[] = [];
    const begin = (node: ClusterNode, ready: Promise<void>): void => {
      add(node);
      beginning.push(ready);
      // Told by the cluster's readiness, which is there a little later.
      ready.catch(() => {});
    };
    if (first !== undefined) begin(firstMember(first), first.ready);
    else if (!options.without.has('kubelet')) for (const node of startSimulatedNodes(server, options, outside)) begin(node, node.ready);
    const [firstName] = members.keys();
    const leaving = new AbortController();
    closing.push(async () => leaving.abort());
    const role =
      firstName === undefined || !options.taintControlPlane
        ? undefined
        : giveRole(server.client(apiServerUser), firstName, outside, leaving.signal);
    role?.catch((error: unknown) => leaving.signal.aborted || log.warn('the first node could not be given its role', { error }));
    if (real && options.nodes > 1)
      for (const service of await step(`${options.nodes - 1} more nodes`, () => openMachineNodes(server, options, pki, outside, members)))
        closing.push(() => service.stop());
    if (real && advertised !== undefined) {
      const sources = nodeShares(options.clusterCidrs, 0).map(nodeAddressIn);
      const facts = overlayFacts(options.dataDir, pki.ca.cert, advertised, sources);
      const overlay = { ...outside, client: server.client(apiServerUser), isOwn: (name: string) => members.has(name), facts };
      const kept = await step('Network to other machines', () => startOverlay(overlay));
      closing.push(() => kept.stop());
    }
    if (first !== undefined) {
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
    const names = [...members.keys()];
    return {
      url,
      kubeconfig: paths.kubeconfig,
      admin: pki.admin,
      ca: pki.ca.cert,
      nodes: names,
      join: {
        server: `https://${advertised ?? '127.0.0.1'}:${options.port}`,
        clusterCidr,
        serviceCidr,
      },
      ready: Promise.all([nodesReady(server, names, !options.without.has('controllers'), outside), role, ...beginning]).then(
        () => undefined,
      ),
      stop: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Real pods have IPv4 addresses, and IPv6 ones beside them: the API and names are reached by IPv4. */
function refuseFamilies({ clusterCidrs, serviceCidrs }: ClusterOptions): void {
  if (![...clusterCidrs, ...serviceCidrs].some((range) => range.includes(':'))) return;
  for (const [flag, ranges] of Object.entries({ '--cluster-cidr': clusterCidrs, '--service-cidr': serviceCidrs }))
    if (ranges[0]?.includes(':'))
      throw new OptionError(
        `${flag} takes the IPv4 range first with real containers, then the one of IPv6: 10.42.0.0/16,fd42::/48 (IPv6 first or alone: --runtime simulated)`,
      );
  if (clusterCidrs.length !== serviceCidrs.length)
    throw new OptionError(
      '--cluster-cidr and --service-cidr take a range of IPv6 both, or neither does: a Service of IPv6 needs pods that have it',
    );
  const why = whyNoIpv6();
  if (why !== undefined) throw new OptionError(`--cluster-cidr and --service-cidr take no IPv6 range on this machine: ${why}`);
}

/** Endpoints are of the family of the cluster's own Service range: for IPv6, the address that the first node would have. */
function ownFamilyAddress({ clusterCidrs, serviceCidrs }: ClusterOptions): string | undefined {
  if (!serviceCidrs[0]?.includes(':')) return undefined;
  const share = nodeShares(clusterCidrs, 0).find((range) => range.includes(':'));
  return addressIn(share ?? serviceCidrs[0], share === undefined ? 2 : 1);
}

function servingNames(
  options: ClusterOptions,
  addresses: readonly string[],
): { readonly dns: readonly string[]; readonly ips: readonly string[] } {
  const services = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];
  const first = options.serviceCidrs.map((range) => addressIn(range, 1));
  const bound = options.bind === '0.0.0.0' ? [] : [options.bind];
  return { dns: ['localhost', ...services], ips: [...new Set(['127.0.0.1', ...first, ...bound, ...addresses])] };
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
