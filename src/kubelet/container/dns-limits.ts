// Owns what resolvers can take of a resolver configuration, and what people are told where that is less than was asked for. Pure.
import type { DnsConfig } from '../../runtime/runtime.ts';

const mostServers = 3;
const mostSearches = 32;
const longestSearch = 253;
const longestSearchLine = 2048;

/** A configuration cut down to the limits, and an event's text for each that was exceeded. Limits and texts are upstream's. */
export interface FittedDns {
  readonly config: DnsConfig;
  readonly warnings: readonly string[];
}

export function fitDns(wanted: DnsConfig): FittedDns {
  const servers = wanted.servers.slice(0, mostServers);
  const searches = wanted.searches.slice(0, mostSearches).filter((search) => search.length <= longestSearch);
  while (searches.join(' ').length > longestSearchLine) searches.pop();
  const warnings: string[] = [];
  if (servers.length < wanted.servers.length) {
    const line = servers.join(' ');
    warnings.push(`Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${line}`);
  }
  if (searches.length < wanted.searches.length) {
    const line = searches.join(' ');
    warnings.push(`Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${line}`);
  }
  return { config: { ...wanted, servers, searches }, warnings };
}
