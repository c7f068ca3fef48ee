// Owns the scheduler's picture of the cluster, kept current change by change, with placements that the API does not show yet.
import type { Node, Pod } from '../api/core/v1.ts';
import { sameValue } from '../api/equal.ts';
import type { ClusterView, SlotChange } from './cluster-view.ts';
import { LiveObjects } from './live-objects.ts';
import { emptyNodeInfo, type NodeInfo, occupies, withNode, withoutPod, withPod, withSamePod } from './node-info.ts';
import { podFactsOf, priorityOf, sharePodFacts } from './pod-facts.ts';

/** Changes are remembered up to so many; who looked longer ago looks at everything. */
const rememberedChanges = 4_000;

/** Bound: one entry a node and a placed pod, and the remembered changes. */
export class ClusterState implements ClusterView {
  readonly objects: LiveObjects;
  readonly slots: (NodeInfo | undefined)[] = [];
  readonly imageNodes = new Map<string, number>();
  readonly priorities = new Map<number, number>();
  mindingPods = 0;
  readonly #slotOf = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #placed = new Map<string, { pod: Pod }>();
  /** Pods on nodes that are not there (any more): counted again when the node comes. */
  readonly #homeless = new Map<string, Map<string, Pod>>();
  readonly #nominated = new Map<string, { readonly pod: Pod; readonly node: string }>();
  #changes: SlotChange[] = [];
  #forgotten = 0;

  constructor(objects: LiveObjects = new LiveObjects()) {
    this.objects = objects;
  }

