// Owns a pod's resolver configuration and host names: dnsPolicy, dnsConfig, hostname, subdomain, /etc/hosts. Pure.
import type { Pod } from '../../api/core/v1.ts';
import type { DnsConfig } from '../../runtime/runtime.ts';
import { ConfigError } from '../env/downward.ts';
import { fitDns } from './dns-limits.ts';

export interface DnsFacts {
  /** The cluster's DNS service; empty where there is none. */
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** The node's own resolver configuration. */
  readonly node: DnsConfig;
}

/** The text of a resolv.conf as a configuration. */
export function parseResolvConf(text: string): DnsConfig {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  const of = (keyword: string): readonly string[] => rows.flatMap(([first, ...rest]) => (first === keyword ? rest : []));
  const searches = rows.findLast(([first]) => first === 'search')?.slice(1) ?? [];
  return { servers: of('nameserver'), searches: searches.filter((name) => name !== '.'), options: of('options') };
}

/** What the runtime is to write into the sandbox's resolv.conf, within what resolvers can take. */
export function dnsConfigOf(pod: Pod, facts: DnsFacts): DnsConfig {
  return fitDns(wantedDns(pod, facts)).config;
}

/** What people are told where a pod asks for more than resolvers can take. */
export function dnsWarnings(pod: Pod, facts: DnsFacts): readonly string[] {
  return fitDns(wantedDns(pod, facts)).warnings;
}

function wantedDns(pod: Pod, facts: DnsFacts): DnsConfig {
  const spec = pod.spec;
  const policy = spec?.dnsPolicy ?? 'ClusterFirst';
  const host = policy === 'Default' || (policy === 'ClusterFirst' && spec?.hostNetwork === true) || facts.clusterDns.length === 0;
  const namespace = pod.metadata.namespace ?? '';
  const domain = facts.clusterDomain;
  const cluster: DnsConfig = {
    servers: facts.clusterDns,
    searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain, ...facts.node.searches],
    options: ['ndots:5'],
  };
  const base = policy === 'None' ? { servers: [], searches: [], options: [] } : host ? facts.node : cluster;
  const own = spec?.dnsConfig;
  const options = new Map<string, string | undefined>();
  for (const option of base.options) {
    const [name = '', value] = option.split(':');
    options.set(name, value);
  }
  for (const { name, value } of own?.options ?? []) if (name !== undefined) options.set(name, value);
  return {
    servers: [...new Set([...base.servers, ...(own?.nameservers ?? [])])],
    searches: [...new Set([...base.searches, ...(own?.searches ?? [])])],
    options: [...options].map(([name, value]) => (value === undefined ? name : `${name}:${value}`)),
  };
}

/** A pod's short name and, with a subdomain, its full one. */
export interface HostNames {
  /** What the kernel is told. */
  readonly hostname: string;
  readonly short: string;
  readonly full: string | undefined;
}

const longestHostname = 63;

/** Throws ConfigError where the full name is to be the host name and is too long for the kernel. */
export function hostNamesOf(pod: Pod, nodeName: string, clusterDomain: string): HostNames {
  const { name = '', namespace = '' } = pod.metadata;
  const spec = pod.spec;
  if (spec?.hostnameOverride !== undefined) return { hostname: spec.hostnameOverride, short: spec.hostnameOverride, full: undefined };
  if (spec?.hostNetwork === true) return { hostname: nodeName, short: nodeName, full: undefined };
  const short = (spec?.hostname ?? name).slice(0, longestHostname).replace(/[-.]+$/, '');
  const full =
    spec?.subdomain === undefined || spec.subdomain === '' ? undefined : `${short}.${spec.subdomain}.${namespace}.svc.${clusterDomain}`;
  if (spec?.setHostnameAsFQDN !== true || full === undefined) return { hostname: short, short, full };
  if (full.length > 64) {
    const why = `FQDN ${full} is too long (64 characters is the max, ${full.length} characters requested)`;
    throw new ConfigError(`failed to construct FQDN from pod hostname and cluster domain, ${why}`);
  }
  return { hostname: full, short, full };
}

/** The content of a pod's /etc/hosts. `nodeHosts` is the node's own file, which pods in the node's network get. */
export function hostsFile(pod: Pod, names: HostNames, podIps: readonly string[], nodeHosts: string): string {
  const aliases = pod.spec?.hostAliases ?? [];
  const added = aliases.map(({ ip, hostnames }) => `${[ip, ...(hostnames ?? [])].join('\t')}\n`).join('');
  const tail = aliases.length === 0 ? '' : `\n# Entries added by HostAliases.\n${added}`;
  if (pod.spec?.hostNetwork === true) return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${tail}`;
  const own = podIps.map((ip) => `${[ip, ...(names.full === undefined ? [] : [names.full]), names.short].join('\t')}\n`).join('');
  const local = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
  ];
  return `# Kubernetes-managed hosts file.\n${local.join('\n')}\n${own}${tail}`;
}
