// Owns whether the node takes a pod that was given to it: affinity, host ports, resources, sysctls. Reasons and texts are upstream's. Pure.
import type { Node, Pod } from '../api/core/v1.ts';
import { collide, hostPortsOf } from '../predicates/host-ports.ts';
import { fitsNodeAffinity } from '../predicates/node-affinity.ts';
import { amountOf, requestsOf } from '../predicates/pod-resources.ts';
import { tolerates } from '../predicates/taints.ts';
import { isCritical } from './eviction/ranking.ts';
import { qosClassOf } from './resources/qos.ts';

/** Why a pod is refused: its status' reason, and the text of the event. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** Undefined: welcome. `others` are the pods that hold something of the node already. `node` undefined: not registered yet, nothing is checked. */
export function refusalOf(pod: Pod, node: Node | undefined, others: readonly Pod[]): Refusal | undefined {
  const forbidden = pod.spec?.securityContext?.sysctls?.find(({ name }) => !safeSysctls.has(name));
  if (pod.spec.securityContext?.supplementalGroupsPolicy === 'Strict') {
    const message = 'SupplementalGroupsPolicy=Strict is not supported in this node';
    return { reason: 'SupplementalGroupsPolicyNotSupported', message };
  }
  if (wantsAppArmor(pod)) return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
  if (forbidden !== undefined) return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${forbidden.name}" not allowlisted` };
  if (node === undefined) return undefined;
  const pressed = pressureRefusal(pod, node);
  if (pressed !== undefined) return pressed;
  const lacking = lackingResource(pod, node, others);
  if (lacking !== undefined) return lacking;
  if (!fitsNodeAffinity(pod, node)) {
    return { reason: 'NodeAffinity', message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector" };
  }
  const taken = others.flatMap(hostPortsOf);
  if (hostPortsOf(pod).some((port) => taken.some((other) => collide(port, other)))) {
    return { reason: 'NodePorts', message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" };
  }
  return undefined;
}

/** Under pressure only critical pods are welcome; where it is memory alone that is scarce, all that ask for some, too. */
function pressureRefusal(pod: Pod, node: Node): Refusal | undefined {
  const on = (type: string): boolean => node.status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
  const under = ['MemoryPressure', 'DiskPressure', 'PIDPressure'].filter(on);
  if (under.length === 0 || isCritical(pod)) return undefined;
  if (under.length === 1 && under[0] === 'MemoryPressure') {
    const taint = { key: 'node.kubernetes.io/memory-pressure', value: '', effect: 'NoSchedule' } as const;
    if (qosClassOf(pod) !== 'BestEffort' || (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)))
      return undefined;
  }
  return { reason: 'Evicted', message: `The node had condition: [${under.join(' ')}]. ` };
}

/** True where a profile is asked for, by field or by the annotation that came before it. Runtimes are started without AppArmor. */
function wantsAppArmor({ metadata, spec }: Pod): boolean {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const profiles = [spec.securityContext?.appArmorProfile, ...containers.map(({ securityContext }) => securityContext?.appArmorProfile)];
  const annotated = Object.entries(metadata.annotations ?? {}).some(
    ([name, profile]) => name.startsWith('container.apparmor.security.beta.kubernetes.io/') && profile !== 'unconfined' && profile !== '',
  );
  return annotated || profiles.some((profile) => profile !== undefined && profile.type !== 'Unconfined');
}

/** Resources that the node does not know at all are not its to judge. */
function lackingResource(pod: Pod, node: Node, others: readonly Pod[]): Refusal | undefined {
  const allocatable = node.status?.allocatable ?? {};
  const podLimit = allocatable['pods'];
  if (podLimit !== undefined && others.length + 1 > amountOf('pods', podLimit)) {
    const text = `Node didn't have enough resource: pods, requested: 1, used: ${others.length}, capacity: ${amountOf('pods', podLimit)}`;
    return { reason: 'OutOfpods', message: text };
  }
  for (const [name, requested] of requestsOf(pod)) {
    const quantity = allocatable[name];
    if (quantity === undefined || requested === 0) continue;
    const capacity = amountOf(name, quantity);
    const used = others.reduce((sum, other) => sum + (requestsOf(other).get(name) ?? 0), 0);
    if (used + requested <= capacity) continue;
    const text = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
    return { reason: `OutOf${name}`, message: text };
  }
  return undefined;
}
