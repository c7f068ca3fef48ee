// Owns when a range of Service addresses is ready, and when it may go: when no address of it is in use outside another range. Pure.
import { BlockList, isIPv6 } from 'node:net';
import type { ServiceCIDR } from '../../api/networking/v1.ts';
import { formatTime } from '../../base/time.ts';

export const cidrFinalizer = 'networking.k8s.io/service-cidr-finalizer';

/** `hold`: it is said that addresses are still in use. */
export type CidrPlan =
  | { readonly do: 'nothing' | 'finalizer' | 'release' }
  | { readonly do: 'condition'; readonly status: ServiceCIDR['status'] };

function contains(cidrs: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', bits = ''] = cidr.split('/');
    list.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4');
  }
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Plans for a range; `others`: ranges that are not going; `addresses`: those in use. */
export function planCidr(cidr: ServiceCIDR, others: readonly ServiceCIDR[], addresses: readonly string[], nowMs: number): CidrPlan {
  const { metadata, spec, status } = cidr;
  const has = (metadata.finalizers ?? []).includes(cidrFinalizer);
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const set = (value: 'True' | 'False', reason: string, message: string): CidrPlan => {
    if (ready?.status === value && (value === 'True' || ready.reason === reason)) return { do: 'nothing' };
    const others = (status?.conditions ?? []).filter(({ type }) => type !== 'Ready');
    const since = ready?.status === value ? ready.lastTransitionTime : formatTime(nowMs);
    const condition = { type: 'Ready', status: value, lastTransitionTime: since ?? formatTime(nowMs), reason, message };
    return { do: 'condition', status: { ...status, conditions: [...others, condition] } };
  };
  if (metadata.deletionTimestamp !== undefined) {
    if (!has) return { do: 'nothing' };
    const covered = others.flatMap((one) => one.spec?.cidrs ?? []);
    const held = addresses.some((address) => contains(spec?.cidrs ?? [], address) && !contains(covered, address));
    const message = 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR';
    return held ? set('False', 'Terminating', message) : { do: 'release' };
  }
  if (!has) return { do: 'finalizer' };
  return set('True', '', 'Kubernetes Service CIDR is ready');
}