  /** The same picture, which goes its own way from here: to see what would be. */
  copy(): ClusterState {
    // What is in the slots are values: a copy shares them.
    const copy = new ClusterState(this.objects.copy());
    copy.slots.push(...this.slots);
    copy.#free.push(...this.#free);
    copy.mindingPods = this.mindingPods;
    for (const [name, slot] of this.#slotOf) copy.#slotOf.set(name, slot);
    for (const [image, count] of this.imageNodes) copy.imageNodes.set(image, count);
    for (const [priority, count] of this.priorities) copy.priorities.set(priority, count);
    for (const [uid, { pod }] of this.#placed) copy.#placed.set(uid, { pod });
    for (const [node, pods] of this.#homeless) copy.#homeless.set(node, new Map(pods));
    for (const [uid, nomination] of this.#nominated) copy.#nominated.set(uid, nomination);
    return copy;
  }

  get nodeCount(): number {
    return this.#slotOf.size;
  }

  get changeCount(): number {
    return this.#forgotten + this.#changes.length;
  }

  slotOf(name: string): number | undefined {
    return this.#slotOf.get(name);
  }

  changesSince(count: number): readonly SlotChange[] | undefined {
    return count < this.#forgotten ? undefined : this.#changes.slice(count - this.#forgotten);
  }

  /** Counts a node that came or changed; answers whether anything changed that a placement depends on. */
  putNode(node: Node): boolean {
    const { name } = node.metadata;
    const known = this.#slotOf.get(name);
    const before = known === undefined ? undefined : this.slots[known];
    if (known !== undefined && before !== undefined) {
      const info = withNode(before, node);
      const moved = !sameValue(before.labels, info.labels) || !sameValue(before.node.spec?.taints, node.spec?.taints);
      const same = !moved && before.node.spec?.unschedulable === node.spec?.unschedulable;
      if (
        same &&
        sameValue(before.node.status?.allocatable, node.status?.allocatable) &&
        sameValue(before.node.status?.images, node.status?.images)
      ) {
        this.slots[known] = { ...before, node };
        return false;
      }
      this.#countImages(before, -1);
      this.#countImages(info, 1);
      this.#set(known, info, { slot: known, moved });
      return true;
    }
    const slot = this.#free.pop() ?? this.slots.length;
    this.#slotOf.set(name, slot);
    let info = emptyNodeInfo(node);
    for (const pod of this.#homeless.get(name)?.values() ?? []) info = withPod(info, pod);
    this.#homeless.delete(name);
    info = { ...info, nominated: [...this.#nominated.values()].filter((one) => one.node === name).map(({ pod }) => pod) };
    this.#countImages(info, 1);
    this.#set(slot, info, { slot, moved: true });
    return true;
  }

  removeNode(name: string): void {
    const slot = this.#slotOf.get(name);
    const info = slot === undefined ? undefined : this.slots[slot];
    if (slot === undefined || info === undefined) return;
    this.#countImages(info, -1);
    this.#slotOf.delete(name);
    if (info.pods.length > 0) this.#homeless.set(name, new Map(info.pods.map((pod) => [pod.metadata.uid, pod])));
    this.#set(slot, undefined, { slot, moved: true });
    this.#free.push(slot);
  }

  /** Counts a pod on its node, or no longer where it has ended. Also for a placement that is only assumed. */
  putPod(pod: Pod): void {
    const known = this.#placed.get(pod.metadata.uid);
    if (known !== undefined) sharePodFacts(known.pod, pod);
    if (known !== undefined && occupies(pod) && takesTheSame(known.pod, pod)) {
      known.pod = pod;
      const slot = this.#slotOf.get(pod.spec.nodeName ?? '');
      const info = slot === undefined ? undefined : this.slots[slot];
      if (slot !== undefined && info !== undefined) this.slots[slot] = withSamePod(info, pod);
      else this.#homeless.get(pod.spec.nodeName ?? '')?.set(pod.metadata.uid, pod);
      return;
    }
    if (known !== undefined) this.removePod(pod.metadata.uid);
    if (!occupies(pod)) return;
    const placed = { pod };
    this.#placed.set(pod.metadata.uid, placed);
    this.#count(pod, 1);
    const node = pod.spec.nodeName ?? '';
    const slot = this.#slotOf.get(node);
    const info = slot === undefined ? undefined : this.slots[slot];
    if (slot !== undefined && info !== undefined) this.#set(slot, withPod(info, pod), { slot, placed, delta: 1 });
    else this.#homeless.set(node, (this.#homeless.get(node) ?? new Map<string, Pod>()).set(pod.metadata.uid, pod));
  }

  removePod(uid: string): void {
    const placed = this.#placed.get(uid);
    if (placed === undefined) return;
    const { pod } = placed;
    this.#placed.delete(uid);
    this.#count(pod, -1);
    const node = pod.spec.nodeName ?? '';
    const slot = this.#slotOf.get(node);
    const info = slot === undefined ? undefined : this.slots[slot];
    if (slot !== undefined && info !== undefined) this.#set(slot, withoutPod(info, pod), { slot, placed, delta: -1 });
    const homeless = this.#homeless.get(node);
    if (homeless?.delete(uid) && homeless.size === 0) this.#homeless.delete(node);
  }

  /** The placed pod of this uid, as last seen or assumed. */
  placed(uid: string): Pod | undefined {
    return this.#placed.get(uid)?.pod;
  }

  /** Lets a waiting pod count on the node that it is to get; undefined: no longer. */
  nominate(pod: Pod, node: string | undefined): void {
    const { uid } = pod.metadata;
    const before = this.#nominated.get(uid);
    if (before !== undefined) {
      this.#nominated.delete(uid);
      this.#changeNominated(before.node, (pods) => pods.filter(({ metadata }) => metadata.uid !== uid));
    }
    if (node === undefined) return;
    this.#nominated.set(uid, { pod, node });
    this.#changeNominated(node, (pods) => [...pods, pod]);
  }

  /** Where a pod is nominated to. */
  nominationOf(uid: string): string | undefined {
    return this.#nominated.get(uid)?.node;
  }

  #changeNominated(node: string, change: (pods: readonly Pod[]) => readonly Pod[]): void {
    const slot = this.#slotOf.get(node);
    const info = slot === undefined ? undefined : this.slots[slot];
    if (slot !== undefined && info !== undefined) this.#set(slot, { ...info, nominated: change(info.nominated) }, { slot });
  }

  #count(pod: Pod, by: 1 | -1): void {
    if (podFactsOf(pod).minds) this.mindingPods += by;
    const priority = priorityOf(pod);
    const count = (this.priorities.get(priority) ?? 0) + by;
    if (count === 0) this.priorities.delete(priority);
    else this.priorities.set(priority, count);
  }

  #countImages({ images }: NodeInfo, by: 1 | -1): void {
    for (const name of images.keys()) {
      const count = (this.imageNodes.get(name) ?? 0) + by;
      if (count === 0) this.imageNodes.delete(name);
      else this.imageNodes.set(name, count);
    }
  }

  #set(slot: number, info: NodeInfo | undefined, change: SlotChange): void {
    this.slots[slot] = info;
    this.#changes.push(change);
    if (this.#changes.length <= 2 * rememberedChanges) return;
    this.#forgotten += this.#changes.length - rememberedChanges;
    this.#changes = this.#changes.slice(-rememberedChanges);
  }
}

/** Whether a newer state of a placed pod makes no difference to anybody's placement. */
function takesTheSame(before: Pod, after: Pod): boolean {
  return (
    before.spec.nodeName === after.spec.nodeName &&
    before.metadata.deletionTimestamp === after.metadata.deletionTimestamp &&
    sameValue(before.metadata.labels, after.metadata.labels) &&
    before.spec.priority === after.spec.priority &&
    sameRequests(before, after)
  );
}

function sameRequests(before: Pod, after: Pod): boolean {
  const [one, other] = [podFactsOf(before).requests, podFactsOf(after).requests];
  return one === other || sameValue([...one], [...other]);
}
