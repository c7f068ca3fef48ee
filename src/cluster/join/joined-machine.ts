// Owns the machine under a node that joined: its fence and bridge, its containerd, its rules for Services, its way to the other machines.
import { mkdirSync } from 'node:fs';
import { systemEntropy } from '../../base/entropy.ts';
import type { Service } from '../../base/service.ts';
import type { Client } from '../../client/client.ts';
import { openHealthChecks } from '../../proxy/health-check-servers.ts';
import { startProxy } from '../../proxy/proxy.ts';
import { runningContainerd, startContainerd } from '../../runtime/cri/containerd.ts';
import type { RegistryMirror } from '../../runtime/cri/containerd-config.ts';
import { conntrackOf } from '../conntrack.ts';
import { machineNames } from '../identity.ts';
import { keepContainerd } from '../keep-containerd.ts';
import type { Outside } from '../lone-components.ts';
import type { LoneKubeletOptions } from '../lone-kubelet.ts';
import { refuseNeighbours } from '../neighbours.ts';
import { openNetwork, whyNoIpv6 } from '../network.ts';
import { linkPrefix } from '../node-link.ts';
import { overlayFacts, overlayMtu, startOverlay } from '../overlay/overlay.ts';
import { pathsOf } from '../paths.ts';
import { enforcePolicies } from '../policy-network.ts';
import { nodeAddressIn, rangeOfFamily } from '../ranges.ts';
import { endRealRuntime } from '../real-runtime.ts';
import { applyRules, dnsAddress } from '../service-network.ts';
import { JoinError } from './join-error.ts';
import { answerNames, hasNames } from './joined-names.ts';
import { type Membership, readMembership, saveMembership } from './membership.ts';

/** What a machine is made of. */
export interface JoinedMachineParts extends Omit<Outside, 'entropy'> {
  /** Speaks as the node. */
  readonly client: Client;
  readonly dataDir: string;
  readonly membership: Membership;
  readonly clusterCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  /** The node's shares, that of IPv4 first. */
  readonly podCidrs: readonly string[];
  readonly mirrors: readonly RegistryMirror[];
}

/** A machine that is ready for a kubelet. Stopping it leaves containers, rules and routes alone: `down` takes them away. */
export interface JoinedMachine extends Service {
  /** What the kubelet must know of it. */
  readonly kubelet: Pick<LoneKubeletOptions, 'runtime' | 'endpoint' | 'rootDir' | 'podCidr' | 'manifestsDir' | 'logDir' | 'cgroupRoot'>;
}

/** Makes it, or brings what is there to its form. The fence comes before anything that could send a packet to a pod. */
export async function openJoinedMachine(parts: JoinedMachineParts): Promise<JoinedMachine> {
  const { client, dataDir, membership, clusterCidrs, serviceCidrs, podCidrs, mirrors, clock, log } = parts;
  const { ca, nodeName, nodeIp, cgroupRoot } = membership;
  const paths = pathsOf(dataDir);
  const names = machineNames(dataDir);
  const podCidr = podCidrs.join(',');
  const [address = ''] = podCidrs.map(nodeAddressIn);
  const [clusterCidr, serviceCidr] = [clusterCidrs, serviceCidrs].map((ranges) => rangeOfFamily(ranges, 4) ?? '') as [string, string];
  const six = podCidrs.some((share) => share.includes(':')) ? whyNoIpv6() : undefined;
  if (six !== undefined) throw new JoinError(`pods of this cluster have IPv6 addresses, which they cannot have here: ${six}`);
  const facts = overlayFacts(dataDir, ca, nodeIp, podCidrs.map(nodeAddressIn));
  const mtu = await overlayMtu(nodeIp);
  if (membership.podCidr !== undefined && membership.podCidr !== podCidr) {
    // The Node was deleted and is another one now. What still runs here has addresses that lead elsewhere.
    log.warn('the node has another share of the pod range: what runs here is ended first', { before: membership.podCidr, podCidr });
    await endRealRuntime(dataDir, clock, log);
  }
  await refuseNeighbours(names, linkPrefix(dataDir), [...clusterCidrs, ...serviceCidrs]);
  saveMembership(dataDir, { ...(readMembership(dataDir) ?? membership), podCidr });
  for (const directory of [paths.kubelet, paths.manifests, paths.podLogs]) mkdirSync(directory, { recursive: true });
  const named = await hasNames(client);
  const rules = {
    ...{ table: names.table, bridge: names.bridge, uplinks: [facts.device], clusterCidrs, serviceCidrs, kubernetes: undefined },
    ...(named ? {} : { names: { ip: dnsAddress(serviceCidr), to: address } }),
  };
  await openNetwork(rules, podCidrs);
  const network = { bridge: names.bridge, podCidrs, dataDir: `${paths.runtime}/cni/addresses`, mtu };
  const containerd = { dataDir: paths.runtime, stateDir: names.stateDir, network, mirrors };
  const { endpoint } = await startContainerd(containerd);
  const keeper = keepContainerd(
    { runs: () => runningContainerd(containerd) !== undefined, start: () => startContainerd(containerd) },
    clock,
    log,
  );
  const outside = { clock, entropy: systemEntropy, log };
  const dns = named ? undefined : await answerNames({ ...outside, client, address, clusterCidrs, serviceCidrs });
  const overlay = await startOverlay({ ...outside, client, isOwn: (name) => name === nodeName, facts });
  const proxy = startProxy({
    ...outside,
    client,
    nodeName,
    clusterCidrs,
    table: names.servicesTable,
    nodePortsFrom: undefined,
    apply: applyRules,
    conntrack: conntrackOf(),
    healthChecks: openHealthChecks(['0.0.0.0'], log),
  });
  const policies = enforcePolicies({ ...outside, client, nodeName, podCidrs, clusterCidr, table: names.policiesTable, apply: applyRules });
  // Pods begin when the policies are held.
  await policies.ready;
  return {
    kubelet: {
      runtime: 'cri',
      endpoint,
      rootDir: paths.kubelet,
      podCidr: podCidrs[0] ?? '',
      manifestsDir: paths.manifests,
      logDir: paths.podLogs,
      cgroupRoot,
    },
    async stop() {
      await Promise.all([proxy.stop(), policies.stop(), overlay.stop(), dns?.stop(), keeper.stop()]);
    },
  };
}
