// Owns the scheduler's picture of nodes and placed pods, kept current change by change, with placements that the API does not show yet.
import type { Node, Pod } from '../api/core/v1.ts';
import { type NodeInfo, nodeInfoOf, occupies, type Snapshot, snapshotFrom } from './snapshot.ts';

/** Bound: one entry a node and a placed pod. Only nodes that changed are summed up again. */
export class ClusterCache {
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, Map<string, Pod>>();
  readonly #placed = new Map<string, string>();
  readonly #infos = new Map<string, NodeInfo>();
  #snapshot: Snapshot | undefined;

  putNode(node: Node): void {
    this.#nodes.set(node.metadata.name, node);
    this.#forget(node.metadata.name);
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
    this.#forget(name);
  }

  /** Counts a pod on its node, or no longer where it has ended. Also for a placement that is only assumed. */
  putPod(pod: Pod): void {
    this.removePod(pod.metadata.uid);
    if (!occupies(pod)) return;
    const node = pod.spec.nodeName ?? '';
    const pods = this.#pods.get(node) ?? new Map<string, Pod>();
    this.#pods.set(node, pods.set(pod.metadata.uid, pod));
    this.#placed.set(pod.metadata.uid, node);
    this.#forget(node);
  }

  removePod(uid: string): void {
    const node = this.#placed.get(uid);
    if (node === undefined) return;
    this.#placed.delete(uid);
    this.#pods.get(node)?.delete(uid);
    this.#forget(node);
  }

  snapshot(): Snapshot {
    this.#snapshot ??= snapshotFrom(
      [...this.#nodes.values()].map((node) => {
        const known = this.#infos.get(node.metadata.name);
        if (known !== undefined) return known;
        const info = nodeInfoOf(node, [...(this.#pods.get(node.metadata.name)?.values() ?? [])]);
        this.#infos.set(node.metadata.name, info);
        return info;
      }),
    );
    return this.#snapshot;
  }

  #forget(node: string): void {
    this.#infos.delete(node);
    this.#snapshot = undefined;
  }
}
