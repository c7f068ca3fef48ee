// Owns how much of the cluster's CPU each zone has, and how many of a Service's endpoints each zone should get of it. Pure; upstream's rules.
import type { Node } from '../../api/core/v1.ts';
import { milliValue } from '../../api/quantity.ts';

/** No endpoint is to have more than so much above its share of the load. */
const overload = 0.2;
const zoneLabel = 'topology.kubernetes.io/zone';
const excluded = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** The share of each zone, summing up to 1, by name in order. */
export type ZoneShares = ReadonlyMap<string, number>;

/** How many endpoints a zone should have. */
export interface Allocation {
  readonly least: number;
  readonly most: number;
  readonly desired: number;
}

/** What says whether a node counts, and for how much: where it has not changed, no share has. */
export function zoneFacts({ metadata, status }: Node): string {
  const counts = !excluded.some((label) => metadata.labels?.[label] !== undefined) && isReady({ status });
  return counts ? `${metadata.labels?.[zoneLabel] ?? ''} ${status?.allocatable?.['cpu'] ?? ''}` : '';
}

/** Undefined where they cannot be known, as a node has no zone or no CPU, or there is but one zone. */
export function zoneShares(nodes: readonly Node[]): ZoneShares | undefined {
  const cpus = new Map<string, number>();
  let total = 0;
  for (const node of nodes) {
    if (zoneFacts(node) === '') continue;
    const zone = node.metadata.labels?.[zoneLabel];
    const cpu = milliValue(node.status?.allocatable?.['cpu'] ?? '0');
    if (!zone || cpu === 0) return undefined;
    total += cpu;
    cpus.set(zone, (cpus.get(zone) ?? 0) + cpu);
  }
  if (cpus.size < 2) return undefined;
  return new Map([...cpus].sort(([one], [other]) => (one < other ? -1 : 1)).map(([zone, cpu]) => [zone, cpu / total]));
}

/** What each zone should have of so many endpoints that are ready; a text says why that cannot be done. */
export function allocate(shares: ZoneShares | undefined, endpoints: number): ReadonlyMap<string, Allocation> | string {
  if (shares === undefined) return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const count = `(${endpoints} endpoints, ${shares.size} zones)`;
  if (shares.size > endpoints) return `Insufficient number of endpoints ${count}`;
  const wanted = [...shares].map(([zone, share]) => ({ zone, desired: share * endpoints, least: leastOf(share * endpoints) }));
  const sum = wanted.reduce((total, { least }) => total + least, 0);
  if (sum > endpoints) return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${count}`;
  return new Map(
    wanted.map(({ zone, desired, least }) => [zone, { least, most: least + endpoints - sum, desired: Math.max(desired, least) }]),
  );
}

/** Whether a zone has too few of the endpoints that were given to zones. */
export function isOverloaded(given: ReadonlyMap<string, number>, shares: ZoneShares | undefined): boolean {
  if (given.size === 0) return false;
  if (shares === undefined) return true;
  const total = [...given.values()].reduce((sum, one) => sum + one, 0);
  return [...shares].some(([zone, share]) => (given.get(zone) ?? -1) < leastOf(total * share));
}

function leastOf(desired: number): number {
  return Math.ceil(desired * (1 / (1 + overload)));
}

function isReady({ status }: Pick<Node, 'status'>): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}
