// Owns the defaults of Services and Endpoints; addresses and node ports are allocated elsewhere.
import type { Endpoints, Service, ServicePort, ServiceSpec } from './v1.ts';

const affinitySeconds = 10_800;

function defaultPort(port: ServicePort): ServicePort {
  const unset = port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '';
  return { ...port, protocol: port.protocol || 'TCP', targetPort: unset ? port.port : (port.targetPort ?? port.port) };
}

function affinity(spec: ServiceSpec): Pick<ServiceSpec, 'sessionAffinity' | 'sessionAffinityConfig'> {
  if (spec.sessionAffinity !== 'ClientIP') return { sessionAffinity: spec.sessionAffinity || 'None' };
  const known = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  return {
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: known === undefined ? { clientIP: { timeoutSeconds: affinitySeconds } } : spec.sessionAffinityConfig,
  };
}

/** The Service with upstream's defaults. */
export function defaultService(service: Service): Service {
  const { sessionAffinityConfig: kept, ...spec } = service.spec ?? {};
  const type = spec.type || 'ClusterIP';
  const external = type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
  const internal = type === 'LoadBalancer' || type === 'NodePort' || type === 'ClusterIP';
  const ingress = service.status?.loadBalancer?.ingress;
  return {
    ...service,
    spec: {
      ...spec,
      ...(spec.ports === undefined ? {} : { ports: spec.ports.map(defaultPort) }),
      ...affinity({
        ...spec,
        ...(kept === undefined || spec.sessionAffinity === 'None' || !spec.sessionAffinity ? {} : { sessionAffinityConfig: kept }),
      }),
      ...(kept !== undefined && spec.sessionAffinity && spec.sessionAffinity !== 'None' && spec.sessionAffinity !== 'ClientIP'
        ? { sessionAffinityConfig: kept }
        : {}),
      type: type as ServiceSpec['type'],
      ...(external ? { externalTrafficPolicy: spec.externalTrafficPolicy || 'Cluster' } : {}),
      ...(internal ? { internalTrafficPolicy: spec.internalTrafficPolicy ?? 'Cluster' } : {}),
      ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: spec.allocateLoadBalancerNodePorts ?? true } : {}),
    },
    ...(type === 'LoadBalancer' && ingress !== undefined
      ? {
          status: {
            ...service.status,
            loadBalancer: {
              ...service.status?.loadBalancer,
              ingress: ingress.map((one) => (one.ip && one.ipMode === undefined ? { ...one, ipMode: 'VIP' } : one)),
            },
          },
        }
      : {}),
  };
}

/** The Endpoints with upstream's defaults. */
export function defaultEndpoints(endpoints: Endpoints): Endpoints {
  if (endpoints.subsets === undefined) return endpoints;
  const subsets = endpoints.subsets.map((subset) =>
    subset.ports === undefined
      ? subset
      : { ...subset, ports: subset.ports.map((port) => ({ ...port, protocol: port.protocol || ('TCP' as const) })) },
  );
  return { ...endpoints, subsets };
}
