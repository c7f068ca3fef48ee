// Owns the whole table of Services as it should be, and the text of the smallest transaction that makes it so. Pure but for its own memory.
import { dropChain, type Fragment, masqueradeChain, refuseChain } from './fragment.ts';
import type { Family } from './service-port.ts';

/** What the table's frame depends on. */
export interface TableFacts {
  /** The table's name, one for each data directory and node. */
  readonly table: string;
  /** The interfaces (whose names may end in `*`) on which node ports are answered, beside the node itself; undefined: all. */
  readonly nodePortsFrom: readonly string[] | undefined;
}

const masqueradeMark = '0x4000';
const mapNames = ['service_ips', 'node_ports', 'hairpins', 'service_ips6', 'node_ports6', 'hairpins6'] as const;
type MapName = (typeof mapNames)[number];

function emptyOf(family: Family): Fragment {
  return { family, chains: new Map(), serviceIps: new Map(), nodePorts: new Map(), hairpins: new Map(), affinities: new Map() };
}

/** The table without any Service, replacing whatever was there. */
function frame({ table, nodePortsFrom }: TableFacts): string {
  const toNodePort = ['fib daddr type local goto to_node_port'];
  // A rule an interface: names in sets may not end in a wildcard.
  const fromOthers = nodePortsFrom === undefined ? toNodePort : nodePortsFrom.map((name) => `iifname "${name}" ${toNodePort}`);
  const toService = 'ip daddr . meta l4proto . th dport vmap @service_ips\n    ip6 daddr . meta l4proto . th dport vmap @service_ips6';
  return `table inet ${table} {
}
delete table inet ${table}
table inet ${table} {
  map service_ips {
    type ipv4_addr . inet_proto . inet_service : verdict
  }
  map node_ports {
    type inet_proto . inet_service : verdict
  }
  set hairpins {
    type ipv4_addr . ipv4_addr
  }
  map service_ips6 {
    type ipv6_addr . inet_proto . inet_service : verdict
  }
  map node_ports6 {
    type inet_proto . inet_service : verdict
  }
  set hairpins6 {
    type ipv6_addr . ipv6_addr
  }
  chain ${masqueradeChain} {
    meta mark set meta mark or ${masqueradeMark}
  }
  chain ${refuseChain} {
    meta mark set meta mark or 0x10000
  }
  chain ${dropChain} {
    drop
  }
  chain to_node_port {
    meta nfproto ipv4 meta l4proto . th dport vmap @node_ports
    meta nfproto ipv6 meta l4proto . th dport vmap @node_ports6
  }
  chain before_routing {
    type nat hook prerouting priority -100; policy accept;
    ${toService}
    ${fromOthers.join('\n    ')}
  }
  chain own_output {
    type nat hook output priority -100; policy accept;
    ${toService}
    ${toNodePort}
  }
  chain after_routing {
    type nat hook postrouting priority 100; policy accept;
    ct status dnat ip saddr . ip daddr @hairpins masquerade fully-random
    ct status dnat ip6 saddr . ip6 daddr @hairpins6 masquerade fully-random
    meta mark and ${masqueradeMark} == 0 return
    meta mark set meta mark xor ${masqueradeMark}
    masquerade fully-random
  }
  chain refuse_unanswered {
    meta l4proto tcp reject with tcp reset
    reject
  }
  chain refuse_in {
    type filter hook input priority 0; policy accept;
    meta mark and 0x10000 != 0 jump refuse_unanswered
  }
  chain refuse_through {
    type filter hook forward priority -10; policy accept;
    meta mark and 0x10000 != 0 jump refuse_unanswered
  }
  chain refuse_out {
    type filter hook output priority -10; policy accept;
    meta mark and 0x10000 != 0 jump refuse_unanswered
  }
  chain loopback_guard {
    type filter hook input priority -10; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 ct state != { established, related } ct status and dnat == 0 drop
  }
}
`;
}

