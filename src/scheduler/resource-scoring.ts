// Owns how much of a node's resources being taken is worth: least allocated, most allocated, by a given shape. Scores are 0 to 100.
import type { Pod } from '../api/core/v1.ts';
import { amountOf } from '../predicates/pod-resources.ts';
import { maxNodeScore } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { podFactsOf } from './pod-facts.ts';

/** A resource and how much it counts. */
export interface ResourceWeight {
  readonly name: string;
  readonly weight: number;
}

/** How much there is of a resource, and how much would be taken with the pod. */
export interface Taken {
  readonly whole: number;
  readonly taken: number;
  readonly weight: number;
}

/** The score of a node by its resources. */
export type ResourceScorer = (resources: readonly Taken[]) => number;

/** Whether a resource is left out of scores for pods that do not ask for it: all but cpu, memory and ephemeral storage. */
export function scoredIfAsked(name: string): boolean {
  return name.includes('/') || name.startsWith('hugepages-') || name.startsWith('attachable-volumes-');
}

/** What counts as requested on a node when it is scored. */
export function requestedOf({ requested, scoredCpu, scoredMemory }: NodeInfo, name: string): number {
  return name === 'cpu' ? scoredCpu : name === 'memory' ? scoredMemory : (requested.get(name) ?? 0);
}

/** What counts as requested by the pod when nodes are scored. */
export function scoredAmount(pod: Pod, name: string): number {
  const { requests, scoredCpu, scoredMemory } = podFactsOf(pod);
  return name === 'cpu' ? scoredCpu : name === 'memory' ? scoredMemory : (requests.get(name) ?? 0);
}

function average(resources: readonly Taken[], score: (one: Taken) => number): number {
  let [sum, weights] = [0, 0];
  for (const one of resources) {
    sum += score(one) * one.weight;
    weights += one.weight;
  }
  return weights === 0 ? 0 : Math.floor(sum / weights);
}

/** More for what is left. */
export const leastAllocated: ResourceScorer = (resources) =>
  average(resources, ({ whole, taken }) => (taken > whole ? 0 : Math.floor(((whole - taken) * maxNodeScore) / whole)));

/** More for what is taken. */
export const mostAllocated: ResourceScorer = (resources) =>
  average(resources, ({ whole, taken }) => Math.floor((Math.min(taken, whole) * maxNodeScore) / whole));

/** By a line through points of utilization (0…100) and score (0…10). */
export function requestedToCapacityRatio(shape: readonly { readonly utilization: number; readonly score: number }[]): ResourceScorer {
  const points = shape.map(({ utilization, score }) => ({ utilization, score: score * (maxNodeScore / 10) }));
  const at = (utilization: number): number => {
    for (const [index, point] of points.entries()) {
      if (utilization > point.utilization) continue;
      const before = points[index - 1];
      if (before === undefined) return point.score;
      const run = point.utilization - before.utilization;
      return before.score + Math.trunc(((point.score - before.score) * (utilization - before.utilization)) / run);
    }
    return points.at(-1)?.score ?? 0;
  };
  return (resources) => {
    let [sum, weights] = [0, 0];
    for (const { whole, taken, weight } of resources) {
      const score = at(taken > whole ? maxNodeScore : Math.floor((taken * maxNodeScore) / whole));
      if (score <= 0) continue;
      sum += score * weight;
      weights += weight;
    }
    return weights === 0 ? 0 : Math.round(sum / weights);
  };
}

type Quantities = Readonly<Record<string, string>>;

/** Whether anything is allocatable more than before. */
export function allocatesMore(now: Quantities = {}, old: Quantities = {}): boolean {
  return Object.entries(now).some(([name, quantity]) => amountOf(name, quantity) > amountOf(name, old[name] ?? '0'));
}

/** Whether what is wanted would fit a node with nothing on it. */
export function fitsWhenEmpty(wanted: readonly (readonly [string, number])[], allocatable: Quantities = {}): boolean {
  return (
    wanted.every(([name, amount]) => amount <= amountOf(name, allocatable[name] ?? '0')) && amountOf('pods', allocatable['pods'] ?? '0') > 0
  );
}
