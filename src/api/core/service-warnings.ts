// Owns the warnings about Services: fields that do nothing for their type, and what is going out of use.
import { cidrWarnings, ipWarnings } from '../ip-checks.ts';
import type { Service } from './v1.ts';

const oldHints = 'service.kubernetes.io/topology-aware-hints';
const mode = 'service.kubernetes.io/topology-mode';

/** What is told about a Service that is accepted all the same. */
export function serviceWarnings({ metadata, spec = {} }: Service): readonly string[] {
  const { type, clusterIP = '', clusterIPs = [], externalIPs = [], loadBalancerIP = '', externalName = '', sessionAffinity } = spec;
  const out: string[] = [];
  if (metadata.annotations?.[oldHints] !== undefined) out.push(`annotation ${oldHints} is deprecated, please use ${mode} instead`);
  const headless = type === 'ClusterIP' && clusterIP === 'None';
  if (clusterIP !== '' && clusterIP !== 'None')
    for (const [index, ip] of clusterIPs.entries()) out.push(...ipWarnings(ip, `spec.clusterIPs[${index}]`));
  if (headless) {
    if (loadBalancerIP !== '') out.push('spec.loadBalancerIP is ignored for headless services');
    if (externalIPs.length > 0) out.push('spec.externalIPs is ignored for headless services');
    if (sessionAffinity !== 'None') out.push('spec.SessionAffinity is ignored for headless services');
  }
  for (const [index, ip] of externalIPs.entries()) out.push(...ipWarnings(ip, `spec.externalIPs[${index}]`));
  if (externalIPs.length > 0 && !headless && type !== 'ExternalName')
    out.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (loadBalancerIP !== '') out.push(...ipWarnings(loadBalancerIP, 'spec.loadBalancerIP'));
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    out.push(...cidrWarnings(range, `spec.loadBalancerSourceRanges[${index}]`));
  if (type === 'ExternalName' && externalIPs.length > 0) out.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (type !== 'ExternalName' && externalName !== '') out.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose') out.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return out;
}
