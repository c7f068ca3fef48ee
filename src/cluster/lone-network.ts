// Owns starting the proxy or the DNS server alone, against any Kubernetes API.
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { startDns } from '../dns/dns.ts';
import { openHealthChecks } from '../proxy/health-check-servers.ts';
import { startProxy } from '../proxy/proxy.ts';
import { conntrackOf } from './conntrack.ts';
import type { Outside } from './lone-components.ts';
import { OptionError } from './option-error.ts';
import { addressIn, inRanges } from './ranges.ts';
import { applyRules, clusterDomain, hostUpstreams } from './service-network.ts';

/** The table of a proxy that no data directory owns. */
const loneTable = 'peapod_services';

/** What a lone proxy needs to know. */
export interface LoneProxyOptions extends Outside {
  readonly client: Client;
  readonly nodeName: string;
  /** The ranges of pods, one of each family at most. */
  readonly clusterCidrs: readonly string[];
}

/** Starts a proxy in this process's network; resolves when all Services are programmed. Its rules stay when it stops. */
export async function startLoneProxy(options: LoneProxyOptions): Promise<Service> {
  const healthChecks = openHealthChecks(['0.0.0.0'], options.log);
  const proxy = startProxy({
    ...options,
    table: loneTable,
    nodePortsFrom: undefined,
    apply: applyRules,
    healthChecks,
    conntrack: conntrackOf(),
  });
  await proxy.ready;
  return proxy;
}

/** What a lone DNS server needs to know. */
export interface LoneDnsOptions extends Outside {
  readonly client: Client;
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  readonly clusterCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
}

/** Starts a DNS server; resolves when it answers. Throws OptionError where its address cannot be had. */
export async function startLoneDns({ clusterCidrs, serviceCidrs, ...options }: LoneDnsOptions): Promise<Service> {
  const serverIp = addressIn(serviceCidrs[0] ?? '', 10);
  const owns = (ip: string): boolean => inRanges(ip, [...clusterCidrs, ...serviceCidrs]);
  try {
    return await startDns({ ...options, domain: clusterDomain, serverIp, owns, upstreams: hostUpstreams([options.host, serverIp]) });
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'].includes(String(error.code)))
      throw new OptionError(`cannot listen on ${options.host}:${options.port} (${String(error.code)}): choose another --bind or --port`);
    throw error;
  }
}
