// Owns the Services and the names of a cluster with real pods: its proxy and its DNS server, with the rights that each has.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ApiServer } from '../apiserver/api-server.ts';
import { apiServerUser, componentUser, serviceAccountUser } from '../apiserver/auth/user.ts';
import type { Service } from '../base/service.ts';
import { startDns } from '../dns/dns.ts';
import type { Upstream } from '../dns/forwarder.ts';
import { openHealthChecks } from '../proxy/health-check-servers.ts';
import { startProxy } from '../proxy/proxy.ts';
import { bootstrap } from './bootstrap.ts';
import { conntrackOf } from './conntrack.ts';
import { dnsAccount, dnsObjects } from './dns-objects.ts';
import { machineNames, nodeNameOf, nodeNetwork } from './identity.ts';
import type { Outside } from './lone-components.ts';
import { run } from './network.ts';
import { linkPrefix } from './node-link.ts';
import { type ClusterOptions, formatIpv4, rangeOf } from './options.ts';
import { enforcePolicies, policyReaders, policyUser } from './policy-network.ts';
import { inRanges, nodeShares } from './ranges.ts';

/** The domain of Services and pods. */
export const clusterDomain = 'cluster.local';

/** Where pods ask for names: the service range's tenth address. */
export function dnsAddress(serviceCidr: string): string {
  return formatIpv4(rangeOf(serviceCidr).first + 10);
}

/** Applies a transaction of rules. */
export async function applyRules(text: string): Promise<void> {
  await run('nft', ['-f', '-'], text);
}

/** Starts what was not left out; resolves when Services are programmed and names are answered. */
export async function startServiceNetwork(server: ApiServer, options: ClusterOptions, outside: Outside): Promise<readonly Service[]> {
  const { clusterCidr, clusterCidrs, serviceCidr, serviceCidrs, without, dataDir } = options;
  const { address } = nodeNetwork(clusterCidr, 0);
  const names = machineNames(dataDir);
  const services: Service[] = [];
  try {
    if (!without.has('dns')) {
      const serviceIp = dnsAddress(serviceCidr);
      await bootstrap(server.client(apiServerUser), dnsObjects({ serviceIp, serverIp: address }));
      const dns = startDns({
        ...outside,
        log: outside.log.with({ component: 'dns' }),
        client: server.client(serviceAccountUser(dnsAccount.namespace, dnsAccount.name)),
        host: address,
        port: 53,
        domain: clusterDomain,
        serverIp: serviceIp,
        owns: (ip) => inRanges(ip, [...clusterCidrs, ...serviceCidrs]),
        upstreams: hostUpstreams([address, serviceIp]),
      });
      services.push(await dns);
    }
    await bootstrap(server.client(apiServerUser), policyReaders);
    const policies = enforcePolicies({
      ...outside,
      log: outside.log.with({ component: 'network policies' }),
      client: server.client(policyUser),
      nodeName: nodeNameOf(0),
      podCidrs: nodeShares(clusterCidrs, 0),
      clusterCidr,
      table: names.policiesTable,
      apply: applyRules,
    });
    services.push(policies);
    if (!without.has('proxy')) {
      const proxy = startProxy({
        ...outside,
        log: outside.log.with({ component: 'proxy' }),
        client: server.client(componentUser('system:kube-proxy')),
        nodeName: nodeNameOf(0),
        clusterCidrs,
        table: names.servicesTable,
        // Whoever chose to be reachable from elsewhere is, node ports included.
        nodePortsFrom: options.bind.startsWith('127.') ? ['lo', names.bridge, `${linkPrefix(dataDir)}n*`] : undefined,
        apply: applyRules,
        conntrack: conntrackOf(),
        healthChecks: openHealthChecks(options.bind.startsWith('127.') ? ['127.0.0.1', address] : ['0.0.0.0'], outside.log),
      });
      services.push(proxy);
      await proxy.ready;
    }
    // Pods begin after that.
    await policies.ready;
    return services;
  } catch (error) {
    await Promise.all(services.map((service) => service.stop()));
    throw error;
  }
}

/** The servers that this machine asks, but for those that are ourselves. */
export function hostUpstreams(own: readonly string[]): readonly Upstream[] {
  let text = '';
  try {
    text = readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    // A machine without the file asks nobody: names beyond the cluster are then not found.
    return [];
  }
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .flatMap(([, host]) => (host === undefined || isIP(host) === 0 || own.includes(host) ? [] : [{ host, port: 53 }]))
    .slice(0, 3);
}
