// Owns whether the node takes a pod that was given to it: resources, affinity, host ports, taints, sysctls, and who makes way for a critical one. Reasons and texts are upstream's. Pure.
import type { Node, Pod } from '../api/core/v1.ts';
import { collide, hostPortsOf } from '../predicates/host-ports.ts';
import { fitsNodeAffinity } from '../predicates/node-affinity.ts';
import { amountOf, requestsOf } from '../predicates/pod-resources.ts';
import { firstUntolerated, tolerates } from '../predicates/taints.ts';
import { sysctlName } from './container/sysctl-name.ts';
import { isCritical, isStatic } from './eviction/ranking.ts';
import { type Lack, podsToPreempt } from './preemption.ts';
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

/** What becomes of a pod: it is taken, or refused, or taken once these others are gone. */
export type Admission = { readonly refusal?: Refusal; readonly preempt?: readonly Pod[] };

/** `others` are the pods that hold something of the node already. `node` undefined: not registered yet, nothing is checked. */
export function admissionOf(pod: Pod, node: Node | undefined, others: readonly Pod[]): Admission {
  const plain = plainRefusal(pod, node);
  if (plain !== undefined) return { refusal: plain };
  if (node === undefined) return {};
  const lacks = lacksOf(pod, node, others);
  const mismatch = mismatchOf(pod, node, others);
  const [first] = lacks;
  if (first === undefined) return mismatch === undefined ? {} : { refusal: mismatch };
  if (!isCritical(pod)) return { refusal: lackRefusal(first) };
  if (mismatch !== undefined) return { refusal: mismatch };
  const found = podsToPreempt(pod, others, lacks);
  if ('victims' in found) return { preempt: found.victims };
  const message = `Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: ${found.problem}`;
  return { refusal: { reason: 'UnexpectedAdmissionError', message } };
}

/** Why the pod is refused whatever else runs on the node. */
function plainRefusal(pod: Pod, node: Node | undefined): Refusal | undefined {
  const forbidden = pod.spec?.securityContext?.sysctls?.map(({ name }) => sysctlName(name)).find((name) => !safeSysctls.has(name));
  if (pod.spec.securityContext?.supplementalGroupsPolicy === 'Strict') {
    const message = 'SupplementalGroupsPolicy=Strict is not supported in this node';
    return { reason: 'SupplementalGroupsPolicyNotSupported', message };
  }
  if (wantsAppArmor(pod)) return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
  if (forbidden !== undefined) return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${forbidden}" not allowlisted` };
  if (node === undefined) return undefined;
  const pressed = pressureRefusal(pod, node);
  if (pressed !== undefined) return pressed;
  const system = pod.metadata.labels?.['kubernetes.io/os'];
  if (system !== undefined && system !== 'linux') {
    const message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
    return { reason: 'PodOSSelectorNodeLabelDoesNotMatch', message };
  }
  if (pod.spec.os !== undefined && pod.spec.os.name !== 'linux')
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  return undefined;
}

/** Why the pod does not belong on the node, room aside. */
function mismatchOf(pod: Pod, node: Node, others: readonly Pod[]): Refusal | undefined {
  if (!fitsNodeAffinity(pod, node)) {
    return { reason: 'NodeAffinity', message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector" };
  }
  const ports = hostPortsOf(pod);
  const taken = ports.length === 0 ? [] : others.flatMap(hostPortsOf);
  if (ports.some((port) => taken.some((other) => collide(port, other)))) {
    return { reason: 'NodePorts', message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" };
  }
  if (!isStatic(pod) && firstUntolerated(node.spec?.taints ?? [], pod.spec.tolerations ?? [], ['NoExecute']) !== undefined) {
    const message = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate";
    return { reason: 'TaintToleration', message };
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

/** What upstream looks at first. */
const order = ['pods', 'cpu', 'memory', 'ephemeral-storage'];

/** What the node has too little of. Extended resources that it does not know at all are not its to judge. */
function lacksOf(pod: Pod, node: Node, others: readonly Pod[]): readonly Lack[] {
  const allocatable = node.status?.allocatable ?? {};
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const wanted = [...requestsOf(pod)].filter(([, amount]) => amount > 0).toSorted(([a], [b]) => rank(a) - rank(b));
  return [['pods', 1] as const, ...wanted].flatMap(([name, requested]) => {
    const quantity = allocatable[name] ?? (name.startsWith('hugepages-') ? '0' : undefined);
    if (quantity === undefined) return [];
    const used = others.reduce((sum, other) => sum + (name === 'pods' ? 1 : (requestsOf(other).get(name) ?? 0)), 0);
    const capacity = amountOf(name, quantity);
    return used + requested <= capacity ? [] : [{ name, requested, used, capacity }];
  });
}

function lackRefusal({ name, requested, used, capacity }: Lack): Refusal {
  const text = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${name}`, message: text };
}
