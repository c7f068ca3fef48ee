// Owns which labels of a node its pods carry along. Pure.

type Labels = Readonly<Record<string, string>>;

const carried: ReadonlySet<string> = new Set(['topology.kubernetes.io/zone', 'topology.kubernetes.io/region']);

/** A pod's labels once it is on a node: zone and region come along, and the node's win. The very same labels where none does. */
export function labelsOnNode<Own extends Labels | undefined>(own: Own, ofNode: Labels): Own | Labels {
  let labels: Record<string, string> | undefined;
  for (const key in ofNode) {
    const value = ofNode[key];
    if (value === undefined || !carried.has(key)) continue;
    labels ??= { ...own };
    labels[key] = value;
  }
  return labels ?? own;
}
