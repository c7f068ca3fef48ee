// Owns telling which Nodes are left from an earlier start of the same cluster with more nodes. Pure.
import type { Node } from '../api/core/v1.ts';
import { nodeNameOf, nodeNetwork } from './identity.ts';

/** True for a Node that this cluster made itself, by name and address, and that is beyond those it starts now. Machines that joined are none. */
export function isFormerNode({ metadata, status }: Node, nodes: number, clusterCidr: string): boolean {
  const index = Number(/^node([1-9]\d{0,4})$/.exec(metadata.name ?? '')?.[1] ?? 0) - 1;
  if (index < nodes || metadata.name !== nodeNameOf(index)) return false;
  const { address } = nodeNetwork(clusterCidr, index);
  return status?.addresses?.some((one) => one.type === 'InternalIP' && one.address === address) ?? false;
}
