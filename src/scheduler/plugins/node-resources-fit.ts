// Owns the rule that a pod's requests must fit what is left of a node, and the score by what is left (least, most, or by a given shape).
import type { Pod } from '../../api/core/v1.ts';
import { maxNodeScore, type Plugin, type Refusal } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { podFactsOf } from '../pod-facts.ts';
import {
  allocatesMore,
  fitsWhenEmpty,
  leastAllocated,
  type ResourceScorer,
  type ResourceWeight,
  requestedOf,
  scoredAmount,
  scoredIfAsked,
  type Taken,
} from '../resource-scoring.ts';
import { amountsKey } from '../signature-keys.ts';
import { changedNode, gonePod, taintsChanged, unlessTaken } from '../wake-event.ts';

/** NodeResourcesFitArgs. */
export interface FitOptions {
  /** Extended resources that are not looked at, by name or by group (what is before the slash). */
  readonly ignoredResources?: readonly string[];
  readonly ignoredResourceGroups?: readonly string[];
  readonly resources?: readonly ResourceWeight[];
  readonly scorer?: ResourceScorer;
}

const evenly: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** The plugin. */
export function nodeResourcesFitPlugin(options: FitOptions = {}): Plugin {
  const { ignoredResources = [], ignoredResourceGroups = [], resources = evenly, scorer = leastAllocated } = options;
  const ignored = (name: string): boolean =>
    name.includes('/') && (ignoredResources.includes(name) || ignoredResourceGroups.includes(name.slice(0, name.indexOf('/'))));
  const wantedBy = (pod: Pod): readonly (readonly [string, number])[] =>
    [...podFactsOf(pod).requests].filter(([name, amount]) => amount > 0 && !ignored(name));
  const lacks = (node: NodeInfo, wanted: readonly (readonly [string, number])[]): readonly string[] => {
    const reasons: string[] = node.pods.length + 1 > node.podLimit ? ['Too many pods'] : [];
    for (const [name, amount] of wanted) if (amount > leftOf(node, name)) reasons.push(`Insufficient ${name}`);
    return reasons;
  };
  return {
    name: 'NodeResourcesFit',
    weight: 1,
    signature(pod) {
      const { requests, scoredCpu, scoredMemory } = podFactsOf(pod);
      return `${amountsKey(requests)}${scoredCpu},${scoredMemory}`;
    },
    judge(pod) {
      const wanted = wantedBy(pod);
      const refusals = new Map<string, Refusal>();
      return {
        test(node) {
          if (node.pods.length < node.podLimit && fits(node, wanted)) return undefined;
          const reasons = lacks(node, wanted);
          const resolvable = wanted.every(([name, amount]) => amount <= (node.allocatable.get(name) ?? 0));
          const key = `${resolvable}${reasons.join()}`;
          const refusal = refusals.get(key) ?? { reasons, resolvable };
          refusals.set(key, refusal);
          return refusal;
        },
        scoring: {
          by: 'node',
          score: evenly === resources && scorer === leastAllocated ? leastOfTwo(pod) : (node) => scorer(takenOf(node, pod, resources)),
        },
      };
    },
    hears: unlessTaken,
    wakes(pod, event) {
      if (gonePod(event) !== undefined) return true;
      if (event.on === 'own')
        return 'pod' in event && wantedBy(event.pod).some(([name, amount]) => amount < (podFactsOf(event.old).requests.get(name) ?? 0));
      if (event.on === 'pod' && 'pod' in event && event.old !== undefined) {
        const [now, old] = [podFactsOf(event.pod).requests, podFactsOf(event.old).requests];
        return wantedBy(pod).some(([name]) => (now.get(name) ?? 0) < (old.get(name) ?? 0));
      }
      const node = changedNode(
        event,
        (now, old) => taintsChanged(now, old) || allocatesMore(now.status?.allocatable, old.status?.allocatable),
      );
      return node !== undefined && fitsWhenEmpty(wantedBy(pod), node.status?.allocatable);
    },
  };
}

function leftOf({ cpu, memory, requestedCpu, requestedMemory, allocatable, requested }: NodeInfo, name: string): number {
  if (name === 'cpu') return cpu - requestedCpu;
  if (name === 'memory') return memory - requestedMemory;
  return (allocatable.get(name) ?? 0) - (requested.get(name) ?? 0);
}

function fits(node: NodeInfo, wanted: readonly (readonly [string, number])[]): boolean {
  for (let at = 0; at < wanted.length; at++) {
    const one = wanted[at];
    if (one !== undefined && one[1] > leftOf(node, one[0])) return false;
  }
  return true;
}

function takenOf(node: NodeInfo, pod: Pod, resources: readonly ResourceWeight[]): readonly Taken[] {
  return resources.flatMap(({ name, weight }) => {
    const whole = node.allocatable.get(name) ?? 0;
    const own = scoredAmount(pod, name);
    return whole === 0 || (own === 0 && scoredIfAsked(name)) ? [] : [{ whole, taken: requestedOf(node, name) + own, weight }];
  });
}

/** `leastAllocated` of cpu and memory, which count the same: what nearly every decision asks, without anything being made for it. */
function leastOfTwo(pod: Pod): (node: NodeInfo) => number {
  const { scoredCpu, scoredMemory } = podFactsOf(pod);
  const left = (whole: number, taken: number): number => (taken > whole ? 0 : Math.floor(((whole - taken) * maxNodeScore) / whole));
  return (node) => {
    const [forCpu, forMemory] = [node.scoredCpu + scoredCpu, node.scoredMemory + scoredMemory];
    if (node.cpu === 0) return node.memory === 0 ? 0 : left(node.memory, forMemory);
    return node.memory === 0 ? left(node.cpu, forCpu) : Math.floor((left(node.cpu, forCpu) + left(node.memory, forMemory)) / 2);
  };
}
