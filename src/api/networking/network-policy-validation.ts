// Owns the validation of network policies.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkLabelSelector, checkName } from '../field-checks.ts';
import { holdsAddress, parseCidr } from '../ip-address.ts';
import { checkCidr, cidrWarnings } from '../ip-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { portNameErrors, portNumberErrors } from '../names.ts';
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from './v1.ts';

const protocols = ['TCP', 'UDP', 'SCTP'];
const types: readonly string[] = ['Ingress', 'Egress'];

function checkPort({ protocol, port, endPort }: NetworkPolicyPort, at: string, out: Causes): void {
  if (protocol !== undefined && !protocols.includes(protocol)) out.push(notSupported(`${at}.protocol`, protocol, protocols));
  const refuseEnd = (why: string): void => {
    if (endPort !== undefined) out.push(invalidValue(`${at}.endPort`, endPort, why));
  };
  if (port === undefined) refuseEnd('may not be specified when `port` is not specified');
  else if (typeof port === 'number') {
    checkName(portNumberErrors(port), port, `${at}.port`, out);
    if (endPort === undefined) return;
    if (endPort < port) refuseEnd('must be greater than or equal to `port`');
    checkName(portNumberErrors(endPort), endPort, `${at}.endPort`, out);
  } else {
    refuseEnd('may not be specified when `port` is non-numeric');
    checkName(portNameErrors(port), port, `${at}.port`, out);
  }
}

function checkBlock({ cidr, except = [] }: IPBlock, at: string, out: Causes): void {
  if (!cidr) return void out.push(required(`${at}.cidr`));
  checkCidr(cidr, `${at}.cidr`, out);
  const whole = parseCidr(cidr);
  if (whole === undefined) return;
  for (const [index, text] of except.entries()) {
    const here = `${at}.except[${index}]`;
    checkCidr(text, here, out);
    const part = parseCidr(text);
    if (part !== undefined && (!holdsAddress(whole, part.address) || whole.length >= part.length))
      out.push(invalidValue(here, text, 'must be a strict subset of `cidr`'));
  }
}

function checkPeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, at: string, out: Causes): void {
  checkLabelSelector(podSelector, `${at}.podSelector`, out);
  checkLabelSelector(namespaceSelector, `${at}.namespaceSelector`, out);
  if (ipBlock !== undefined) checkBlock(ipBlock, `${at}.ipBlock`, out);
  const count = [podSelector, namespaceSelector, ipBlock].filter((one) => one !== undefined).length;
  if (count === 0) out.push(required(at, 'must specify a peer'));
  else if (count > 1 && ipBlock !== undefined) out.push(forbiddenValue(at, 'may not specify both ipBlock and another peer'));
}

/** Every rule of a policy in both directions: its ports, its peers, and where they are. */
function rulesOf({ spec }: NetworkPolicy): readonly {
  readonly at: string;
  readonly side: string;
  readonly ports: readonly NetworkPolicyPort[];
  readonly peers: readonly NetworkPolicyPeer[];
}[] {
  const { ingress = [], egress = [] } = spec ?? {};
  return [
    ...ingress.map(({ ports = [], from = [] }, index) => ({ at: `spec.ingress[${index}]`, side: 'from', ports, peers: from })),
    ...egress.map(({ ports = [], to = [] }, index) => ({ at: `spec.egress[${index}]`, side: 'to', ports, peers: to })),
  ];
}

/** Complaints about a network policy beyond its metadata. */
export function networkPolicyCauses(policy: NetworkPolicy): StatusCause[] {
  const out: Causes = [];
  const { podSelector, policyTypes = [] } = policy.spec ?? {};
  checkLabelSelector(podSelector, 'spec.podSelector', out);
  for (const { at, side, ports, peers } of rulesOf(policy)) {
    for (const [index, port] of ports.entries()) checkPort(port, `${at}.ports[${index}]`, out);
    for (const [index, peer] of peers.entries()) checkPeer(peer, `${at}.${side}[${index}]`, out);
  }
  if (policyTypes.length > types.length)
    return [...out, invalidValue('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes')];
  for (const [index, type] of policyTypes.entries())
    if (!types.includes(type)) out.push(notSupported(`spec.policyTypes[${index}]`, type, types));
  return out;
}

/** Warnings about ranges that are not spelled canonically. */
export function networkPolicyWarnings(policy: NetworkPolicy): readonly string[] {
  return rulesOf(policy).flatMap(({ at, side, peers }) =>
    peers.flatMap(({ ipBlock }, index) => {
      if (ipBlock === undefined) return [];
      const here = `${at}.${side}[${index}].ipBlock`;
      const except = (ipBlock.except ?? []).flatMap((range, part) => cidrWarnings(range, `${here}.except[${part}]`));
      return [...cidrWarnings(ipBlock.cidr, `${here}.cidr`), ...except];
    }),
  );
}
