// Owns names on a node of a cluster that has no DNS server of its own (a control plane without nodes has none): the node answers its own pods.
import { hasReason } from '../../api/status-error.ts';
import type { Service } from '../../base/service.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import { startDns } from '../../dns/dns.ts';
import type { Outside } from '../lone-components.ts';
import { inRanges, rangeOfFamily } from '../ranges.ts';
import { clusterDomain, dnsAddress, hostUpstreams } from '../service-network.ts';

/** Whether the cluster has a Service for names, by Peapod's control plane or a person's own. */
export async function hasNames(client: Client): Promise<boolean> {
  try {
    await client.get(resources.services, { namespace: 'kube-system', name: 'kube-dns' });
    return true;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

/** What the server works with. `address`: the node's, where it listens. */
export interface JoinedNamesOptions extends Outside {
  readonly client: Client;
  readonly address: string;
  readonly clusterCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
}

/** Answers at the node's own address; the node's rules send there what is asked of the Service range's tenth. Resolves when it answers. */
export function answerNames({ address, clusterCidrs, serviceCidrs, ...options }: JoinedNamesOptions): Promise<Service> {
  const serverIp = dnsAddress(rangeOfFamily(serviceCidrs, 4) ?? '');
  return startDns({
    ...options,
    host: address,
    port: 53,
    domain: clusterDomain,
    serverIp,
    owns: (ip) => inRanges(ip, [...clusterCidrs, ...serviceCidrs]),
    upstreams: hostUpstreams([address, serverIp]),
  });
}
