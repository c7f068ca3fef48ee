// Owns how the endpoints of the Service `kubernetes` name the control planes. Pure.
import type { AnyObject, Draft } from '../api/object.ts';
import type { Resource } from '../client/resource.ts';
import { resources } from '../client/resources.ts';

/** Where a control plane listens for pods. */
export interface Listening {
  readonly ip: string;
  readonly port: number;
  /** True where nobody can reach it there: it listens on the loopback, which endpoints may not name, and another address stands in. */
  readonly standsIn?: boolean;
}

/** Those of them that endpoints name: stand-ins only where there is nothing else. Pure. */
export function nameable(all: readonly Listening[]): readonly Listening[] {
  const reachable = all.filter(({ standsIn }) => standsIn !== true);
  return reachable.length > 0 ? reachable : all;
}

/** An object of the Service `kubernetes`. */
export interface EndpointsObject {
  readonly resource: Resource<AnyObject>;
  readonly object: Draft<AnyObject>;
}

/**
 * The Endpoints and EndpointSlices that name these control planes, which are in any order. A slice has one set of ports: the first port's is `kubernetes`,
 * those of others have their port behind the name. Pure.
 */
export function kubernetesEndpoints(all: readonly Listening[]): readonly EndpointsObject[] {
  const ports = [...new Set(all.map(({ port }) => port))].toSorted((one, other) => one - other);
  const ipsAt = (port: number): readonly string[] => [...new Set(all.filter((one) => one.port === port).map(({ ip }) => ip))].toSorted();
  const named = (port: number): readonly object[] => [{ name: 'https', port, protocol: 'TCP' }];
  const untyped = (resource: unknown): Resource<AnyObject> => resource as Resource<AnyObject>;
  return [
    {
      resource: untyped(resources.endpoints),
      object: {
        metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
        subsets: ports.map((port) => ({ addresses: ipsAt(port).map((ip) => ({ ip })), ports: named(port) })),
      },
    },
    ...ports.map((port, index) => ({
      resource: untyped(resources.endpointSlices),
      object: {
        metadata: {
          name: index === 0 ? 'kubernetes' : `kubernetes-${port}`,
          namespace: 'default',
          labels: { 'kubernetes.io/service-name': 'kubernetes' },
        },
        addressType: all[0]?.ip.includes(':') ? 'IPv6' : 'IPv4',
        endpoints: ipsAt(port).map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
        ports: named(port),
      },
    })),
  ];
}
