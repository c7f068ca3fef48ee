// Owns the validation of ingresses and their status.
import { invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { parseAddress } from '../ip-address.ts';
import { checkIp } from '../ip-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  pathSegmentErrors,
  portNameErrors,
  portNumberErrors,
  wildcardSubdomainErrors,
} from '../names.ts';
import type { HTTPIngressPath, Ingress, IngressBackend } from './v1.ts';

const classAnnotation = 'kubernetes.io/ingress.class';
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEnds = ['/..', '/.'];

function checkHost(host: string, at: string, out: Causes): void {
  checkName(host.includes('*') ? wildcardSubdomainErrors(host) : dnsSubdomainErrors(host), host, at, out);
}

/** The group, kind and name of an object that stands for something: each a path segment, the group a DNS subdomain. */
export function checkReference(
  { apiGroup, kind = '', name = '' }: { readonly apiGroup?: string | undefined; readonly kind?: string; readonly name?: string },
  at: string,
  out: Causes,
): void {
  // A group that is not given may also be null.
  if (typeof apiGroup === 'string') checkName(dnsSubdomainErrors(apiGroup), apiGroup, `${at}.apiGroup`, out);
  for (const [field, value] of [['kind', kind] as const, ['name', name] as const])
    if (value === '') out.push(required(`${at}.${field}`, `${field} is required`));
    else checkName(pathSegmentErrors(value), value, `${at}.${field}`, out);
}

function checkBackend({ resource, service }: IngressBackend, at: string, out: Causes): void {
  if (resource !== undefined && service !== undefined)
    return void out.push(invalidValue(at, '', 'cannot set both resource and service backends'));
  if (resource !== undefined) return checkReference(resource, `${at}.resource`, out);
  if (service === undefined) return void out.push(invalidValue(at, '', 'resource or service backend is required'));
  if (!service.name) out.push(required(`${at}.service.name`));
  else checkName(dnsLabelErrors(service.name), service.name, `${at}.service.name`, out);
  const { name = '', number = 0 } = service.port ?? {};
  if (name !== '' && number !== 0) out.push(invalidValue(at, '', 'cannot set both port name & port number'));
  else if (name !== '') checkName(portNameErrors(name), name, `${at}.service.port.name`, out);
  else if (number !== 0) checkName(portNumberErrors(number), number, `${at}.service.port.number`, out);
  else out.push(required(at, 'port name or number is required'));
}

function checkPath({ path = '', pathType, backend }: HTTPIngressPath, at: string, out: Causes): void {
  if ((pathType ?? undefined) === undefined) return void out.push(required(`${at}.pathType`, 'pathType must be specified'));
  const refuse = (why: string): void => void out.push(invalidValue(`${at}.path`, path, why));
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!path.startsWith('/')) refuse('must be an absolute path');
    for (const sequence of badSequences) if (path.includes(sequence)) refuse(`must not contain '${sequence}'`);
    for (const end of badEnds) if (path.endsWith(end)) refuse(`cannot end with '${end}'`);
  } else if (pathType === 'ImplementationSpecific') {
    if (path !== '' && !path.startsWith('/')) refuse('must be an absolute path');
  } else out.push(notSupported(`${at}.pathType`, pathType, pathTypes));
  checkBackend(backend ?? {}, `${at}.backend`, out);
}

/** Complaints about an ingress beyond its metadata. */
export function ingressCauses({ spec }: Ingress): StatusCause[] {
  const out: Causes = [];
  const { defaultBackend, rules, tls = [], ingressClassName } = spec ?? {};
  if ((rules ?? []).length === 0 && defaultBackend === undefined)
    out.push(invalidValue('spec', rules ?? null, 'either `defaultBackend` or `rules` must be specified'));
  if (defaultBackend !== undefined) checkBackend(defaultBackend, 'spec.defaultBackend', out);
  for (const [index, { host = '', http }] of (rules ?? []).entries()) {
    const at = `spec.rules[${index}]`;
    if (host !== '') {
      if (parseAddress(host) !== undefined) out.push(invalidValue(`${at}.host`, host, 'must be a DNS name, not an IP address'));
      checkHost(host, `${at}.host`, out);
    }
    if (http === undefined) continue;
    if ((http.paths ?? []).length === 0) out.push(required(`${at}.http.paths`));
    for (const [number, path] of (http.paths ?? []).entries()) checkPath(path, `${at}.http.paths[${number}]`, out);
  }
  for (const [index, { hosts = [], secretName = '' }] of tls.entries()) {
    for (const [number, host] of hosts.entries()) checkHost(host, `spec.tls[${index}].hosts[${number}]`, out);
    if (secretName !== '') checkName(dnsSubdomainErrors(secretName), secretName, `spec.tls[${index}].secretName`, out);
  }
  if (ingressClassName !== undefined) checkName(dnsSubdomainErrors(ingressClassName), ingressClassName, 'spec.ingressClassName', out);
  return out;
}

/** Complaints about a new ingress: its class must be the one that the old annotation names, where both are given. */
export function newIngressCauses(ingress: Ingress): StatusCause[] {
  const out = ingressCauses(ingress);
  const annotation = ingress.metadata.annotations?.[classAnnotation];
  const name = ingress.spec?.ingressClassName;
  if (annotation === undefined || name === undefined || annotation === name) return out;
  const why = 'must match `ingressClassName` when both are specified';
  return [...out, invalidValue(`annotations.${classAnnotation}`, annotation, why)];
}

/** Complaints about the addresses under which a load balancer makes an ingress reachable. */
export function ingressStatusCauses({ status }: Ingress): StatusCause[] {
  const out: Causes = [];
  for (const [index, { ip = '', hostname = '' }] of (status?.loadBalancer?.ingress ?? []).entries()) {
    const at = `status.loadBalancer.ingress[${index}]`;
    if (ip !== '') checkIp(ip, `${at}.ip`, out);
    if (hostname === '') continue;
    checkName(dnsSubdomainErrors(hostname), hostname, `${at}.hostname`, out);
    if (parseAddress(hostname) !== undefined) out.push(invalidValue(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address'));
  }
  return out;
}

/** Warnings about a new ingress: the annotation of old that names its class. */
export function ingressWarnings({ metadata, spec }: Ingress, old?: Ingress): readonly string[] {
  if (old !== undefined || metadata.annotations?.[classAnnotation] === undefined || spec?.ingressClassName !== undefined) return [];
  return [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`];
}
