// Owns real containers for the first node: the fence and bridge, containerd (its own, or one that is there), and the disk.
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, unlinkSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import { machineCgroups, removeEmptyRoot, removeNodeCgroups } from '../kubelet/resources/pod-cgroups.ts';
import { cgroupsOf } from '../kubelet/resources/qos.ts';
import { containerdPaths, runningContainerd, startContainerd, stopContainerd } from '../runtime/cri/containerd.ts';
import { criRuntime } from '../runtime/cri/cri-runtime.ts';
import { mountsBelow } from '../runtime/cri/mounts-below.ts';
import { startsAtOnce } from '../runtime/cri/turns.ts';
import { diskFiles } from '../runtime/disk-files.ts';
import type { NodeFiles } from '../runtime/files.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { machineNames, nodeNetwork } from './identity.ts';
import { readMembership } from './join/membership.ts';
import { advertisedAddress } from './join/own-address.ts';
import { keepContainerd } from './keep-containerd.ts';
import { refuseNeighbours } from './neighbours.ts';
import { closeNetwork, openNetwork, run } from './network.ts';
import { closeLink, linkPrefix, nodeLink } from './node-link.ts';
import { type ClusterOptions, formatIpv4, rangeOf } from './options.ts';
import { endOverlay, overlayDevice, overlayMtu } from './overlay/overlay.ts';
import { nodePathsOf, nodesDirectory, pathsOf } from './paths.ts';
import { nodeShares } from './ranges.ts';

/** A runtime with the files that its containers see. */
export interface NodeRuntime {
  readonly runtime: Runtime;
  readonly files: NodeFiles;
}

/** Sets the fence and the bridge of the first node. Must come before anything that could send a packet to a pod or Service. */
export async function openNodeNetwork(options: ClusterOptions): Promise<void> {
  const names = machineNames(options.dataDir);
  await refuseNeighbours(names, linkPrefix(options.dataDir), [...options.clusterCidrs, ...options.serviceCidrs]);
  const { address } = nodeNetwork(options.clusterCidr, 0);
  const facts = {
    ...names,
    uplinks: [
      ...(options.nodes > 1 ? [`${linkPrefix(options.dataDir)}n*`] : []),
      ...(advertisedAddress(options) === undefined ? [] : [overlayDevice(options.dataDir)]),
    ],
    clusterCidrs: options.clusterCidrs,
    serviceCidrs: options.serviceCidrs,
    kubernetes: { ip: formatIpv4(rangeOf(options.serviceCidr).first + 1), apiIp: address, apiPort: options.port },
  };
  await openNetwork(facts, nodeShares(options.clusterCidrs, 0));
  // The machine takes what is addressed to the pool, and says so to those who ask on its links. It ends with the bridge.
  const { loadBalancerPool } = options;
  if (loadBalancerPool !== undefined) await run('ip', ['route', 'replace', 'local', loadBalancerPool, 'dev', names.bridge]);
}

/** Starts containerd, or finds the one that still runs, or takes the person's own; its containers outlive this process. */
export async function openRealRuntime(options: ClusterOptions, clock: Clock, log: Log): Promise<NodeRuntime> {
  const endpoint = options.runtimeEndpoint ?? (await startContainerd(await containerdOptions(options))).endpoint;
  return { runtime: criRuntime({ endpoint, clock, log, startsAtOnce }), files: diskFiles() };
}

/** Keeps the containerd of the first node there; a person's own is theirs to keep. */
export async function keepRealRuntime(options: ClusterOptions, clock: Clock, log: Log): Promise<Service> {
  if (options.runtimeEndpoint !== undefined) return { stop: async () => {} };
  const containerd = await containerdOptions(options);
  return keepContainerd({ runs: () => runningContainerd(containerd) !== undefined, start: () => startContainerd(containerd) }, clock, log);
}

async function containerdOptions(options: ClusterOptions): Promise<Parameters<typeof startContainerd>[0]> {
  const names = machineNames(options.dataDir);
  const dataDir = pathsOf(options.dataDir).runtime;
  const advertised = advertisedAddress(options);
  return {
    dataDir,
    stateDir: names.stateDir,
    network: {
      ...{ bridge: names.bridge, podCidrs: nodeShares(options.clusterCidrs, 0), dataDir: `${dataDir}/cni/addresses` },
      // Packets of pods must fit into the overlay.
      ...(advertised === undefined ? {} : { mtu: await overlayMtu(advertised) }),
    },
    mirrors: options.registryMirrors,
  };
}

