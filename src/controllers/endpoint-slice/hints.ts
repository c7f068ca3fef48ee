// Owns for whom each endpoint is meant: its own zone or node where the Service asks for that, or zones by their CPU. Pure; upstream's rules.
import type { Service } from '../../api/core/v1.ts';
import type { Endpoint, EndpointHints, EndpointSlice } from '../../api/discovery/v1.ts';
import type { Draft } from '../../api/object.ts';
import { type Allocation, allocate, type ZoneShares } from './zone-shares.ts';

/** The slices of one address family: what is written, and what could stay as it is. What is written has no hints yet. */
export interface SliceSet {
  readonly create: readonly Draft<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly unchanged: readonly EndpointSlice[];
}

/** The endpoints of a slice; the server says null where it has none. */
function listed({ endpoints }: Pick<EndpointSlice, 'endpoints'>): readonly Endpoint[] {
  return endpoints ?? [];
}

/** The slices with hints. `given`: endpoints a zone, where zones have shares. `refusal`: why they have none, though the Service asks for it. */
export interface Hinted {
  readonly create: readonly Draft<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly given?: ReadonlyMap<string, number>;
  readonly refusal?: string;
}

/** Whether the Service asks for shares by zone; the older annotation counts first. */
export function wantsShares({ metadata }: Service): boolean {
  const annotations = metadata.annotations ?? {};
  const mode = annotations['service.kubernetes.io/topology-aware-hints'] ?? annotations['service.kubernetes.io/topology-mode'];
  return mode === 'Auto' || mode === 'auto';
}

/** Hints of all slices of a family. */
export function withHints(service: Service, slices: SliceSet, shares: ZoneShares | undefined): Hinted {
  if (wantsShares(service)) return withShares(slices, shares);
  const { trafficDistribution } = service.spec;
  if (trafficDistribution !== 'PreferClose' && trafficDistribution !== 'PreferSameZone' && trafficDistribution !== 'PreferSameNode')
    return withoutHints(slices);
  const hint = (endpoint: Endpoint): Endpoint => (isReady(endpoint) ? near(endpoint, trafficDistribution === 'PreferSameNode') : endpoint);
  const isRight = (slice: EndpointSlice): boolean =>
    listed(slice).every((one) => JSON.stringify(one.hints ?? null) === JSON.stringify(hint(one).hints ?? null));
  const wrong = slices.unchanged.filter((slice) => !isRight(slice));
  return {
    create: slices.create.map((slice) => each(slice, hint)),
    update: [...slices.update, ...wrong].map((slice) => each(slice, hint)),
  };
}

function withShares(slices: SliceSet, shares: ZoneShares | undefined): Hinted {
  const { create, update, unchanged } = slices;
  const ready = [...create, ...update, ...unchanged].reduce((sum, slice) => sum + listed(slice).filter(isReady).length, 0);
  const allocations = allocate(shares, ready);
  if (typeof allocations === 'string') return { ...withoutHints(slices), refusal: allocations };
  const given = new Map<string, number>();
  const wrong = unchanged.filter((slice) => !keeps(slice, given, allocations));
  const own = (one: Endpoint): Endpoint => {
    if (!isReady(one)) return one;
    const { zone = '' } = one;
    given.set(zone, (given.get(zone) ?? 0) + 1);
    return { ...one, hints: { forZones: [{ name: zone }] } };
  };
  const [made, changed] = [create.map((slice) => each(slice, own)), [...update, ...wrong].map((slice) => each(slice, own))];
  if (given.has('')) return { ...withoutHints(slices), refusal: 'One or more endpoints do not have a zone specified' };
  const [givers, takers] = moves(allocations, given);
  const passOn = (one: Endpoint): Endpoint => {
    const { zone = '' } = one;
    const [taker] = takers.keys();
    if (!isReady(one) || taker === undefined || !givers.has(zone)) return one;
    take(givers, zone);
    take(takers, taker);
    given.set(zone, (given.get(zone) ?? 0) - 1);
    given.set(taker, (given.get(taker) ?? 0) + 1);
    return { ...one, hints: { forZones: [{ name: taker }] } };
  };
  return { create: made.map((slice) => each(slice, passOn)), update: changed.map((slice) => each(slice, passOn)), given };
}

