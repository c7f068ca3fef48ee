// Owns the rule that a pod's requests must fit what is left of a node, and the score for nodes with more left (LeastAllocated).
import { requestsOf, scoredRequest } from '../../predicates/pod-resources.ts';
import { maxNodeScore, type Plugin } from '../framework.ts';

export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  filter(pod, { allocatable, requested, podCount }) {
    const reasons: string[] = [];
    let resolvable = true;
    if (podCount + 1 > (allocatable.get('pods') ?? 0)) reasons.push('Too many pods');
    for (const [name, amount] of requestsOf(pod)) {
      const whole = allocatable.get(name) ?? 0;
      if (amount === 0 || amount <= whole - (requested.get(name) ?? 0)) continue;
      reasons.push(`Insufficient ${name}`);
      if (amount > whole) resolvable = false;
    }
    return reasons.length === 0 ? undefined : { reasons, resolvable };
  },
  score(pod, { allocatable, scoredCpu, scoredMemory }) {
    const left = (whole: number, taken: number): number =>
      whole === 0 || taken > whole ? 0 : Math.floor(((whole - taken) * maxNodeScore) / whole);
    const parts = [
      { whole: allocatable.get('cpu') ?? 0, taken: scoredCpu + scoredRequest(pod, 'cpu') },
      { whole: allocatable.get('memory') ?? 0, taken: scoredMemory + scoredRequest(pod, 'memory') },
    ].filter(({ whole }) => whole > 0);
    return parts.length === 0 ? 0 : Math.floor(parts.reduce((sum, { whole, taken }) => sum + left(whole, taken), 0) / parts.length);
  },
};