/** The table as it was last handed out, and what claims to be in it. */
export class Ruleset {
  readonly #facts: TableFacts;
  readonly #fragments = new Map<string, Fragment>();
  /** Who wants which element; the first holds it until it lets go. */
  readonly #claims: Readonly<Record<MapName, Map<string, Map<string, string>>>> = {
    service_ips: new Map(),
    node_ports: new Map(),
    hairpins: new Map(),
    service_ips6: new Map(),
    node_ports6: new Map(),
    hairpins6: new Map(),
  };

  constructor(facts: TableFacts) {
    this.#facts = facts;
  }

  get #table(): string {
    return this.#facts.table;
  }

  /** Everything, as one transaction that replaces whatever the table held. */
  whole(): string {
    const lines = [frame(this.#facts)];
    for (const fragment of this.#fragments.values()) lines.push(...this.#additions(fragment, emptyOf(fragment.family)));
    for (const map of mapNames) {
      const held = [...this.#claims[map]].flatMap(([key, claims]) =>
        [...claims.values()].slice(0, 1).map((value) => elementText(key, value)),
      );
      // nft is slow at many small statements and at very long ones.
      for (let at = 0; at < held.length; at += elementsAtOnce)
        lines.push(`add element inet ${this.#table} ${map} { ${held.slice(at, at + elementsAtOnce).join(', ')} }`);
    }
    return `${lines.join('\n')}\n`;
  }

  /**
   * Puts a Service's fragment of one family in the place of its earlier one (undefined: it is gone). Answers the transaction; '' where nothing changes.
   */
  change(service: string, family: Family, fragment: Fragment | undefined): string {
    const key = `${family} ${service}`;
    const [old, next] = [this.#fragments.get(key) ?? emptyOf(family), fragment ?? emptyOf(family)];
    if (fragment === undefined) this.#fragments.delete(key);
    else this.#fragments.set(key, fragment);
    const removed: string[] = [];
    const added: string[] = [];
    const six = family === 'ip6';
    this.#claim(six ? 'service_ips6' : 'service_ips', service, old.serviceIps, next.serviceIps, removed, added);
    this.#claim(six ? 'node_ports6' : 'node_ports', service, old.nodePorts, next.nodePorts, removed, added);
    this.#claim(six ? 'hairpins6' : 'hairpins', service, old.hairpins, next.hairpins, removed, added);
    const lines = [...removed, ...this.#additions(next, old), ...this.#removals(next, old), ...added];
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }

  /** Sets and chains that are new or different. All are declared before any is filled: they refer to each other. */
  #additions(next: Fragment, old: Fragment): readonly string[] {
    const table = this.#table;
    const lines: string[] = [];
    for (const [name, seconds] of next.affinities) {
      if (old.affinities.get(name) === seconds) continue;
      lines.push(
        `add set inet ${table} ${name} { type ${next.family === 'ip' ? 'ipv4' : 'ipv6'}_addr; flags dynamic, timeout; timeout ${seconds}s; size 65535; }`,
      );
    }
    const changed = [...next.chains].filter(([name, rules]) => old.chains.get(name)?.join('\n') !== rules.join('\n'));
    for (const [name] of changed) lines.push(`add chain inet ${table} ${name}`);
    for (const [name, rules] of changed) {
      if (old.chains.has(name)) lines.push(`flush chain inet ${table} ${name}`);
      for (const rule of rules) lines.push(`add rule inet ${table} ${name} ${rule}`);
    }
    return lines;
  }

  #removals(next: Fragment, old: Fragment): readonly string[] {
    const gone = [...old.chains.keys()].filter((name) => !next.chains.has(name));
    const sets = [...old.affinities.keys()].filter((name) => !next.affinities.has(name));
    return [
      ...gone.map((name) => `flush chain inet ${this.#table} ${name}`),
      ...gone.map((name) => `delete chain inet ${this.#table} ${name}`),
      ...sets.map((name) => `delete set inet ${this.#table} ${name}`),
    ];
  }

  #claim(
    map: MapName,
    service: string,
    old: ReadonlyMap<string, string>,
    next: ReadonlyMap<string, string>,
    removed: string[],
    added: string[],
  ): void {
    for (const key of new Set([...old.keys(), ...next.keys()])) {
      const claims = this.#claims[map].get(key) ?? new Map<string, string>();
      const [before] = claims.values();
      const wanted = next.get(key);
      if (wanted === undefined) claims.delete(service);
      else claims.set(service, wanted);
      if (claims.size === 0) this.#claims[map].delete(key);
      else this.#claims[map].set(key, claims);
      const [after] = claims.values();
      if (before === after) continue;
      if (before !== undefined) removed.push(this.#element('delete', map, key));
      if (after !== undefined) added.push(this.#element('add', map, key, after));
    }
  }

  #element(verb: 'add' | 'delete', map: MapName, key: string, held = ''): string {
    return `${verb} element inet ${this.#table} ${map} { ${elementText(key, held)} }`;
  }
}

const elementsAtOnce = 1000;

/** `held`: what a map has at the key; '' for sets. */
function elementText(key: string, held: string): string {
  return held === '' ? key : `${key} : ${held}`;
}
