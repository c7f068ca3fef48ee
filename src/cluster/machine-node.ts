// Owns a further node with real containers: its namespace, its containerd, its process, its rules for Services, and what befalls it.
import { mkdirSync, writeFileSync } from 'node:fs';
import type { ApiServer } from '../apiserver/api-server.ts';
import { componentUser } from '../apiserver/auth/user.ts';
import type { Service } from '../base/service.ts';
import type { PolicyEnforcer } from '../proxy/policies/policy-enforcer.ts';
import { type ServiceProxy, startProxy } from '../proxy/proxy.ts';
import { runningContainerd, startContainerd, stopContainerd } from '../runtime/cri/containerd.ts';
import type { RegistryMirror } from '../runtime/cri/containerd-config.ts';
import { criRuntime } from '../runtime/cri/cri-runtime.ts';
import { diskFiles } from '../runtime/disk-files.ts';
import { type ClusterNode, type NodeAction, NodeSwitch } from './cluster-node.ts';
import { conntrackOf } from './conntrack.ts';
import { machineNames } from './identity.ts';
import { advertisedAddress } from './join/own-address.ts';
import { keepContainerd } from './keep-containerd.ts';
import type { KeyPair } from './key-pair.ts';
import { kubeconfigOf } from './kubeconfig-file.ts';
import type { Outside } from './lone-components.ts';
import { applyInNode, connectLink, disconnectLink, inNode, nodeBridge, nodeLink, openLink } from './node-link.ts';
import { NodeProcess } from './node-process.ts';
import type { ClusterOptions } from './options.ts';
import { overlayMtu } from './overlay/overlay.ts';
import { nodePathsOf } from './paths.ts';
import { enforcePolicies, policyUser } from './policy-network.ts';

/** What a further node is made of. */
export interface MachineNodeParts extends Outside {
  readonly index: number;
  readonly options: ClusterOptions;
  readonly server: ApiServer;
  /** PEM of the cluster's authority. */
  readonly ca: string;
  /** As whom the node speaks. */
  readonly identity: KeyPair;
  /** As the node can reach them. */
  readonly mirrors: readonly RegistryMirror[];
  readonly clusterDns: string;
  /** The program and its arguments up to the command: what runs now. */
  readonly program: readonly string[];
}

/** Opens it: resolves when its containerd answers and its process is started; its Node is Ready a moment later. */
export async function openMachineNode(parts: MachineNodeParts): Promise<ClusterNode> {
  const { index, options, server, ca, identity, mirrors, clusterDns, program, clock, log } = parts;
  const { dataDir, clusterCidr, clusterCidrs, serviceCidrs, port, without } = options;
  const link = nodeLink(dataDir, clusterCidrs, index);
  const names = machineNames(dataDir);
  const paths = nodePathsOf(dataDir, link.node);
  for (const directory of [paths.root, paths.kubelet, paths.manifests]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  mkdirSync(paths.podLogs, { recursive: true });
  const url = `https://${link.gateway}:${port}`;
  writeFileSync(paths.kubeconfig, kubeconfigOf({ server: url, ca, ...identity }), { mode: 0o600 });
  const advertised = advertisedAddress(options);
  // Packets of pods must fit into the overlay, where there is one.
  const mtu = advertised === undefined ? {} : { mtu: await overlayMtu(advertised) };
  const containerd = {
    dataDir: paths.runtime,
    stateDir: `${names.stateDir}-${link.node}`,
    network: { bridge: nodeBridge, podCidrs: link.podCidrs, dataDir: `${paths.runtime}/cni/addresses`, ...mtu },
    mirrors,
    enter: inNode(link, []),
  };
  const endpoint = async (): Promise<string> => (await startContainerd(containerd)).endpoint;
  const linkFacts = { clusterCidrs, serviceCidrs, apiPort: port, table: names.table };
  await openLink(link, linkFacts);
  const socket = await endpoint();
  const kubelet = [
    ...program,
    'kubelet',
    ...['--kubeconfig', paths.kubeconfig],
    ...['--hostname-override', link.node],
    ...['--node-ip', [link.address, ...(link.ipv6 === undefined ? [] : [link.ipv6.address])].join(',')],
    ...['--root-dir', paths.kubelet],
    ...['--pod-logs-dir', paths.podLogs],
    ...['--pod-manifest-path', paths.manifests],
    ...['--container-runtime-endpoint', socket],
    ...['--cluster-dns', clusterDns],
    ...['--cgroup-root', `/${link.node}/kubepods`],
    '--until-stdin-ends',
  ];
  const process = new NodeProcess({ node: link.node, command: inNode(link, kubelet), logFile: paths.log, clock, log });
  const proxying = (): ServiceProxy | undefined =>
    without.has('proxy')
      ? undefined
      : startProxy({
          ...parts,
          client: server.client(componentUser('system:kube-proxy')),
          nodeName: link.node,
          clusterCidrs,
          table: names.servicesTable,
          nodePortsFrom: undefined,
          apply: (text) => applyInNode(link, text),
          conntrack: conntrackOf((command) => inNode(link, command)),
          // Its ports are in the node's own network: its process answers there.
          healthChecks: { show: (key, check) => process.tell(key, check), stop: async () => {} },
        });
  const enforcing = (): PolicyEnforcer =>
    enforcePolicies({
      ...parts,
      client: server.client(policyUser),
      nodeName: link.node,
      podCidrs: link.podCidrs,
      clusterCidr,
      table: names.policiesTable,
      apply: (text) => applyInNode(link, text),
    });
  let proxy = proxying();
  let policies = enforcing();
  // Pods begin when the policies are held.
  await policies.ready;
  const keeping = (): Service => keepContainerd({ runs: () => runningContainerd(containerd) !== undefined, start: endpoint }, clock, log);
  let keeper: Service | undefined = keeping();
  process.start();
  const power = new NodeSwitch(link.node);
  return {
    name: link.node,
    connection: undefined,
    get files() {
      return power.power === 'off' ? undefined : diskFiles();
    },
    act: (action: NodeAction) => power.act(action, befall),
    async stop() {
      await Promise.all([proxy?.stop(), policies.stop(), keeper?.stop(), process.end('gently')]);
    },
  };

  /** Every step may be taken again: the last try may have failed after it. */
  async function befall(action: NodeAction): Promise<void> {
    if (action === 'shutdown') await process.shutDown();
    if (action === 'cut' || action === 'stop' || action === 'shutdown') {
      await Promise.all([proxy?.stop(), policies.stop()]);
      await disconnectLink(link);
    }
    if (action === 'stop' || action === 'shutdown') {
      await process.end('at once');
      await keeper?.stop();
      keeper = undefined;
      await killPods(socket, parts);
      await stopContainerd(containerd);
    }
    if (action === 'start') {
      await openLink(link, linkFacts);
      await endpoint();
      keeper ??= keeping();
    }
    if (action === 'heal') await connectLink(link);
    if (action === 'start' || action === 'heal') [proxy, policies] = [proxying(), enforcing()];
    if (action === 'start') {
      await policies.ready;
      process.start();
    }
  }
}

/** Ends every container of a node without a word, as a machine that goes off does. */
async function killPods(endpoint: string, { clock, log }: Outside): Promise<void> {
  const runtime = criRuntime({ endpoint, clock, log });
  try {
    const containers = await runtime.listContainers();
    await Promise.all(containers.filter(({ state }) => state === 'running').map(({ id }) => runtime.stopContainer(id, 0)));
    await Promise.all((await runtime.listSandboxes()).map(({ id }) => runtime.stopSandbox(id)));
  } finally {
    await runtime.close();
  }
}
