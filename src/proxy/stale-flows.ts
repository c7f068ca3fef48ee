// Owns telling which connections of UDP, as the kernel remembers them, lead to what is no endpoint of their Service any more. Pure.
import type { TrafficPort } from './service-port.ts';

/** The kernel's memory of connections. */
export interface Conntrack {
  /** All flows of UDP of both families, as `conntrack -L` prints them. */
  list(): Promise<string>;
  /** Forgets those that an answer of `staleFlows` names. Nothing there to be forgotten is no error. */
  forget(flow: StaleFlow): Promise<void>;
}

/** Flows to one address and port that one place answers. */
export interface StaleFlow {
  readonly to: string;
  readonly port: number;
  readonly answeredBy: string;
  readonly answeringPort: number;
}

/** Who may answer at an address and port of a Service (`10.96.0.10:53`), or at a node port (`*:30053`): endpoints as `ip:port`. */
export type UdpTargets = ReadonlyMap<string, ReadonlySet<string>>;

/** The targets of a Service's ports. */
export function udpTargets(ports: readonly TrafficPort[]): UdpTargets {
  const targets = new Map<string, ReadonlySet<string>>();
  for (const one of ports) {
    if (one.protocol !== 'udp') continue;
    const backends = new Set(
      [...one.internal, ...one.external, ...(one.keepsSource ? one.cluster : [])].map(({ ip, port }) => `${ip}:${port}`),
    );
    for (const ip of [one.clusterIp, ...one.externalIps, ...one.balancerIps]) targets.set(`${ip}:${one.port}`, backends);
    // Of both families: an address tells which it is.
    if (one.nodePort > 0) targets.set(`*:${one.nodePort}`, backends.union(targets.get(`*:${one.nodePort}`) ?? new Set()));
  }
  return targets;
}

/** Whether flows may have become stale: somebody went, or somebody came where nobody was. */
export function mayBeStale(before: UdpTargets | undefined, now: UdpTargets): boolean {
  if (before === undefined) return now.size > 0;
  for (const [place, old] of before) {
    const next = now.get(place);
    if (next === undefined || [...old].some((one) => !next.has(one)) || (old.size === 0 && next.size > 0)) return true;
  }
  return [...now.keys()].some((place) => !before.has(place));
}

/** Of what the kernel remembers, what leads astray; each once. `gone`: addresses and ports that are no Service's any more. */
export function staleFlows(listed: string, targets: UdpTargets, gone: ReadonlySet<string>): readonly StaleFlow[] {
  const found = new Map<string, StaleFlow>();
  for (const line of listed.split('\n')) {
    const [, to, dport, answeredBy, sport] = /\bdst=(\S+) sport=\d+ dport=(\d+).*?\bsrc=(\S+) dst=\S+ sport=(\d+)/.exec(line) ?? [];
    if (to === undefined || answeredBy === undefined) continue;
    const flow = { to, port: Number(dport), answeredBy, answeringPort: Number(sport) };
    const place = `${to}:${flow.port}`;
    const sentOn = answeredBy !== to || flow.answeringPort !== flow.port;
    const backends = targets.get(place) ?? (sentOn ? targets.get(`*:${flow.port}`) : undefined);
    const isGone = sentOn && (gone.has(place) || gone.has(`*:${flow.port}`));
    // Where nobody can answer, a flow that was sent nowhere is as good as any.
    const isStale = backends === undefined ? isGone : !backends.has(`${answeredBy}:${flow.answeringPort}`) && (sentOn || backends.size > 0);
    if (isStale) found.set(JSON.stringify(flow), flow);
  }
  return [...found.values()];
}
