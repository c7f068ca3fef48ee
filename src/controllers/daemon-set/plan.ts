// Owns which of a DaemonSet's pods come and go: to have each node its own, and to bring them to the present template. Pure.
import type { DaemonSet } from '../../api/apps/v1.ts';
import type { Node, Pod } from '../../api/core/v1.ts';
import { availableInMs, isReady } from '../pod-facts.ts';
import { byNode, fitOf, hashLabel, isUpdated } from './placement.ts';

/** What is seen. `hash`: of the present revision. */
export interface Observed {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly hash: string;
}

/** Something to tell of the set. */
export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The nodes that get a pod, and the pods that go. */
export interface PodsPlan {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  readonly events: readonly Told[];
  /** Nodes where a failed pod goes: each time the next one waits longer. */
  readonly failedOn: readonly string[];
  readonly againMs: number | undefined;
}

function share(value: number | string | undefined, of: number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value ?? '')?.[1];
  return percent === undefined ? 0 : Math.ceil((Number(percent) * of) / 100);
}

const surgeOf = ({ spec }: DaemonSet, nodes: number): number => share(spec.updateStrategy?.rollingUpdate?.maxSurge, nodes);
const isAlive = ({ metadata }: Pod): boolean => metadata.deletionTimestamp === undefined;

function isAvailable({ spec }: DaemonSet, pod: Pod, nowMs: number): boolean {
  return availableInMs(pod, spec.minReadySeconds ?? 0, nowMs) === 0;
}

