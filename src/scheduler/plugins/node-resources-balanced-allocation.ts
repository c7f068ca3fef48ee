// Owns the score for nodes whose resources are used evenly, judged by what the pod would change about it.
import type { Pod } from '../../api/core/v1.ts';
import { maxNodeScore, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { podFactsOf } from '../pod-facts.ts';
import { scoredIfAsked } from '../resource-scoring.ts';
import { amountsKey } from '../signature-keys.ts';

/** The plugin; `names` are the resources that should be in balance. */
export function nodeResourcesBalancedAllocationPlugin(names: readonly string[] = ['cpu', 'memory']): Plugin {
  const askedBy = (pod: Pod, name: string): number => podFactsOf(pod).requests.get(name) ?? 0;
  return {
    name: 'NodeResourcesBalancedAllocation',
    weight: 1,
    signature: (pod) => amountsKey(podFactsOf(pod).requests),
    judge(pod) {
      const asked = names.map((name) => askedBy(pod, name));
      // A pod that asks for nothing changes no balance.
      if (asked.every((amount) => amount === 0)) return undefined;
      if (names.length === 2 && names[0] === 'cpu' && names[1] === 'memory')
        return { scoring: { by: 'node', score: (node) => ofTwo(node, asked[0] ?? 0, asked[1] ?? 0) } };
      return {
        scoring: {
          by: 'node',
          score: (node) => Math.floor((maxNodeScore * 3) / 4 + (balance(node, names, asked, 1) - balance(node, names, asked, 0)) / 2),
        },
      };
    },
  };
}

/** The same for cpu and memory, without anything being made for it. */
function ofTwo(node: NodeInfo, cpu: number, memory: number): number {
  return Math.floor((maxNodeScore * 3) / 4 + (balanceOfTwo(node, cpu, memory) - balanceOfTwo(node, 0, 0)) / 2);
}

function balanceOfTwo({ cpu, memory, requestedCpu, requestedMemory }: NodeInfo, moreCpu: number, moreMemory: number): number {
  if (cpu === 0 || memory === 0) return maxNodeScore;
  const apart = Math.min(1, (requestedCpu + moreCpu) / cpu) - Math.min(1, (requestedMemory + moreMemory) / memory);
  return Math.trunc((1 - Math.abs(apart) / 2) * maxNodeScore);
}

/** 100 less the standard deviation of the used fractions, in whole points. */
function balance({ allocatable, requested }: NodeInfo, names: readonly string[], asked: readonly number[], times: 0 | 1): number {
  const fractions: number[] = [];
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    const own = asked[at] ?? 0;
    const whole = allocatable.get(name) ?? 0;
    if (whole === 0 || (own === 0 && scoredIfAsked(name))) continue;
    fractions.push(Math.min(1, ((requested.get(name) ?? 0) + times * own) / whole));
  }
  return Math.trunc((1 - deviation(fractions)) * maxNodeScore);
}

function deviation(fractions: readonly number[]): number {
  if (fractions.length < 2) return 0;
  if (fractions.length === 2) return Math.abs((fractions[0] ?? 0) - (fractions[1] ?? 0)) / 2;
  const mean = fractions.reduce((sum, one) => sum + one, 0) / fractions.length;
  return Math.sqrt(fractions.reduce((sum, one) => sum + (one - mean) ** 2, 0) / fractions.length);
}
