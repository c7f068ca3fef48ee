// Owns what of the cluster has a name: Services, their endpoints and namespaces, findable by name and by address. It refuses to know DNS.
import type { Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import { formatAddress, parseAddress } from '../api/ip-address.ts';

/** A port that a name can be asked for. */
export interface NamedPort {
  /** '' where the Service's only port has none. */
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

/** An address behind a Service, with the label that it has below the Service's name. */
export interface NamedEndpoint {
  readonly label: string;
  readonly ip: string;
  readonly ports: readonly NamedPort[];
}

/** A Service as DNS shows it. */
export interface NamedService {
  readonly namespace: string;
  readonly name: string;
  /** Empty for headless ones. */
  readonly clusterIps: readonly string[];
  /** '' where it is none. */
  readonly externalName: string;
  readonly ports: readonly NamedPort[];
  readonly endpoints: readonly NamedEndpoint[];
}

type Protocol = NamedPort['protocol'];

/** A Service and its slices as DNS shows them. Pure. Endpoints count while they are ready, which those of `publishNotReadyAddresses` always are. */
export function namedService({ metadata, spec }: Service, slices: readonly EndpointSlice[]): NamedService {
  const ips = (spec?.clusterIPs ?? [spec?.clusterIP ?? '']).flatMap(spelled);
  const external = spec?.type === 'ExternalName';
  const portOf = (name: string | undefined, protocol: string | undefined, port: number): NamedPort => ({
    name: (name ?? '').toLowerCase(),
    protocol: (protocol ?? 'TCP').toLowerCase() as Protocol,
    port,
  });
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    clusterIps: external ? [] : ips,
    externalName: external ? (spec?.externalName ?? '').replace(/\.$/, '') : '',
    ports: (spec?.ports ?? []).map(({ name, protocol, port }) => portOf(name, protocol, port)),
    endpoints: external
      ? []
      : slices.flatMap(({ endpoints, ports, addressType }) => {
          if (addressType === 'FQDN') return [];
          const open = (ports ?? []).flatMap(({ name, protocol, port }) => (port === undefined ? [] : [portOf(name, protocol, port)]));
          return (endpoints ?? [])
            .filter(({ conditions }) => conditions?.ready ?? true)
            .flatMap(({ addresses, hostname }) =>
              addresses.flatMap(spelled).map((ip) => ({ label: hostname || dashed(ip), ip, ports: open })),
            );
        }),
  };
}

/** An address in its one spelling; none where it is no address. */
function spelled(text: string): readonly string[] {
  const address = parseAddress(text);
  return address === undefined ? [] : [formatAddress(address)];
}

/** `10-42-0-5`, as endpoints without a hostname and pods are named. */
export function dashed(ip: string): string {
  return ip.replace(/[.:]/g, '-');
}

/** All that has a name. */
export class ClusterRecords {
  readonly #services = new Map<string, NamedService>();
  readonly #byAddress = new Map<string, Set<string>>();
  readonly #namespaces = new Set<string>();
  #generation = 0;

  /** Goes up with every change: what was answered before may no longer be right. */
  get generation(): number {
    return this.#generation;
  }

  /** Puts a Service in, or takes it out (undefined). */
  set(namespace: string, name: string, service: NamedService | undefined): void {
    const key = `${namespace}/${name}`;
    const old = this.#services.get(key);
    for (const ip of old === undefined ? [] : addressesOf(old)) {
      const keys = this.#byAddress.get(ip);
      keys?.delete(key);
      if (keys?.size === 0) this.#byAddress.delete(ip);
    }
    if (service === undefined) this.#services.delete(key);
    else {
      this.#services.set(key, service);
      for (const ip of addressesOf(service)) {
        const keys = this.#byAddress.get(ip) ?? new Set();
        this.#byAddress.set(ip, keys.add(key));
      }
    }
    this.#generation++;
  }

  setNamespace(name: string, exists: boolean): void {
    if (exists) this.#namespaces.add(name);
    else this.#namespaces.delete(name);
    this.#generation++;
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.has(name);
  }

  service(namespace: string, name: string): NamedService | undefined {
    return this.#services.get(`${namespace}/${name}`);
  }

  /** The Services that an address belongs to, itself or through an endpoint. */
  byAddress(ip: string): readonly NamedService[] {
    return [...(this.#byAddress.get(ip) ?? [])].flatMap((key) => this.#services.get(key) ?? []);
  }
}

function addressesOf({ clusterIps, endpoints }: NamedService): readonly string[] {
  return [...clusterIps, ...endpoints.map(({ ip }) => ip)];
}
