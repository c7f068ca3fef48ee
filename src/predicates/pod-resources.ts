// Owns what a pod asks of a node: requests summed as Kubernetes sums them (containers, init containers, sidecars, overhead, pod level). Pure.
import type { Container, Pod } from '../api/core/v1.ts';
import { milliValue, value } from '../api/quantity.ts';
import { Recent } from '../base/recent.ts';

/** Amounts by resource name: cpu in thousandths of a core, everything else in whole units (bytes, pieces). */
export type Amounts = ReadonlyMap<string, number>;

const computed = new WeakMap<object, Amounts>();
/** Most pods and nodes ask for, and have, what many others do: one copy serves them all. */
const shared = new Recent<string, Amounts>(1000);

/** Amounts equal to these, the same object for all who ask at about the same time. */
export function sharedAmounts(amounts: Amounts): Amounts {
  let key = '';
  for (const [name, amount] of amounts) key += `${name}=${amount},`;
  const known = shared.get(key);
  if (known === undefined) shared.set(key, amounts, 1);
  return known ?? amounts;
}

/** The pod's requests. Cached by the (frozen) spec. */
export function requestsOf(pod: Pod): Amounts {
  const cached = computed.get(pod.spec);
  if (cached !== undefined) return cached;
  const result = sharedAmounts(compute(pod));
  computed.set(pod.spec, result);
  return result;
}

/** The amount of a quantity in the unit of its resource. */
export function amountOf(resource: string, quantity: string): number {
  return resource === 'cpu' ? milliValue(quantity) : value(quantity);
}

function compute({ spec }: Pod): Amounts {
  const total = new Map<string, number>();
  for (const container of spec.containers) addTo(total, containerRequests(container));
  // A sidecar runs from its turn to the end; a plain init container needs room beside the sidecars before it.
  const sidecars = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of spec.initContainers ?? []) {
    const own = containerRequests(container);
    if (container.restartPolicy === 'Always') {
      addTo(total, own);
      addTo(sidecars, own);
      raiseTo(peak, sidecars);
    } else {
      const beside = new Map(sidecars);
      addTo(beside, own);
      raiseTo(peak, beside);
    }
  }
  raiseTo(total, peak);
  for (const [name, quantity] of Object.entries(spec.resources?.requests ?? {})) {
    if (name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')) total.set(name, amountOf(name, quantity));
  }
  addTo(total, new Map(Object.entries(spec.overhead ?? {}).map(([name, quantity]) => [name, amountOf(name, quantity)])));
  return total;
}

function containerRequests({ resources }: Container): Amounts {
  const asked = { ...resources?.limits, ...resources?.requests };
  return new Map(Object.entries(asked).map(([name, quantity]) => [name, amountOf(name, quantity)]));
}

function addTo(total: Map<string, number>, more: Amounts): void {
  for (const [name, amount] of more) total.set(name, (total.get(name) ?? 0) + amount);
}

function raiseTo(total: Map<string, number>, least: Amounts): void {
  for (const [name, amount] of least) total.set(name, Math.max(total.get(name) ?? 0, amount));
}

/** What a container that asks for nothing is taken for when nodes are scored: 100 millicores and 200 MiB. */
export function scoredRequest(pod: Pod, resource: 'cpu' | 'memory'): number {
  const assumed = resource === 'cpu' ? 100 : 200 * 1024 * 1024;
  const of = ({ resources }: Container): number => {
    const quantity = resources?.requests?.[resource] ?? resources?.limits?.[resource];
    return quantity === undefined ? assumed : amountOf(resource, quantity);
  };
  let sum = pod.spec.containers.reduce((total, container) => total + of(container), 0);
  let sidecars = 0;
  let peak = 0;
  for (const container of pod.spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      sum += of(container);
      sidecars += of(container);
      peak = Math.max(peak, sidecars);
    } else peak = Math.max(peak, sidecars + of(container));
  }
  const level = pod.spec.resources?.requests?.[resource];
  const overhead = pod.spec.overhead?.[resource];
  return (
    (level === undefined ? Math.max(sum, peak) : amountOf(resource, level)) + (overhead === undefined ? 0 : amountOf(resource, overhead))
  );
}
