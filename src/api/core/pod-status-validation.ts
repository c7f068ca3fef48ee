// Owns the validation of a pod's status: its addresses, what its containers may report, what stays as it is.
import { duplicate, forbiddenValue, invalidValue, notSupported } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkId, checkName } from '../field-checks.ts';
import { checkIp } from '../ip-checks.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors, qualifiedNameErrors } from '../names.ts';
import { containerTransitionCauses } from './container-transitions.ts';
import { checkPodAnnotationUpdate } from './pod-annotation-validation.ts';
import type { Container, ContainerStatus, Pod, PodStatus } from './v1.ts';

interface OneIp {
  readonly ip?: string;
}

/** Addresses of a pod or of its host: valid unless they were there before, one a family. */
function checkIps(ips: readonly OneIp[], before: readonly OneIp[], at: string, out: Causes): void {
  for (const [index, { ip = '' }] of ips.entries()) if (!before.some((one) => one.ip === ip)) checkIp(ip, `${at}[${index}]`, out);
  if (ips.length < 2) return;
  const shown = ips.map(({ ip = '' }) => ({ IP: ip }));
  const families = new Set(ips.map(({ ip = '' }) => ip.includes(':')));
  if (ips.length > 2 || families.size < 2) out.push(invalidValue(at, shown, 'may specify no more than one IP for each IP family'));
  for (const [index, { ip }] of ips.entries())
    if (ips.findIndex((one) => one.ip === ip) < index) out.push(duplicate(`${at}[${index}]`, shown[index]));
}

function checkHostIps(status: PodStatus, before: PodStatus, out: Causes): void {
  const ips = status.hostIPs ?? [];
  if (ips.length === 0) return;
  if (ips[0]?.ip !== status.hostIP && !sameValue(ips, before.hostIPs))
    out.push(invalidValue('status.hostIPs[0].ip', ips[0]?.ip, 'must be equal to `hostIP`'));
  checkIps(ips, before.hostIPs ?? [], 'status.hostIPs', out);
}

function checkClaimStatuses({ spec, status }: Pod, out: Causes): void {
  const seen = new Set<string>();
  for (const [index, { name, resourceClaimName: claim }] of (status?.resourceClaimStatuses ?? []).entries()) {
    const at = `status.resourceClaimStatuses[${index}].name`;
    if (!(spec.resourceClaims ?? []).some((one) => one.name === name))
      out.push(invalidValue(at, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (seen.has(name)) out.push(duplicate(at, name));
    seen.add(name);
    if (claim !== undefined) checkName(dnsSubdomainErrors(claim), claim, at, out);
  }
}

function checkUser({ user }: ContainerStatus, os: string, at: string, out: Causes): void {
  const linux = user?.linux;
  if (linux === undefined) return;
  if (os === 'windows') return void out.push(forbiddenValue(`${at}.linux`, 'cannot be set for a windows pod'));
  if (os !== 'linux') return;
  checkId(linux.uid, `${at}.linux.uid`, out);
  checkId(linux.gid, `${at}.linux.gid`, out);
  for (const [index, group] of (linux.supplementalGroups ?? []).entries()) checkId(group, `${at}.linux.supplementalGroups[${index}]`, out);
}

const healths = ['Healthy', 'Unhealthy', 'Unknown'];

/** The names under which a container's claims report: with the request where one was named. */
function claimNames(container: Container): readonly string[] {
  return (container.resources?.claims ?? []).map(({ name, request }) => `claim:${name}${request ? `/${request}` : ''}`);
}

function checkAllocated(status: ContainerStatus, container: Container | undefined, at: string, out: Causes): void {
  for (const [index, { name, resources = [] }] of (status.allocatedResourcesStatus ?? []).entries()) {
    const here = `${at}.allocatedResourcesStatus[${index}]`;
    const isClaim = name.startsWith('claim:');
    if (container !== undefined) {
      const known = isClaim ? claimNames(container) : Object.keys(container.resources?.requests ?? {});
      const why = isClaim
        ? "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
        : "must match one of the container's resource requests";
      if (!known.includes(name)) out.push(invalidValue(`${here}.name`, name, why));
    }
    const seen = new Set<string>();
    for (const [place, { health = '', resourceID }] of resources.entries()) {
      if (!healths.includes(health)) out.push(notSupported(`${here}.resources[${place}].health`, health, healths));
      if (seen.has(resourceID)) out.push(duplicate(`${here}.resources[${place}].resourceID`, resourceID));
      seen.add(resourceID);
    }
  }
}

function checkContainerStatuses({ spec, status = {} }: Pod, out: Causes): void {
  const os = spec.os?.name ?? 'linux';
  const lists = [
    ['containerStatuses', spec.containers],
    ['initContainerStatuses', spec.initContainers],
    ['ephemeralContainerStatuses', undefined],
  ] as const;
  for (const [list, containers] of lists)
    for (const [index, one] of (status[list] ?? []).entries()) {
      const at = `status.${list}[${index}]`;
      checkUser(one, os, at, out);
      if (list !== 'ephemeralContainerStatuses')
        checkAllocated(
          one,
          containers?.find(({ name }) => name === one.name),
          at,
          out,
        );
      else if ((one.allocatedResourcesStatus ?? []).length > 0)
        out.push(forbiddenValue(`${at}.allocatedResourcesStatus`, 'must not be specified in container status'));
    }
}

/** Complaints about a pod's status beyond the metadata's immutable fields. */
export function podStatusCauses(next: Pod, old: Pod): StatusCause[] {
  const out: Causes = [];
  const status = next.status ?? {};
  const before = old.status ?? {};
  checkPodAnnotationUpdate(next.metadata.annotations ?? {}, old.metadata.annotations ?? {}, next.spec, out);
  for (const [index, { type }] of (status.conditions ?? []).entries())
    checkName(qualifiedNameErrors(type), type, `status.conditions[${index}].Type`, out);
  const nominated = status.nominatedNodeName;
  if (nominated && nominated !== before.nominatedNodeName)
    checkName(dnsSubdomainErrors(nominated), nominated, 'status.nominatedNodeName', out);
  if (status.qosClass !== before.qosClass) out.push(invalidValue('status.qosClass', status.qosClass, immutable));
  out.push(...containerTransitionCauses(next, old));
  checkClaimStatuses(next, out);
  checkIps(status.podIPs ?? [], before.podIPs ?? [], 'status.podIPs', out);
  checkHostIps(status, before, out);
  checkContainerStatuses(next, out);
  return out;
}