/** Whether the slice's hints can stay, counting them as given then: every ready endpoint has some, of zones that can have as many. */
function keeps(slice: EndpointSlice, given: Map<string, number>, allocations: ReadonlyMap<string, Allocation>): boolean {
  const here = new Map<string, number>();
  for (const { hints } of listed(slice).filter(isReady)) {
    if (!hints?.forZones?.length) return false;
    for (const { name } of hints.forZones) here.set(name, (here.get(name) ?? 0) + 1);
  }
  for (const [zone, count] of here) if (count + (given.get(zone) ?? 0) > (allocations.get(zone)?.most ?? -1)) return false;
  for (const [zone, count] of here) given.set(zone, (given.get(zone) ?? 0) + count);
  return true;
}

/** How many endpoints which zones give away, and which get them: always from the one with most too many to the one with most too few. */
function moves(
  allocations: ReadonlyMap<string, Allocation>,
  given: ReadonlyMap<string, number>,
): readonly [Map<string, number>, Map<string, number>] {
  const [over, under] = [new Map<string, number>(), new Map<string, number>()];
  for (const [zone, { desired }] of allocations) {
    const surplus = (given.get(zone) ?? 0) - desired;
    if (surplus > 0) over.set(zone, surplus);
    else if (surplus < 0) under.set(zone, -surplus);
  }
  const [givers, takers] = [new Map<string, number>(), new Map<string, number>()];
  for (;;) {
    const [from, to] = [greatest(over), greatest(under)];
    if (from === undefined || to === undefined) return [givers, takers];
    const [surplus, lack] = [over.get(from) ?? 0, under.get(to) ?? 0];
    if (Math.max(surplus, lack) < 1 || Math.min(surplus, lack) < 0.5) return [givers, takers];
    givers.set(from, (givers.get(from) ?? 0) + 1);
    takers.set(to, (takers.get(to) ?? 0) + 1);
    over.set(from, surplus - 1);
    under.set(to, lack - 1);
  }
}

function greatest(amounts: ReadonlyMap<string, number>): string | undefined {
  let best: string | undefined;
  for (const [zone, amount] of amounts) if (amount > (best === undefined ? 0 : (amounts.get(best) ?? 0))) best = zone;
  return best;
}

function take(amounts: Map<string, number>, zone: string): void {
  const left = (amounts.get(zone) ?? 0) - 1;
  if (left <= 0) amounts.delete(zone);
  else amounts.set(zone, left);
}

/** What is written has none, and what has some is written. */
function withoutHints({ create, update, unchanged }: SliceSet): Hinted {
  const bare = ({ hints: _, ...rest }: Endpoint): Endpoint => rest;
  const hinted = unchanged.filter(({ endpoints }) => endpoints?.some(({ hints }) => hints !== undefined));
  return { create, update: [...update, ...hinted.map((slice) => each(slice, bare))] };
}

function near({ hints: _, ...endpoint }: Endpoint, node: boolean): Endpoint {
  const { zone, nodeName } = endpoint;
  const hints: EndpointHints = {
    ...(zone === undefined ? {} : { forZones: [{ name: zone }] }),
    ...(node && nodeName !== undefined ? { forNodes: [{ name: nodeName }] } : {}),
  };
  return Object.keys(hints).length === 0 ? endpoint : { ...endpoint, hints };
}

function each<T extends Draft<EndpointSlice>>(slice: T, change: (endpoint: Endpoint) => Endpoint): T {
  return { ...slice, endpoints: listed(slice).map(change) };
}

function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready === true;
}
