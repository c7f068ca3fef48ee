// Owns the variables that tell a container where the services of its namespace are. Pure.
import type { Service } from '../../api/core/v1.ts';

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

function variablesOf(service: Service): readonly (readonly [string, string])[] {
  const ip = service.spec?.clusterIP ?? '';
  const ports = service.spec?.ports ?? [];
  const first = ports[0];
  if (ip === '' || ip === 'None' || first === undefined) return [];
  const name = variableName(service.metadata.name ?? '');
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const url = (port: (typeof ports)[number]): string => `${(port.protocol ?? 'TCP').toLowerCase()}://${host}:${port.port}`;
  return [
    [`${name}_SERVICE_HOST`, ip],
    [`${name}_SERVICE_PORT`, String(first.port)],
    ...ports.flatMap((port) =>
      port.name === undefined || port.name === '' ? [] : [[`${name}_SERVICE_PORT_${variableName(port.name)}`, String(port.port)] as const],
    ),
    [`${name}_PORT`, url(first)],
    ...ports.flatMap((port): (readonly [string, string])[] => {
      const protocol = port.protocol ?? 'TCP';
      const prefix = `${name}_PORT_${port.port}_${protocol}`;
      return [
        [prefix, url(port)],
        [`${prefix}_PROTO`, protocol.toLowerCase()],
        [`${prefix}_PORT`, String(port.port)],
        [`${prefix}_ADDR`, ip],
      ];
    }),
  ];
}

/** Variables for `services`: those of the namespace where links are wanted, and the API server's in any case. */
export function serviceVariables(services: readonly Service[], namespace: string, links: boolean): ReadonlyMap<string, string> {
  const isMaster = ({ metadata }: Service): boolean => metadata.namespace === 'default' && metadata.name === 'kubernetes';
  const master = services.filter(isMaster);
  const own = links ? services.filter((service) => service.metadata.namespace === namespace && !isMaster(service)) : [];
  return new Map([...master, ...own].flatMap(variablesOf));
}
