// Owns the validation of Endpoints.
import { notSupported, required } from '../causes.ts';
import { type Causes, checkDnsLabel, checkName, checkPort } from '../field-checks.ts';
import { checkEndpointIp, checkIp, ipWarnings } from '../ip-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors, qualifiedNameErrors } from '../names.ts';
import type { EndpointAddress, EndpointPort, Endpoints } from './v1.ts';

const protocols = ['SCTP', 'TCP', 'UDP'];

function checkAddress({ ip = '', hostname = '', nodeName }: EndpointAddress, at: string, out: Causes): void {
  checkIp(ip, `${at}.ip`, out);
  if (hostname !== '') checkDnsLabel(hostname, `${at}.hostname`, out);
  if (nodeName !== undefined) checkName(dnsSubdomainErrors(nodeName), nodeName, `${at}.nodeName`, out);
  checkEndpointIp(ip, `${at}.ip`, out);
}

function checkEndpointPort(port: EndpointPort, named: boolean, at: string, out: Causes): void {
  if (named && !port.name) out.push(required(`${at}.name`));
  else if (port.name) checkDnsLabel(port.name, `${at}.name`, out);
  checkPort(port.port ?? 0, `${at}.port`, out);
  if (!port.protocol) out.push(required(`${at}.protocol`));
  else if (!protocols.includes(port.protocol)) out.push(notSupported(`${at}.protocol`, port.protocol, protocols));
  if (port.appProtocol !== undefined) checkName(qualifiedNameErrors(port.appProtocol), port.appProtocol, `${at}.appProtocol`, out);
}

/** Complaints about Endpoints beyond their metadata. */
export function endpointsCauses({ subsets = [] }: Endpoints): StatusCause[] {
  const out: Causes = [];
  for (const [index, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
    const at = `subsets[${index}]`;
    if (addresses.length === 0 && notReadyAddresses.length === 0) out.push(required(at, 'must specify `addresses` or `notReadyAddresses`'));
    for (const [number, address] of addresses.entries()) checkAddress(address, `${at}.addresses[${number}]`, out);
    for (const [number, address] of notReadyAddresses.entries()) checkAddress(address, `${at}.notReadyAddresses[${number}]`, out);
    for (const [number, port] of ports.entries()) checkEndpointPort(port, ports.length > 1, `${at}.ports[${number}]`, out);
  }
  return out;
}

/** Warnings about addresses that are not spelled canonically. */
export function endpointsWarnings({ subsets = [] }: Endpoints): readonly string[] {
  return subsets.flatMap((subset, index) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
      (subset[list] ?? []).flatMap(({ ip = '' }, at) => ipWarnings(ip, `subsets[${index}].${list}[${at}].ip`)),
    ),
  );
}
