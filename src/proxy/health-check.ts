// Owns what a load balancer that asks a Service's health-check node port is told: how many of its endpoints are on this node. Pure.
import type { Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import { familyOf } from './service-port.ts';

/** A Service that is asked about at a port of each node. */
export interface HealthCheck {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  /** Ready endpoints on this node, of the Service's first family, each address once. */
  readonly localEndpoints: number;
}

/** The check of a Service; undefined for those that have no such port. */
export function healthCheckOf({ metadata, spec }: Service, slices: readonly EndpointSlice[], node: string): HealthCheck | undefined {
  const port = spec?.healthCheckNodePort ?? 0;
  if (spec?.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local' || port === 0) return undefined;
  const family = familyOf(spec.clusterIPs?.[0] ?? spec.clusterIP ?? '') === 'ip' ? 'IPv4' : 'IPv6';
  const here = slices.flatMap(({ addressType, endpoints }) =>
    (addressType === family ? (endpoints ?? []) : []).flatMap(({ nodeName, conditions, addresses }) =>
      nodeName === node && (conditions?.ready ?? true) ? addresses.slice(0, 1) : [],
    ),
  );
  return { namespace: metadata.namespace ?? '', name: metadata.name, port, localEndpoints: new Set(here).size };
}

/** The answer, in the words of upstream's proxy: 200 where the node has endpoints, else 503. */
export function healthAnswer({ namespace, name, localEndpoints }: HealthCheck): {
  readonly code: 200 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: true };
  return {
    code: localEndpoints > 0 ? 200 : 503,
    headers: {
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'x-load-balancing-endpoint-weight': String(localEndpoints),
    },
    body: JSON.stringify(body, undefined, '\t'),
  };
}
