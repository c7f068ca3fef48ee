// Owns the validation of endpoint slices.
import { duplicate, invalidValue, notSupported, required, tooMany } from '../causes.ts';
import { type Causes, checkDnsLabel, checkName } from '../field-checks.ts';
import { parseAddress } from '../ip-address.ts';
import { checkEndpointIp, checkIp, ipWarnings } from '../ip-checks.ts';
import { immutable, labelCauses } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors, labelValueErrors, qualifiedNameErrors } from '../names.ts';
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from './v1.ts';

const types = ['FQDN', 'IPv4', 'IPv6'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const most = { endpoints: 1000, addresses: 100, ports: 20_000, topology: 16, hints: 8 };

function checkAddress(address: string, type: string, at: string, index: number, out: Causes): void {
  const here = `${at}[${index}]`;
  if (type === 'FQDN') return checkFullName(address, here, out);
  if (type !== 'IPv4' && type !== 'IPv6') return;
  if (!checkIp(address, here, out)) return;
  if (`IPv${parseAddress(address)?.family}` !== type) out.push(invalidValue(at, address, `must be an ${type} address`));
  checkEndpointIp(address, here, out);
}

function checkFullName(name: string, at: string, out: Causes): void {
  if (name === '') return void out.push(required(at));
  const plain = name.endsWith('.') ? name.slice(0, -1) : name;
  const errors = dnsSubdomainErrors(plain);
  if (errors.length > 0) return checkName(errors, plain, at, out);
  const labels = plain.split('.');
  if (labels.length < 2) return void out.push(invalidValue(at, plain, 'should be a domain with at least two segments separated by dots'));
  for (const label of labels) checkDnsLabel(label, at, out);
}

function checkHints({ forZones = [], forNodes = [] }: EndpointHints, at: string, out: Causes): void {
  for (const [field, hints] of [['forZones', forZones] as const, ['forNodes', forNodes] as const]) {
    const here = `${at}.${field}`;
    if (hints.length > most.hints) {
      out.push(tooMany(here, hints.length, most.hints));
      continue;
    }
    const seen = new Set<string>();
    for (const [index, { name = '' }] of hints.entries()) {
      if (seen.has(name)) out.push(duplicate(`${here}[${index}].name`, name));
      seen.add(name);
      checkName(field === 'forZones' ? labelValueErrors(name) : dnsSubdomainErrors(name), name, `${here}[${index}].name`, out);
    }
  }
}

function checkEndpoint(endpoint: Endpoint, type: string, at: string, out: Causes): void {
  const addresses = endpoint.addresses ?? [];
  if (addresses.length === 0) out.push(required(`${at}.addresses`, 'must contain at least 1 address'));
  else if (addresses.length > most.addresses) out.push(tooMany(`${at}.addresses`, addresses.length, most.addresses));
  for (const [index, address] of addresses.entries()) checkAddress(address, type, `${at}.addresses`, index, out);
  const { nodeName, deprecatedTopology: topology, hostname, hints } = endpoint;
  if (nodeName !== undefined) checkName(dnsSubdomainErrors(nodeName), nodeName, `${at}.nodeName`, out);
  const count = Object.keys(topology ?? {}).length;
  if (count > most.topology) out.push(tooMany(`${at}.deprecatedTopology`, count, most.topology));
  out.push(...labelCauses(topology, `${at}.deprecatedTopology`));
  if (hostname !== undefined) checkDnsLabel(hostname, `${at}.hostname`, out);
  if (hints !== undefined) checkHints(hints, `${at}.hints`, out);
}

function checkPorts(ports: readonly EndpointPort[], out: Causes): void {
  if (ports.length > most.ports) return void out.push(tooMany('ports', ports.length, most.ports));
  const seen = new Set<string>();
  for (const [index, { name = '', protocol, appProtocol }] of ports.entries()) {
    const at = `ports[${index}]`;
    if (name !== '') checkDnsLabel(name, `${at}.name`, out);
    if (seen.has(name)) out.push(duplicate(`${at}.name`, name));
    seen.add(name);
    if (protocol === undefined) out.push(required(`${at}.protocol`));
    else if (!protocols.includes(protocol)) out.push(notSupported(`${at}.protocol`, protocol, protocols));
    if (appProtocol !== undefined) checkName(qualifiedNameErrors(appProtocol), appProtocol, `${at}.appProtocol`, out);
  }
}

/** Complaints about an endpoint slice beyond its metadata. */
export function endpointSliceCauses(slice: EndpointSlice): StatusCause[] {
  const out: Causes = [];
  const type: string = slice.addressType ?? '';
  if (type === '') out.push(required('addressType'));
  else if (!types.includes(type)) out.push(notSupported('addressType', type, types));
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > most.endpoints) out.push(tooMany('endpoints', endpoints.length, most.endpoints));
  else for (const [index, endpoint] of endpoints.entries()) checkEndpoint(endpoint, type, `endpoints[${index}]`, out);
  checkPorts(slice.ports ?? [], out);
  return out;
}

/** Complaints about a change of an endpoint slice: the type of its addresses stays. */
export function endpointSliceUpdateCauses(next: EndpointSlice, old: EndpointSlice): StatusCause[] {
  const causes = endpointSliceCauses(next);
  return next.addressType === old.addressType ? causes : [...causes, invalidValue('addressType', next.addressType ?? '', immutable)];
}

/** Warnings about an endpoint slice: names instead of addresses, addresses that are not spelled canonically. */
export function endpointSliceWarnings({ addressType, endpoints }: EndpointSlice): readonly string[] {
  if (addressType === 'FQDN') return ['spec.addressType: FQDN endpoints are deprecated'];
  return (endpoints ?? []).flatMap(({ addresses }, index) =>
    (addresses ?? []).flatMap((address, at) => ipWarnings(address, `endpoints[${index}].addresses[${at}]`)),
  );
}
