// Owns the score for nodes whose cpu and memory are used evenly, judged by what the pod would change about it.
import { requestsOf } from '../../predicates/pod-resources.ts';
import { maxNodeScore, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../snapshot.ts';

export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  // A pod that asks for nothing changes no balance.
  scores: (pod) => ['cpu', 'memory'].some((name) => (requestsOf(pod).get(name) ?? 0) > 0),
  score(pod, node) {
    const requests = requestsOf(pod);
    const before = balance(node, 0, 0);
    const after = balance(node, requests.get('cpu') ?? 0, requests.get('memory') ?? 0);
    return Math.floor((maxNodeScore * 3) / 4 + (after - before) / 2);
  },
};

/** 100 less the standard deviation of the used fractions, in whole points. */
function balance({ allocatable, requested }: NodeInfo, cpu: number, memory: number): number {
  const fractions = [
    { whole: allocatable.get('cpu') ?? 0, taken: (requested.get('cpu') ?? 0) + cpu },
    { whole: allocatable.get('memory') ?? 0, taken: (requested.get('memory') ?? 0) + memory },
  ]
    .filter(({ whole }) => whole > 0)
    .map(({ whole, taken }) => Math.min(1, taken / whole));
  const deviation = fractions.length === 2 ? Math.abs((fractions[0] ?? 0) - (fractions[1] ?? 0)) / 2 : 0;
  return Math.trunc((1 - deviation) * maxNodeScore);
}
