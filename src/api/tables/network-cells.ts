// Owns the rows of services, endpoints, ingresses, network policies and addresses.
import { fieldsAt, listAt, numberAt, textAt, textsAt, valueAt } from './fields.ts';
import { ageOf, cutShort, formatLabelSelector, formatLabels } from './format.ts';

type Cells = readonly unknown[];
const nameOf = (object: unknown): string => textAt(object, 'metadata', 'name');
const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** Addresses of a load balancer, sorted, each once. */
function balancerAddresses(object: unknown): readonly string[] {
  const all = listAt(object, 'status', 'loadBalancer', 'ingress').map((one) => textAt(one, 'ip') || textAt(one, 'hostname'));
  return [...new Set(all.filter((one) => one !== ''))].sort();
}

function externalAddress(service: unknown): string {
  const external = textsAt(service, 'spec', 'externalIPs');
  switch (textAt(service, 'spec', 'type')) {
    case 'ClusterIP':
    case 'NodePort':
      return external.length > 0 ? external.join(',') : '<none>';
    case 'LoadBalancer':
      return [...balancerAddresses(service), ...external].join(',') || '<pending>';
    case 'ExternalName':
      return textAt(service, 'spec', 'externalName');
    default:
      return '<unknown>';
  }
}

/** Cells of a service: Name, Type, Cluster-IP, External-IP, Port(s), Age, Selector. */
export function serviceCells(service: unknown, nowMs: number): Cells {
  const ports = listAt(service, 'spec', 'ports').map((port) => {
    const node = numberAt(port, 'nodePort');
    return `${numberAt(port, 'port')}${node > 0 ? `:${node}` : ''}/${textAt(port, 'protocol')}`;
  });
  return [
    nameOf(service),
    textAt(service, 'spec', 'type'),
    textsAt(service, 'spec', 'clusterIPs')[0] || textAt(service, 'spec', 'clusterIP') || '<none>',
    externalAddress(service),
    ports.length === 0 ? '<none>' : ports.join(','),
    ageOf(service, nowMs),
    formatLabels(fieldsAt(service, 'spec', 'selector')),
  ];
}

/** Cells of endpoints: Name, Endpoints, Age. */
export function endpointsCells(endpoints: unknown, nowMs: number): Cells {
  const subsets = listAt(endpoints, 'subsets');
  const texts = subsets.flatMap((subset) => {
    const addresses = listAt(subset, 'addresses').map((one) => textAt(one, 'ip'));
    const ports = listAt(subset, 'ports').map((one) => numberAt(one, 'port'));
    return ports.length === 0 ? addresses : ports.flatMap((port) => addresses.map((address) => hostPort(address, port)));
  });
  return [nameOf(endpoints), subsets.length === 0 ? '<none>' : cutShort(texts, 3), ageOf(endpoints, nowMs)];
}

/** Cells of an endpoint slice: Name, AddressType, Ports, Endpoints, Age. */
export function endpointSliceCells(slice: unknown, nowMs: number): Cells {
  const ports = listAt(slice, 'ports').map(
    (port) => textAt(port, 'port') || (valueAt(port, 'name') === undefined ? '*' : textAt(port, 'name')),
  );
  const addresses = listAt(slice, 'endpoints').flatMap((endpoint) => textsAt(endpoint, 'addresses'));
  const shown = (texts: readonly string[]): string => cutShort(texts, 3) || '<unset>';
  return [nameOf(slice), textAt(slice, 'addressType'), shown(ports), shown(addresses), ageOf(slice, nowMs)];
}

/** Cells of an ingress: Name, Class, Hosts, Address, Ports, Age. */
export function ingressCells(ingress: unknown, nowMs: number): Cells {
  const rules = listAt(ingress, 'spec', 'rules');
  const hosted = [...rules.keys()].filter((index) => textAt(rules[index], 'host') !== '');
  const hosts = hosted.map((index) => textAt(rules[index], 'host'));
  const third = hosted[2] ?? rules.length;
  const more = third < rules.length - 1 ? ` + ${rules.length - 3} more...` : '';
  return [
    nameOf(ingress),
    textAt(ingress, 'spec', 'ingressClassName') || '<none>',
    hosts.length === 0 ? '*' : `${hosts.slice(0, 3).join(',')}${more}`,
    balancerAddresses(ingress).join(','),
    listAt(ingress, 'spec', 'tls').length > 0 ? '80, 443' : '80',
    ageOf(ingress, nowMs),
  ];
}

/** Cells of an ingress class: Name, Controller, Parameters, Age. */
export function ingressClassCells(ingressClass: unknown, nowMs: number): Cells {
  const parameters = valueAt(ingressClass, 'spec', 'parameters');
  const group = textAt(parameters, 'apiGroup');
  const kind = `${textAt(parameters, 'kind')}${group === '' ? '' : `.${group}`}`;
  const shown = parameters === undefined ? '<none>' : `${kind}/${textAt(parameters, 'name')}`;
  return [nameOf(ingressClass), textAt(ingressClass, 'spec', 'controller'), shown, ageOf(ingressClass, nowMs)];
}

/** Cells of a network policy: Name, Pod-Selector, Age. */
export function networkPolicyCells(policy: unknown, nowMs: number): Cells {
  return [nameOf(policy), formatLabelSelector(valueAt(policy, 'spec', 'podSelector')), ageOf(policy, nowMs)];
}

/** Three cells under two columns: upstream prints an age that it has no column for. */
export function ipAddressCells(address: unknown, nowMs: number): Cells {
  const parent = valueAt(address, 'spec', 'parentRef');
  const path = ['resource', 'namespace', 'name'].map((field) => textAt(parent, field)).join('/');
  return [nameOf(address), parent === undefined ? '<none>' : path, ageOf(address, nowMs)];
}

/** Cells of a range of service addresses: Name, CIDRs, Age. */
export function serviceCidrCells(range: unknown, nowMs: number): Cells {
  return [nameOf(range), textsAt(range, 'spec', 'cidrs').join(','), ageOf(range, nowMs)];
}
