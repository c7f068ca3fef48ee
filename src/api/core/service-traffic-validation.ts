// Owns the validation of who reaches a Service and how: traffic policies, load balancers, session affinity.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkName, checkOneOf, checkPort } from '../field-checks.ts';
import { checkCidr } from '../ip-checks.ts';
import { qualifiedNameErrors } from '../names.ts';
import type { Service, ServiceSpec } from './v1.ts';

const policies = ['Cluster', 'Local'];
const affinities = ['ClientIP', 'None'];
const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
const longestAffinity = 86_400;

/** Whether a Service is reached from outside the cluster. */
function isReachedFromOutside({ type, externalIPs = [] }: ServiceSpec): boolean {
  return type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && externalIPs.length > 0);
}

/** Whether load balancers ask the nodes which of them have endpoints. */
export function needsHealthCheck({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

/** Whether clients come back to the same endpoint, and for how long. */
export function checkSessionAffinity(
  { sessionAffinity: affinity = 'None', sessionAffinityConfig: config }: ServiceSpec,
  out: Causes,
): void {
  const at = 'spec.sessionAffinityConfig';
  if (affinity === ('' as string)) out.push(required('spec.sessionAffinity'));
  else checkOneOf(affinity, affinities, 'spec.sessionAffinity', out);
  if (affinity === 'None' && config !== undefined) out.push(forbiddenValue(at, 'must not be set when session affinity is None'));
  if (affinity !== 'ClientIP') return;
  const timeout = config?.clientIP?.timeoutSeconds;
  if (config === undefined) out.push(required(at, 'when session affinity type is ClientIP'));
  else if (config.clientIP === undefined) out.push(required(`${at}.clientIP`, 'when session affinity type is ClientIP'));
  else if (timeout === undefined) out.push(required(`${at}.clientIP.timeoutSeconds`, 'when session affinity type is ClientIP'));
  else if (timeout <= 0 || timeout > longestAffinity)
    out.push(invalidValue(`${at}.clientIP.timeoutSeconds`, timeout, `must be greater than 0 and less than ${longestAffinity}`));
}

/** Where traffic from outside and inside goes. The port for health checks is given before this is asked. */
export function checkTraffic(spec: ServiceSpec, out: Causes): void {
  const { type, externalTrafficPolicy: external, internalTrafficPolicy: internal, healthCheckNodePort: health, trafficDistribution } = spec;
  if (!isReachedFromOutside(spec)) {
    if (external) out.push(invalidValue('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services'));
  } else if (!external) out.push(required('spec.externalTrafficPolicy'));
  else checkOneOf(external, policies, 'spec.externalTrafficPolicy', out);
  if (health && !needsHealthCheck(spec)) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    out.push(invalidValue('spec.healthCheckNodePort', health, why));
  } else if (health) checkPort(health, 'spec.healthCheckNodePort', out);
  if (internal !== undefined) checkOneOf(internal, policies, 'spec.internalTrafficPolicy', out);
  else if (type === 'NodePort' || type === 'LoadBalancer' || type === 'ClusterIP') out.push(required('spec.internalTrafficPolicy'));
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution))
    out.push(notSupported('spec.trafficDistribution', trafficDistribution, distributions));
}

/** The implementation of the load balancer: named at most once, and only where there is one. */
export function checkLoadBalancerClass({ type, loadBalancerClass: name }: ServiceSpec, old: ServiceSpec | undefined, out: Causes): void {
  const at = 'spec.loadBalancerClass';
  if (old?.type === 'LoadBalancer' && type === 'LoadBalancer' && name !== old.loadBalancerClass)
    out.push(invalidValue(at, name ?? null, 'may not change once set'));
  if (name === undefined) return;
  if (type === 'LoadBalancer') checkName(qualifiedNameErrors(name), name, at, out);
  else out.push(forbiddenValue(at, onlyLoadBalancer));
}

/** Whom a load balancer lets in, and whether it needs ports on the nodes. */
export function checkLoadBalancer({ metadata, spec = {} }: Service, out: Causes): void {
  const { type, loadBalancerSourceRanges: ranges = [], allocateLoadBalancerNodePorts: allocates } = spec;
  const annotated = metadata.annotations?.[rangesAnnotation];
  if (ranges.length > 0) {
    const at = 'spec.LoadBalancerSourceRanges';
    if (type !== 'LoadBalancer') out.push(forbiddenValue(at, onlyLoadBalancer));
    for (const [index, range] of ranges.entries()) checkCidr(range.trim(), `${at}[${index}]`, out);
  } else if (annotated !== undefined) {
    const at = `metadata.annotations[${rangesAnnotation}]`;
    if (type !== 'LoadBalancer') out.push(forbiddenValue(at, onlyLoadBalancer));
    if (annotated.trim() !== '') for (const range of annotated.trim().split(',')) checkCidr(range.trim(), at, out);
  }
  if (type !== 'LoadBalancer' && allocates !== undefined) out.push(forbiddenValue('spec.allocateLoadBalancerNodePorts', onlyLoadBalancer));
  if (type === 'LoadBalancer' && allocates === undefined) out.push(required('allocateLoadBalancerNodePorts'));
}
