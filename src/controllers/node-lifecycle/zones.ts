// Owns how fast nodes of a zone may lose their pods: by how many of the zone's nodes are ready, and whether any zone still is. Pure.
import type { Node } from '../../api/core/v1.ts';

export type ZoneState = 'initial' | 'normal' | 'partial' | 'full';

/** Upstream's rates, nodes a second, and what makes a zone unhealthy. */
export interface EvictionRates {
  readonly normal: number;
  /** For an unhealthy zone of more than `largeZone` nodes; smaller ones stop. */
  readonly secondary: number;
  readonly unhealthyShare: number;
  readonly largeZone: number;
}

/** Region and zone by labels, with a mark between that neither can hold. */
export function zoneOf({ metadata }: Node): string {
  const { labels = {} } = metadata;
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '';
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '';
  return region === '' && zone === '' ? '' : `${region}:\u0000:${zone}`;
}

/** The state of a zone by Ready of its nodes. */
export function stateOf(ready: readonly (string | undefined)[], { unhealthyShare }: EvictionRates): ZoneState {
  const good = ready.filter((status) => status === 'True').length;
  const bad = ready.length - good;
  if (good === 0 && bad > 0) return 'full';
  return bad > 2 && bad / ready.length >= unhealthyShare ? 'partial' : 'normal';
}

/** What to do: new states and the rates that change. `enter`: all zones are down, nobody is evicted. `leave`: nodes get their time anew. */
export interface DisruptionPlan {
  readonly states: ReadonlyMap<string, ZoneState>;
  readonly rates: ReadonlyMap<string, number>;
  readonly mode: 'enter' | 'leave' | 'same';
}

/** Plans from the states before and Ready of each zone's nodes now. */
export function planDisruption(
  before: ReadonlyMap<string, ZoneState>,
  zones: ReadonlyMap<string, readonly (string | undefined)[]>,
  rates: EvictionRates,
): DisruptionPlan {
  const now = new Map([...zones].map(([zone, ready]) => [zone, stateOf(ready, rates)]));
  const was = new Map([...zones.keys()].map((zone) => [zone, before.get(zone) ?? 'initial']));
  const allDown = [...now.values()].every((state) => state === 'full');
  const wereDown = [...was.values()].every((state) => state === 'full');
  if (allDown && wereDown) return { states: was, rates: new Map(), mode: 'same' };
  if (allDown) return { states: now, rates: new Map([...now.keys()].map((zone) => [zone, 0])), mode: 'enter' };
  const changed = [...now].filter(([zone, state]) => wereDown || was.get(zone) !== state);
  return {
    states: now,
    rates: new Map(changed.map(([zone, state]) => [zone, rateOf(state, zones.get(zone)?.length ?? 0, rates)])),
    mode: wereDown && was.size > 0 ? 'leave' : 'same',
  };
}

function rateOf(state: ZoneState, size: number, { normal, secondary, largeZone }: EvictionRates): number {
  if (state !== 'partial') return normal;
  return size > largeZone ? secondary : 0;
}
