// Owns the validation of a Service's ports.
import { duplicate, forbiddenValue, required } from '../causes.ts';
import { type Causes, checkDnsLabel, checkName, checkOneOf, checkPort } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { qualifiedNameErrors } from '../names.ts';
import { checkPortOrName } from './probe-validation.ts';
import type { ServicePort, ServiceSpec } from './v1.ts';

function checkOne(port: ServicePort, named: boolean, names: Set<string>, at: string, out: Causes): void {
  const name = port.name ?? '';
  if (named && name === '') out.push(required(`${at}.name`));
  else if (name !== '') {
    checkDnsLabel(name, `${at}.name`, out);
    if (names.has(name)) out.push(duplicate(`${at}.name`, name));
    names.add(name);
  }
  checkPort(port.port ?? 0, `${at}.port`, out);
  if (!port.protocol) out.push(required(`${at}.protocol`));
  else checkOneOf(port.protocol, ['SCTP', 'TCP', 'UDP'], `${at}.protocol`, out);
  checkPortOrName(port.targetPort ?? 0, `${at}.targetPort`, out);
  if (port.appProtocol !== undefined) checkName(qualifiedNameErrors(port.appProtocol), port.appProtocol, `${at}.appProtocol`, out);
}

/** Each port by itself. */
export function checkServicePorts(ports: readonly ServicePort[], out: Causes): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) checkOne(port, ports.length > 1, names, `spec.ports[${index}]`, out);
}

/** The ports among each other: no protocol and number twice, neither inside nor on the nodes, and on the nodes only where the type has it. */
export function checkPortsTogether({ type, ports = [] }: ServiceSpec, out: Causes): void {
  if (type === 'ClusterIP')
    for (const [index, port] of ports.entries())
      if (port.nodePort) out.push(forbiddenValue(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
  const onNodes = new Set<string>();
  const inside = new Set<string>();
  for (const [index, { protocol, nodePort }] of ports.entries()) {
    if (!nodePort) continue;
    const key = `${protocol}/${nodePort}`;
    if (onNodes.has(key)) out.push(duplicate(`spec.ports[${index}].nodePort`, nodePort));
    onNodes.add(key);
  }
  for (const [index, { protocol, port }] of ports.entries()) {
    const key = `${protocol}/${port}`;
    if (inside.has(key)) out.push(duplicate(`spec.ports[${index}]`, goStruct('io.k8s.api.core.v1.ServicePort', { protocol, port })));
    inside.add(key);
  }
}
