// Owns the warnings about ports of containers that are told twice or contradict each other.
import type { Container, ContainerPort } from './v1.ts';

/** A port as Go prints it with %+v. */
function printed(port: ContainerPort): string {
  const { name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' } = port;
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}

/** Warnings about the ports of containers, each given with the field that it is. */
export function portWarnings(containers: readonly (readonly [Container, string])[]): readonly string[] {
  const known = new Map<string, { readonly port: ContainerPort; readonly at: string }[]>();
  const names = new Map<string, string>();
  const repeated: string[] = [];
  const named: string[] = [];
  for (const [container, where] of containers)
    for (const [index, port] of (container.ports ?? []).entries()) {
      const at = `${where}.ports[${index}]`;
      if (port.hostIP && !port.hostPort) repeated.push(`${at}: hostIP set without hostPort: ${printed(port)}`);
      const key = `${port.containerPort}/${port.protocol}`;
      const others = known.get(key) ?? [];
      for (const other of others) {
        const { hostIP = '', hostPort = 0 } = other.port;
        if ((port.hostIP ?? '') === hostIP && (port.hostPort ?? 0) === hostPort)
          repeated.push(`${at}: duplicate port definition with ${other.at}`);
        else if (!port.hostPort || hostPort === 0) repeated.push(`${at}: overlapping port definition with ${other.at}`);
        else if (port.hostPort === hostPort && !port.hostIP !== (hostIP === ''))
          repeated.push(`${at}: dangerously ambiguous port definition with ${other.at}`);
      }
      known.set(key, [...others, { port, at }]);
      if (!port.name) continue;
      const first = names.get(port.name);
      if (first === undefined) names.set(port.name, at);
      else
        named.push(
          `${at}: duplicate port name "${port.name}" with ${first}, services and probes that select ports by name will use ${first}`,
        );
    }
  return [...repeated, ...named];
}