/** Where this data directory's containerd listens; nothing may be there. */
export function containerdOf(dataDir: string): { readonly dataDir: string; readonly stateDir: string; readonly socket: string } {
  const where = { dataDir: pathsOf(dataDir).runtime, stateDir: machineNames(dataDir).stateDir };
  return { ...where, socket: containerdPaths(where).socket };
}

/** The process id of this data directory's containerd; undefined where none runs. */
export function containerdPid(dataDir: string): number | undefined {
  return runningContainerd(containerdOf(dataDir));
}

/** Ends every pod of this data directory's nodes, their containerds, links, the bridge and the rules. What is not there is no error. */
export async function endRealRuntime(dataDir: string, clock: Clock, log: Log): Promise<void> {
  const first = containerdOf(dataDir);
  const cgroupRoot = readMembership(dataDir)?.cgroupRoot ?? '/kubepods';
  await endContainers({ ...first, cgroupRoot, kubelet: pathsOf(dataDir).kubelet }, clock, log);
  removeLogLinks(pathsOf(dataDir).podLogs);
  await Promise.all(
    furtherNodes(dataDir).map(async (index) => {
      // The range of pods is of no matter for what is taken away.
      const link = nodeLink(dataDir, ['0.0.0.0/8'], index);
      const paths = nodePathsOf(dataDir, link.node);
      const where = { dataDir: paths.runtime, stateDir: `${first.stateDir}-${link.node}` };
      const socket = containerdPaths(where).socket;
      await endContainers({ ...where, socket, cgroupRoot: `/${link.node}/kubepods`, kubelet: paths.kubelet }, clock, log);
      await removeNodeCgroups(link.node);
      removeLogLinks(paths.podLogs);
      await closeLink(link);
    }),
  );
  await endOverlay(dataDir);
  await closeNetwork(machineNames(dataDir));
}

/** The indexes of the nodes beyond the first that this data directory has had. */
function furtherNodes(dataDir: string): readonly number[] {
  const directory = nodesDirectory(dataDir);
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => {
    const number = Number(/^node(\d+)$/.exec(name)?.[1] ?? 0);
    return number > 1 ? [number - 1] : [];
  });
}

interface NodeContainers {
  readonly dataDir: string;
  readonly stateDir: string;
  readonly socket: string;
  readonly cgroupRoot: string;
  /** The kubelet's directory. */
  readonly kubelet: string;
}

/** Ends every pod, then containerd; what an earlier Peapod had no time to take away of pods that were gone goes too. */
async function endContainers({ socket, cgroupRoot, kubelet, ...where }: NodeContainers, clock: Clock, log: Log): Promise<void> {
  const ended = runningContainerd(where) === undefined ? [] : await endSandboxes(socket, clock, log);
  await stopContainerd(where);
  const directories = existsSync(`${kubelet}/pods`) ? readdirSync(`${kubelet}/pods`) : [];
  // The kernel keeps a cgroup for a moment after its last process.
  for (const uid of new Set([...ended, ...directories]))
    for (const path of cgroupsOf(uid, cgroupRoot))
      for (let tries = 0; tries < 25 && !(await machineCgroups.remove(path)); tries++) await clock.sleep(20);
  await removeEmptyRoot(cgroupRoot);
  // The kubelet's memory volumes are mounted in this namespace and belong to pods that are no more.
  for (const mount of mountsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), [kubelet])) await run('umount', [mount]);
}

/** Returns the uids of their pods. */
async function endSandboxes(socket: string, clock: Clock, log: Log): Promise<readonly string[]> {
  const runtime = criRuntime({ endpoint: `unix://${socket}`, clock, log });
  try {
    const sandboxes = await runtime.listSandboxes();
    const containers = await runtime.listContainers();
    await Promise.all(containers.filter(({ state }) => state === 'running').map(({ id }) => runtime.stopContainer(id, 2)));
    for (const { id } of sandboxes) {
      await runtime.stopSandbox(id);
      await runtime.removeSandbox(id);
    }
    return sandboxes.map(({ metadata }) => metadata.uid);
  } finally {
    await runtime.close();
  }
}

/** Links to the logs of containers that are no more. */
function removeLogLinks(podLogs: string): void {
  const directory = '/var/log/containers';
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const path = `${directory}/${name}`;
    if (lstatSync(path).isSymbolicLink() && readlinkSync(path).startsWith(`${podLogs}/`)) unlinkSync(path);
  }
}
