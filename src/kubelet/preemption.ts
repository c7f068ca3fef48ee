// Owns which pods make way for a critical one that lacks room: as few and as small as will do, the least protected first. Pure.
import type { Pod } from '../api/core/v1.ts';
import { requestsOf } from '../predicates/pod-resources.ts';
import { isCritical } from './eviction/ranking.ts';
import { type QosClass, qosClassOf } from './resources/qos.ts';

/** A resource of which the node has too little. Amounts as in `predicates/pod-resources.ts`. */
export interface Lack {
  readonly name: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

interface Need {
  readonly name: string;
  readonly amount: number;
}

const asks = (pod: Pod, name: string): number => (name === 'pods' ? 1 : (requestsOf(pod).get(name) ?? 0));

/** What is still needed once these pods are gone. */
function without(needs: readonly Need[], pods: readonly Pod[]): readonly Need[] {
  return needs
    .map(({ name, amount }) => ({ name, amount: pods.reduce((left, pod) => left - asks(pod, name), amount) }))
    .filter(({ amount }) => amount > 0);
}

/** How far a pod alone is from all that is needed: 0 where it will do, 1 for each resource of which it has nothing. */
function distance(needs: readonly Need[], pod: Pod): number {
  return needs.reduce((sum, { name, amount }) => sum + (Math.max(0, amount - asks(pod, name)) / amount) ** 2, 0);
}

function isSmaller(a: Pod, b: Pod): boolean {
  for (const name of ['memory', 'cpu']) if (asks(a, name) !== asks(b, name)) return asks(a, name) < asks(b, name);
  return true;
}

function nearest(pods: readonly Pod[], needs: readonly Need[]): readonly Pod[] {
  const left = [...pods];
  const chosen: Pod[] = [];
  for (let rest = needs; rest.length > 0; ) {
    let best: Pod | undefined;
    for (const pod of left) {
      const closer = best === undefined ? -1 : distance(rest, pod) - distance(rest, best);
      if (best === undefined || closer < 0 || (closer === 0 && isSmaller(pod, best))) best = pod;
    }
    if (best === undefined) break;
    left.splice(left.indexOf(best), 1);
    chosen.push(best);
    rest = without(rest, [best]);
  }
  return chosen;
}

/** Who goes, or why that would not help. Critical pods do not make way for each other. */
export function podsToPreempt(
  pod: Pod,
  others: readonly Pod[],
  lacks: readonly Lack[],
): { readonly victims: readonly Pod[] } | { readonly problem: string } {
  const needs = lacks.map(({ name, requested, used, capacity }) => ({ name, amount: requested - (capacity - used) }));
  const yielding = others.filter((other) => !isCritical(other) || mayYield(pod, other));
  const missing = without(needs, yielding);
  if (missing.length > 0) {
    const list = missing.map(({ name, amount }) => `(res: ${name}, q: ${amount}), `).join('');
    return { problem: `no set of running pods found to reclaim resources: [${list}]` };
  }
  const of = (qos: QosClass): readonly Pod[] => yielding.filter((other) => qosClassOf(other) === qos);
  const [bestEffort, burstable, guaranteed] = [of('BestEffort'), of('Burstable'), of('Guaranteed')];
  const third = nearest(guaranteed, without(needs, [...bestEffort, ...burstable]));
  const second = nearest(burstable, without(needs, [...bestEffort, ...third]));
  const first = nearest(bestEffort, without(needs, [...second, ...third]));
  return { victims: [...first, ...second, ...third] };
}

/** Of two critical pods the more important one goes before, where both say how important they are. */
function mayYield(pod: Pod, other: Pod): boolean {
  return pod.spec.priority !== undefined && other.spec.priority !== undefined && pod.spec.priority > other.spec.priority;
}
