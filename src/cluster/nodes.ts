// Owns which nodes a cluster starts: the first one on this machine, further ones in namespaces of their own, or simulated ones.
import { mkdirSync } from 'node:fs';
import { arch } from 'node:os';
import type { ApiServer } from '../apiserver/api-server.ts';
import { nodeUser } from '../apiserver/auth/user.ts';
import type { Service } from '../base/service.ts';
import { machineFacts } from '../kubelet/node/node-facts.ts';
import { machineCgroups } from '../kubelet/resources/pod-cgroups.ts';
import { SimulatedNetwork } from '../runtime/simulated/network.ts';
import { type ClusterNode, NodeActionError } from './cluster-node.ts';
import { nodeNameOf, nodeNetwork } from './identity.ts';
import { kernelLog } from './kernel-log.ts';
import type { Outside } from './lone-components.ts';
import { reachableMirrors } from './loopback-mirror.ts';
import { openMachineNode } from './machine-node.ts';
import { type RunningNode, startNode } from './node.ts';
import type { ClusterOptions } from './options.ts';
import { pathsOf } from './paths.ts';
import type { Pki } from './pki.ts';
import { nodeAddressIn, nodeShares } from './ranges.ts';
import type { NodeRuntime } from './real-runtime.ts';
import { dnsAddress } from './service-network.ts';
import { simulatedNode } from './simulated-node.ts';
import { openSimulatedNode } from './simulated-runtime.ts';

function commonParts(server: ApiServer, { clusterCidr, clusterCidrs }: ClusterOptions, index: number, outside: Outside) {
  const name = nodeNameOf(index);
  const { address, podCidr } = nodeNetwork(clusterCidr, index);
  const podCidrs = nodeShares(clusterCidrs, index);
  const six = podCidrs.find((share) => share.includes(':'));
  return {
    ...outside,
    name,
    ip: address,
    ...(six === undefined || clusterCidrs[0]?.includes(':') ? {} : { otherIp: nodeAddressIn(six) }),
    podCidr,
    podCidrs,
    client: server.client(nodeUser(name)),
    log: outside.log.with({ node: name }),
  };
}

/** The first node, on real containers: its kubelet lives in this process. */
export async function startFirstNode(
  server: ApiServer,
  options: ClusterOptions,
  containers: NodeRuntime,
  outside: Outside,
): Promise<RunningNode> {
  const paths = pathsOf(options.dataDir);
  mkdirSync(paths.kubelet, { recursive: true, mode: 0o700 });
  return startNode({
    ...commonParts(server, options, 0, outside),
    ...containers,
    clusterDns: [dnsAddress(options.serviceCidr)],
    machine: await machineFacts(containers.files, paths.kubelet, arch()),
    rootDir: paths.kubelet,
    logDir: paths.podLogs,
    cgroups: machineCgroups,
    oomKill: kernelLog().oomKill,
    manifestsDir: paths.manifests,
  });
}

/** The first node as a member: it carries the control plane, so nothing can befall it alone. */
export function firstMember(node: RunningNode): ClusterNode {
  return {
    name: node.name,
    connection: node.connection,
    files: node.files,
    act: () =>
      Promise.reject(
        new NodeActionError(`${node.name} carries the control plane and lives and dies with it: try another node, or peapod down`),
      ),
    stop: () => node.stop(),
  };
}

/** Simulated nodes, all in this process, on one simulated network. */
export function startSimulatedNodes(
  server: ApiServer,
  options: ClusterOptions,
  outside: Outside,
): readonly (ClusterNode & { readonly ready: Promise<void> })[] {
  const network = new SimulatedNetwork();
  return Array.from({ length: options.nodes }, (_, index) => {
    const { client, ...parts } = commonParts(server, options, index, outside);
    const places = { rootDir: '/var/lib/kubelet', logDir: '/var/log/pods', clusterDns: [] };
    return simulatedNode(parts.name, client, (own) =>
      startNode({
        ...parts,
        ...places,
        ...openSimulatedNode({ ...outside, podCidr: parts.podCidr, podCidrs: parts.podCidrs, nodeAddress: parts.ip, network }),
        client: own,
      }),
    );
  });
}

/** The nodes beyond the first, on real containers. They are put into `members` as they come up. Resolves with what is to be stopped. */
export async function openMachineNodes(
  server: ApiServer,
  options: ClusterOptions,
  pki: Pki,
  outside: Outside,
  members: Map<string, ClusterNode>,
): Promise<readonly Service[]> {
  const indexes = Array.from({ length: options.nodes - 1 }, (_, index) => index + 1);
  const addresses = indexes.map((index) => nodeNetwork(options.clusterCidr, index).address);
  const { address } = nodeNetwork(options.clusterCidr, 0);
  const reachable = await reachableMirrors(options.registryMirrors, address, new Set(addresses));
  const opened = await Promise.allSettled(
    indexes.map(async (index) => {
      const identity = await pki.nodeClient(nodeNameOf(index));
      const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
      const given = { index, options, server, ca: pki.ca.cert, identity, mirrors: reachable.mirrors, program };
      const node = await openMachineNode({ ...outside, ...given, clusterDns: dnsAddress(options.serviceCidr) });
      members.set(node.name, node);
      return node;
    }),
  );
  const services = [reachable, ...opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))];
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed === undefined) return services;
  await Promise.all(services.map((service) => service.stop()));
  throw failed.reason;
}
