// Owns how many nodes are looked for where a profile says that not all are to be scored. Without it all are: the best of all is always among the best of some.

/** Nodes below this number are all looked at, whatever the percentage. */
const leastNodes = 100;

/** How many nodes that will do are enough, as kube-scheduler counts it; undefined: all. `percentage` 0 or absent means all, as 100 does. */
export function enoughNodes(percentage: number | undefined, nodeCount: number): number | undefined {
  if (!percentage || percentage >= 100 || nodeCount < leastNodes) return undefined;
  return Math.max(leastNodes, Math.floor((nodeCount * percentage) / 100));
}

/** What a search came to: slots that will do, and how many places it went through. */
export interface Found {
  readonly slots: readonly number[];
  readonly visited: number;
}

/** Looks for so many slots that will do among `places`, from `start` on and around; `takes` says which will. */
export function findEnough(places: number, start: number, enough: number, takes: (slot: number) => boolean): Found {
  const slots: number[] = [];
  let visited = 0;
  while (visited < places && slots.length < enough) {
    const slot = (start + visited++) % places;
    if (takes(slot)) slots.push(slot);
  }
  return { slots, visited };
}
