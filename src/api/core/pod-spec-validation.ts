// Owns the validation of a pod's spec, in pods and in templates.
import { duplicate, forbiddenValue, invalidValue, notSupported, required, tooLong } from '../causes.ts';
import { type Causes, checkDnsLabel, checkName, checkOneOf, rangeMessage } from '../field-checks.ts';
import { checkIp } from '../ip-checks.ts';
import { labelCauses } from '../meta/object-meta-validation.ts';
import type { ObjectMeta } from '../meta/v1.ts';
import { dnsSubdomainErrors, looseDnsSubdomainErrors, qualifiedNameErrors } from '../names.ts';
import { checkAffinity, checkSpread, checkTolerations } from './affinity-validation.ts';
import { checkContainers, checkEphemeralContainers, checkInitContainers } from './container-validation.ts';
import { checkFileKeyVolumes } from './env-validation.ts';
import { checkContainerResources, checkPodResources } from './resources-validation.ts';
import { checkHostProcess, checkOs, checkPodSecurity } from './security-context-validation.ts';
import type { PodDNSConfig, PodResourceClaim, PodSpec } from './v1.ts';
import { checkVolumes } from './volume-validation.ts';

function checkClaims(claims: readonly PodResourceClaim[], at: string, out: Causes): void {
  const names = new Set<string>();
  for (const [index, claim] of claims.entries()) {
    const here = `${at}[${index}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    if (name === '') out.push(required(`${here}.name`));
    else if (names.has(name)) out.push(duplicate(`${here}.name`, name));
    else checkDnsLabel(name, `${here}.name`, out);
    names.add(name);
    const shown = {
      Name: name,
      ResourceClaimName: resourceClaimName ?? null,
      ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
    };
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      out.push(invalidValue(here, shown, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'));
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      out.push(invalidValue(here, shown, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    if (resourceClaimName !== undefined)
      checkName(dnsSubdomainErrors(resourceClaimName), resourceClaimName, `${here}.resourceClaimName`, out);
    if (resourceClaimTemplateName !== undefined)
      checkName(dnsSubdomainErrors(resourceClaimTemplateName), resourceClaimTemplateName, `${here}.resourceClaimTemplateName`, out);
  }
}

function checkDns(config: PodDNSConfig | undefined, policy: string | undefined, at: string, out: Causes): void {
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (policy === 'None') {
    if (config === undefined) return void out.push(required(at, 'must provide `dnsConfig` when `dnsPolicy` is None'));
    if (nameservers.length === 0)
      return void out.push(required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
  }
  if (nameservers.length > 3) out.push(invalidValue(`${at}.nameservers`, nameservers, 'must not have more than 3 nameservers'));
  for (const [index, server] of nameservers.entries()) checkIp(server, `${at}.nameservers[${index}]`, out);
  if (searches.length > 32) out.push(invalidValue(`${at}.searches`, searches, 'must not have more than 32 search paths'));
  if (searches.join(' ').length > 2048)
    out.push(invalidValue(`${at}.searches`, searches, 'must not have more than 2048 characters (including spaces) in the search list'));
  for (const [index, search] of searches.entries()) {
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    if (search !== '.') checkName(looseDnsSubdomainErrors(name), name, `${at}.searches[${index}]`, out);
  }
  for (const [index, { name }] of options.entries()) if (!name) out.push(required(`${at}.options[${index}]`, 'must not be empty'));
}

function checkGates(spec: PodSpec, at: string, out: Causes): void {
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries())
    checkName(qualifiedNameErrors(conditionType), conditionType, `${at}.readinessGates[${index}].conditionType`, out);
  const seen = new Set<string>();
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    checkName(qualifiedNameErrors(name), name, `${at}.schedulingGates[${index}]`, out);
    if (seen.has(name)) out.push(duplicate(`${at}.schedulingGates[${index}]`, name));
    seen.add(name);
  }
}

function checkHost(spec: PodSpec, isPod: boolean, at: string, out: Causes): void {
  if (spec.hostNetwork !== true) return;
  for (const [index, container] of (spec.containers ?? []).entries())
    for (const [port, { hostPort = 0, containerPort }] of (container.ports ?? []).entries())
      if ((isPod || hostPort !== 0) && hostPort !== containerPort)
        out.push(
          invalidValue(
            `${at}.containers[${index}].ports[${port}].hostPort`,
            hostPort,
            'must match `containerPort` when `hostNetwork` is true',
          ),
        );
}

function checkHostUsers(spec: PodSpec, at: string, out: Causes): void {
  if (spec.hostUsers !== false) return;
  const why = 'when `hostUsers` is false';
  if (spec.hostNetwork === true) out.push(forbiddenValue(`${at}.hostNetwork`, why));
  if (spec.hostPID === true) out.push(forbiddenValue(`${at}.HostPID`, why));
  if (spec.hostIPC === true) out.push(forbiddenValue(`${at}.HostIPC`, why));
  for (const list of ['initContainers', 'containers'] as const)
    for (const [index, container] of (spec[list] ?? []).entries())
      if ((container.volumeDevices ?? []).length > 0) out.push(forbiddenValue(`${at}.${list}[${index}].volumeDevices`, why));
}

function checkHostnames(spec: PodSpec, at: string, out: Causes): void {
  const name = spec.hostnameOverride;
  if (name === undefined) return;
  if (spec.setHostnameAsFQDN === true)
    out.push(forbiddenValue(`${at}.hostnameOverride`, 'may not be specified when setHostnameAsFQDN is true'));
  if (spec.hostNetwork === true) out.push(forbiddenValue(`${at}.hostnameOverride`, 'may not be specified when hostNetwork is true'));
  if (name.length > 64) out.push(tooLong(`${at}.hostnameOverride`, 64));
  checkName(dnsSubdomainErrors(name), name, `${at}.hostnameOverride`, out);
}

function checkNames(spec: PodSpec, at: string, out: Causes): void {
  if (spec.serviceAccountName)
    checkName(dnsSubdomainErrors(spec.serviceAccountName), spec.serviceAccountName, `${at}.serviceAccountName`, out);
  if (spec.nodeName) checkName(dnsSubdomainErrors(spec.nodeName), spec.nodeName, `${at}.nodeName`, out);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > 2 ** 31 - 1))
    out.push(invalidValue(`${at}.activeDeadlineSeconds`, deadline, rangeMessage(1, 2 ** 31 - 1)));
  if (spec.hostname) checkDnsLabel(spec.hostname, `${at}.hostname`, out);
  if (spec.subdomain) checkDnsLabel(spec.subdomain, `${at}.subdomain`, out);
}

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** A pod's spec. `meta` is that of the pod, undefined for a template. */
export function checkPodSpec(spec: PodSpec, meta: Partial<ObjectMeta> | undefined, at: string, out: Causes): void {
  if (spec.terminationGracePeriodSeconds === undefined) out.push(required(`${at}.terminationGracePeriodSeconds`));
  const volumes = checkVolumes(spec.volumes, meta, `${at}.volumes`, out);
  const claims = spec.resourceClaims ?? [];
  checkClaims(claims, `${at}.resourceClaims`, out);
  const surroundings = { spec, volumes, claims: claims.map(({ name }) => name) };
  checkContainers(surroundings, `${at}.containers`, out);
  checkInitContainers(surroundings, `${at}.initContainers`, out);
  checkEphemeralContainers(surroundings, `${at}.ephemeralContainers`, out);
  checkPodResources(spec, `${at}.resources`, out);
  checkHost(spec, meta !== undefined, at, out);
  if (!spec.restartPolicy) out.push(required(`${at}.restartPolicy`));
  else checkOneOf(spec.restartPolicy, restartPolicies, `${at}.restartPolicy`, out);
  if (!spec.dnsPolicy) out.push(required(`${at}.dnsPolicy`));
  else checkOneOf(spec.dnsPolicy, dnsPolicies, `${at}.dnsPolicy`, out);
  out.push(...labelCauses(spec.nodeSelector, `${at}.nodeSelector`));
  checkPodSecurity(spec, `${at}.securityContext`, out);
  checkAffinity(spec.affinity, `${at}.affinity`, out);
  checkDns(spec.dnsConfig, spec.dnsPolicy, `${at}.dnsConfig`, out);
  checkGates(spec, at, out);
  checkSpread(spec.topologySpreadConstraints, `${at}.topologySpreadConstraints`, out);
  checkHostProcess(spec, at, out);
  checkHostUsers(spec, at, out);
  checkHostnames(spec, at, out);
  checkNames(spec, at, out);
  checkTolerations(spec.tolerations, `${at}.tolerations`, out);
  for (const [index, { ip, hostnames = [] }] of (spec.hostAliases ?? []).entries()) {
    checkIp(ip, `${at}.hostAliases[${index}].ip`, out);
    for (const [at2, name] of hostnames.entries())
      checkName(dnsSubdomainErrors(name), name, `${at}.hostAliases[${index}].hostnames[${at2}]`, out);
  }
  if (spec.priorityClassName) checkName(dnsSubdomainErrors(spec.priorityClassName), spec.priorityClassName, `${at}.priorityClassName`, out);
  if (spec.runtimeClassName !== undefined)
    checkName(dnsSubdomainErrors(spec.runtimeClassName), spec.runtimeClassName, `${at}.runtimeClassName`, out);
  const preemption = spec.preemptionPolicy;
  if (preemption === ('' as string)) out.push(required(`${at}.preemptionPolicy`));
  else if (preemption !== undefined && preemption !== 'PreemptLowerPriority' && preemption !== 'Never')
    out.push(notSupported(`${at}.preemptionPolicy`, preemption, ['PreemptLowerPriority', 'Never']));
  if (spec.overhead !== undefined) checkContainerResources({ limits: spec.overhead }, [], `${at}.overhead`, out);
  checkOs(spec, at, out);
  const files = new Set([...volumes.values()].filter((volume) => volume.emptyDir !== undefined).map(({ name }) => name));
  checkFileKeyVolumes(spec.containers ?? [], files, `${at}.containers`, out);
  checkFileKeyVolumes(spec.initContainers ?? [], files, `${at}.initContainers`, out);
}