/** On a node first, then oldest first, then by name. */
export function byAge(a: Pod, b: Pod): number {
  const place = Number((b.spec?.nodeName ?? '') !== '') - Number((a.spec?.nodeName ?? '') !== '');
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp} ${metadata.name}`) as [string, string];
  return place || (left < right ? -1 : left > right ? 1 : 0);
}

/** Plans that each node has its pod, and no other node one. `restMs`: how long a failed pod of a node must still be left. */
export function planPods(observed: Observed, restMs: (node: string) => number, nowMs: number): PodsPlan {
  const { set, nodes, pods } = observed;
  const onNode = byNode(pods);
  const create: string[] = [];
  const remove: Pod[] = [];
  const events: Told[] = [];
  const failedOn: string[] = [];
  const rests: number[] = [];
  for (const node of nodes) {
    const { name } = node.metadata;
    const present = onNode.get(name);
    const fit = fitOf(set, node);
    if (fit.run && present === undefined) create.push(name);
    else if (fit.stay) {
      const running: Pod[] = [];
      for (const pod of (present ?? []).filter(isAlive)) {
        const who = `daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${name}`;
        if (pod.status?.phase === 'Failed') {
          const waitMs = restMs(name);
          if (waitMs > 0) {
            rests.push(waitMs);
            continue;
          }
          failedOn.push(name);
          events.push({ type: 'Warning', reason: 'FailedDaemonPod', message: `Found failed ${who}, will try to kill it` });
          remove.push(pod);
        } else if (pod.status?.phase === 'Succeeded') {
          events.push({ type: 'Normal', reason: 'SucceededDaemonPod', message: `Found succeeded ${who}, will try to delete it` });
          remove.push(pod);
        } else running.push(pod);
      }
      remove.push(...surplus(observed, running, nowMs));
      if (surgeOf(set, 1) > 0 && running.length === 0 && fit.run) create.push(name);
    } else remove.push(...(present ?? []).filter(isAlive));
  }
  const known = new Set(nodes.map(({ metadata }) => metadata.name));
  for (const [node, lost] of onNode) if (!known.has(node)) remove.push(...lost.filter(({ spec }) => !spec?.nodeName));
  return { create, remove, events, failedOn, againMs: rests.length === 0 ? undefined : Math.min(...rests) };
}

/** The pods that a node has too many: with surge one of each template may stay until the new one can take over. */
function surplus({ set, hash }: Observed, running: readonly Pod[], nowMs: number): readonly Pod[] {
  if (running.length <= 1) return [];
  const sorted = [...running].sort(byAge);
  if (surgeOf(set, 1) === 0) return sorted.slice(1);
  const isNew = (pod: Pod): boolean => pod.metadata.labels?.[hashLabel] === hash;
  const [fresh, old] = [sorted.find(isNew), sorted.find((pod) => !isNew(pod))];
  const others = sorted.filter((pod) => pod !== fresh && pod !== old);
  if (fresh === undefined || old === undefined) return others;
  return !isReady(old) || isAvailable(set, fresh, nowMs) ? [...others, old] : others;
}

interface Pair {
  readonly node: string;
  readonly fresh: Pod | undefined;
  readonly old: Pod | undefined;
  /** There are more than one of a kind: that is put right first. */
  readonly crowded: boolean;
}

function pairsOf({ set, nodes, pods, hash }: Observed): readonly Pair[] {
  const onNode = new Map(byNode(pods));
  for (const node of nodes) if (fitOf(set, node).run && !onNode.has(node.metadata.name)) onNode.set(node.metadata.name, []);
  return [...onNode].map(([node, there]) => {
    const alive = there.filter(isAlive);
    const fresh = alive.filter((pod) => isUpdated(set, pod, hash));
    const old = alive.filter((pod) => !isUpdated(set, pod, hash));
    return { node, fresh: fresh[0], old: old[0], crowded: fresh.length > 1 || old.length > 1 };
  });
}

/** Plans the next step of a rolling update: which old pods go, and which nodes get a new one beside the old. */
export function planRollout(observed: Observed, nowMs: number): Pick<PodsPlan, 'create' | 'remove'> {
  const { set, nodes } = observed;
  const desired = nodes.filter((node) => fitOf(set, node).run).length;
  const maxSurge = surgeOf(set, desired);
  const asked = share(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, desired);
  const maxUnavailable = desired > 0 && asked === 0 && maxSurge === 0 ? 1 : asked;
  const pairs = pairsOf(observed);
  return maxSurge === 0
    ? { create: [], remove: replaced(set, pairs, maxUnavailable, nowMs) }
    : surged(observed, pairs, { maxSurge, desired }, nowMs);
}

/** Without surge: old pods that are not available anyway, and as many others as may be unavailable. */
function replaced(set: DaemonSet, pairs: readonly Pair[], maxUnavailable: number, nowMs: number): readonly Pod[] {
  let unavailable = 0;
  const free: Pod[] = [];
  const candidates: Pod[] = [];
  for (const { fresh, old, crowded } of pairs) {
    if (crowded || (fresh === undefined) === (old === undefined)) unavailable++;
    else if (fresh !== undefined) unavailable += isAvailable(set, fresh, nowMs) ? 0 : 1;
    else if (old !== undefined && !isAvailable(set, old, nowMs)) {
      free.push(old);
      unavailable++;
    } else if (old !== undefined) candidates.push(old);
  }
  return [...free, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))];
}

/** With surge: new pods beside the old ones, which go as soon as theirs is available. */
function surged(
  { set, nodes }: Observed,
  pairs: readonly Pair[],
  { maxSurge, desired }: { readonly maxSurge: number; readonly desired: number },
  nowMs: number,
): Pick<PodsPlan, 'create' | 'remove'> {
  const runs = (name: string): boolean => nodes.some((node) => node.metadata.name === name && fitOf(set, node).run);
  let surging = 0;
  let available = 0;
  const remove: Pod[] = [];
  const misplaced: Pod[] = [];
  const free: string[] = [];
  const candidates: string[] = [];
  for (const { node, fresh, old, crowded } of pairs) {
    if (crowded) {
      surging++;
      continue;
    }
    const first = old ?? fresh;
    const isUp = first !== undefined && isAvailable(set, first, nowMs);
    available += Number(isUp);
    if (old === undefined) continue;
    if (fresh !== undefined) {
      if (isAvailable(set, fresh, nowMs)) remove.push(old);
      else surging++;
    } else if (!runs(node)) (isUp ? misplaced : remove).push(old);
    else (isUp ? candidates : free).push(node);
  }
  remove.push(...misplaced.slice(0, Math.max(0, available - desired)));
  return { create: [...free, ...candidates.slice(0, Math.max(0, maxSurge - surging))], remove };
}
