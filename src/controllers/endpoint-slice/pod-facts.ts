// Owns what a Service's endpoints need to know of a pod: whether it counts, its addresses, its ports, how it is. Pure.
import type { Pod, PodCondition, Service, ServicePort } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';

/** A service port as this pod serves it. `name` is empty where the service has not named it. */
export interface ServedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'SCTP' | 'TCP' | 'UDP';
  readonly appProtocol?: string;
}

export const lastChangeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
export const headlessLabel = 'service.kubernetes.io/headless';

/** Whether the controllers make endpoints for the Service: not without a selector, nor where it is a name only. */
export function hasEndpoints({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && spec.selector !== undefined;
}

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None' || spec.clusterIP === undefined || spec.clusterIP === '';
}

/** Whether the pod has an address and has not come to its end; on its way there it counts only where that is asked for. */
export function counts({ metadata, status }: Pod, terminatingToo: boolean): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  if (!status?.podIP && !status?.podIPs?.length) return false;
  return terminatingToo || metadata.deletionTimestamp === undefined;
}

export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}

/** The pod's addresses of a family, in its order. */
export function addressesOf({ status }: Pod, family: 'IPv4' | 'IPv6'): readonly string[] {
  const all = status?.podIPs?.length ? status.podIPs.map(({ ip }) => ip) : [status?.podIP ?? ''];
  return all.filter((ip) => ip !== '' && ip.includes(':') === (family === 'IPv6'));
}

/** The name under which a headless Service's DNS finds the pod; undefined where it has none there. */
export function hostnameIn({ metadata, spec }: Pod, service: Service): string | undefined {
  const asked = spec.hostname && spec.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace;
  return asked ? spec.hostname : undefined;
}

/** The Service's ports that this pod serves; a port that the pod does not name is left out. */
export function servedPorts(service: Service, pod: Pod): readonly ServedPort[] {
  return (service.spec.ports ?? []).flatMap((wanted) => {
    const port = targetOf(wanted, pod);
    const { name = '', protocol = 'TCP', appProtocol } = wanted;
    return port === undefined ? [] : [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function targetOf({ targetPort, port, protocol = 'TCP' }: ServicePort, { spec }: Pod): number | undefined {
  if (typeof targetPort !== 'string') return targetPort || port;
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const all = [...spec.containers, ...sidecars].flatMap(({ ports }) => ports ?? []);
  return all.find((one) => one.name === targetPort && (one.protocol ?? 'TCP') === protocol)?.containerPort;
}

/** Whether nothing of a pod is another that its endpoints go by. Asked at each change of each pod. */
export function sameEndpoints(pod: Pod, old: Pod): boolean {
  const [ready, before] = [readyOf(pod), readyOf(old)];
  return (
    sameValue(pod.metadata.labels, old.metadata.labels) &&
    pod.spec.nodeName === old.spec.nodeName &&
    pod.spec.hostname === old.spec.hostname &&
    pod.spec.subdomain === old.spec.subdomain &&
    counts(pod, true) === counts(old, true) &&
    (pod.metadata.deletionTimestamp === undefined) === (old.metadata.deletionTimestamp === undefined) &&
    ready?.status === before?.status &&
    ready?.lastTransitionTime === before?.lastTransitionTime &&
    pod.status?.podIP === old.status?.podIP &&
    sameValue(pod.status?.podIPs, old.status?.podIPs)
  );
}

function readyOf({ status }: Pod): PodCondition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}
