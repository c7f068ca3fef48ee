// Owns how long a node may keep what it has read of secrets and config maps: longer in larger clusters. Pure; upstream's steps.

export const ttlAnnotation = 'node.alpha.kubernetes.io/ttl';

/** Each step: at or above so many nodes it is left upwards, at or below so many downwards, and its seconds. */
const steps: readonly { readonly above: number; readonly below: number; readonly seconds: number }[] = [
  { above: 100, below: 0, seconds: 0 },
  { above: 500, below: 90, seconds: 15 },
  { above: 1000, below: 450, seconds: 30 },
  { above: 2000, below: 900, seconds: 60 },
  { above: Number.POSITIVE_INFINITY, below: 1800, seconds: 300 },
];

/** The step for so many nodes, coming from another: a size at the border does not flap. */
export function stepFor(nodes: number, from: number): number {
  let step = from;
  while (step > 0 && nodes < (steps[step]?.below ?? 0)) step--;
  while (step < steps.length - 1 && nodes > (steps[step]?.above ?? 0)) step++;
  return step;
}

/** The annotation's value in a step. */
export function secondsOf(step: number): string {
  return String(steps[step]?.seconds ?? 0);
}
