// Owns the changes that may make room for a waiting pod, and the questions that several plugins ask about them.
import type { Node, Pod } from '../api/core/v1.ts';
import { sameValue } from '../api/equal.ts';
import type { KubeObject } from '../api/object.ts';
import type { ClusterObjects } from './cluster-view.ts';

/** A change of the cluster. `own`: the waiting pod itself was changed. Placed pods only otherwise. */
export type WakeEvent =
  | { readonly on: 'own'; readonly pod: Pod; readonly old: Pod }
  | { readonly on: 'pod'; readonly pod: Pod; readonly old?: Pod; readonly gone?: boolean }
  | { readonly on: 'node'; readonly node: Node; readonly old?: Node; readonly gone?: boolean }
  | { readonly on: keyof ClusterObjects; readonly object: KubeObject; readonly old?: KubeObject; readonly gone?: boolean };

/** Whether a node came, or its taints changed: kube-scheduler wakes nearly everybody then. */
export function nodeCameOrTaintsChanged(event: WakeEvent): boolean {
  if (event.on !== 'node' || !('node' in event) || event.gone) return false;
  return event.old === undefined || taintsChanged(event.node, event.old);
}

/** Whether taints differ, a cordon included. */
export function taintsChanged(node: Node, old: Node): boolean {
  return !sameValue(node.spec?.taints, old.spec?.taints) || Boolean(node.spec?.unschedulable) !== Boolean(old.spec?.unschedulable);
}

/** A node that came or changed in the way that is asked for. */
export function changedNode(event: WakeEvent, changed: (node: Node, old: Node) => boolean): Node | undefined {
  if (event.on !== 'node' || !('node' in event) || event.gone) return undefined;
  return event.old === undefined || changed(event.node, event.old) ? event.node : undefined;
}

/** A placed pod that went, or was taken back. */
export function gonePod(event: WakeEvent): Pod | undefined {
  return event.on === 'pod' && 'pod' in event && event.gone ? event.pod : undefined;
}

/** Whether an object of one of the kinds came or changed. */
export function cameOrChanged(event: WakeEvent, ...kinds: readonly (keyof ClusterObjects)[]): KubeObject | undefined {
  return 'object' in event && !event.gone && kinds.includes(event.on) ? event.object : undefined;
}

/** Every change but that a pod came to a node, which can only take room: by far the most there are. */
export function unlessTaken(event: WakeEvent): boolean {
  return !(event.on === 'pod' && 'pod' in event && !event.gone && event.old === undefined);
}
