// Owns a node's table of NetworkPolicies as text: the whole of it, or the smallest transaction from one state to the next. Pure.

/** What is in the table. Names are nftables'; rules and elements in order. Addresses of both families stand beside each other. */
export interface PolicyTable {
  /** Of isolated pods: address → what becomes of new connections to it, and from it. */
  readonly incoming: ReadonlyMap<string, string>;
  readonly outgoing: ReadonlyMap<string, string>;
  /** Each isolated pod with itself: nobody can keep a pod from itself. */
  readonly own: readonly string[];
  /** The addresses of pods of this node whose policies are decided: another one of its shares is cut off until it is known too. */
  readonly known: readonly string[];
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly sets: ReadonlyMap<string, { readonly type: string; readonly elements: readonly string[] }>;
}

/** A table in which nobody is isolated. */
export const openTable: PolicyTable = { incoming: new Map(), outgoing: new Map(), own: [], known: [], chains: new Map(), sets: new Map() };

/** The text that takes the table away. */
export function noPolicies(table: string): string {
  return `table inet ${table} {\n}\ndelete table inet ${table}\n`;
}

/**
 * The frame. Only what is forwarded is looked at: a node always reaches its own pods, as probes must, and they reach it. Answers of connections that were
 * let through are let through; two chains, since a connection must be let out by one pod's policies and in by the other's.
 */
function frame(table: string, shares: readonly string[]): string {
  const strangers = (field: string): string =>
    shares
      .map((share) => (share.includes(':') ? ['ip6', share, '6'] : ['ip', share, '']))
      .map(([family, share, six]) => `    ${family} ${field} ${share} ${family} ${field} != @known${six} drop\n`)
      .join('');
  // Neighbours on one bridge find each other by messages that are no connections.
  const looks = (map: string, field: string): string => `icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ct state { established, related } accept
${strangers(field).trimEnd()}
    ip saddr . ip daddr @own accept
    ip6 saddr . ip6 daddr @own6 accept
    ip ${field} vmap @${map}
    ip6 ${field} vmap @${map}6`;
  return `${noPolicies(table)}table inet ${table} {
  map incoming {
    type ipv4_addr : verdict
  }
  map outgoing {
    type ipv4_addr : verdict
  }
  set own {
    type ipv4_addr . ipv4_addr
  }
  map incoming6 {
    type ipv6_addr : verdict
  }
  map outgoing6 {
    type ipv6_addr : verdict
  }
  set own6 {
    type ipv6_addr . ipv6_addr
  }
  set known {
    type ipv4_addr
  }
  set known6 {
    type ipv6_addr
  }
  chain let_out {
    type filter hook forward priority -6; policy accept;
    ${looks('outgoing', 'saddr')}
  }
  chain let_in {
    type filter hook forward priority -5; policy accept;
    ${looks('incoming', 'daddr')}
  }
}
`;
}

/** Everything, replacing whatever the table held. `shares`: the node's, whose pods are cut off as long as they are not known. */
export function wholeTable(table: string, shares: readonly string[], wanted: PolicyTable): string {
  return `${frame(table, shares)}${tableChange(table, shares, openTable, wanted)}`;
}

const elementsAtOnce = 1000;

/** The transaction from what the table holds to what it should hold; '' where that is the same. */
export function tableChange(table: string, shares: readonly string[], held: PolicyTable, wanted: PolicyTable): string {
  const removed: string[] = [];
  const added: string[] = [];
  const elements = (name: string, before: readonly string[], after: readonly string[]): void => {
    const [old, now] = [new Set(before), new Set(after)];
    const list = (verb: 'add' | 'delete', some: readonly string[], into: string[]): void => {
      for (let at = 0; at < some.length; at += elementsAtOnce)
        into.push(`${verb} element inet ${table} ${name} { ${some.slice(at, at + elementsAtOnce).join(', ')} }`);
    };
    list(
      'delete',
      [...old].filter((one) => !now.has(one)).map((one) => one.split(' : ')[0] ?? one),
      removed,
    );
    list(
      'add',
      [...now].filter((one) => !old.has(one)),
      added,
    );
  };
  const pairs = (map: ReadonlyMap<string, string>): readonly string[] => [...map].map(([key, value]) => `${key} : ${value}`);
  const freshSets = [...wanted.sets].filter(([name, { type }]) => held.sets.get(name)?.type !== type);
  const goneSets = [...held.sets].filter(([name, { type }]) => wanted.sets.get(name)?.type !== type).map(([name]) => name);
  // A set whose type changes cannot have its name back in the same transaction while rules still use it: everything is said anew.
  if (goneSets.some((name) => wanted.sets.has(name))) return wholeTable(table, shares, wanted);
  const changed = [...wanted.chains].filter(([name, rules]) => held.chains.get(name)?.join('\n') !== rules.join('\n'));
  const goneChains = [...held.chains.keys()].filter((name) => !wanted.chains.has(name));
  const ofFamily = (name: string, before: readonly string[], after: readonly string[]): void => {
    // What an element is of, its beginning tells.
    const six = (element: string): boolean => (element.split(' ', 1)[0] ?? '').includes(':');
    elements(
      name,
      before.filter((one) => !six(one)),
      after.filter((one) => !six(one)),
    );
    elements(`${name}6`, before.filter(six), after.filter(six));
  };
  ofFamily('incoming', pairs(held.incoming), pairs(wanted.incoming));
  ofFamily('outgoing', pairs(held.outgoing), pairs(wanted.outgoing));
  ofFamily('own', held.own, wanted.own);
  ofFamily('known', held.known, wanted.known);
  for (const [name, { elements: after }] of wanted.sets) elements(name, held.sets.get(name)?.elements ?? [], after);
  const lines = [
    ...removed,
    ...freshSets.map(([name, { type }]) => `add set inet ${table} ${name} { type ${type}; }`),
    ...changed.filter(([name]) => !held.chains.has(name)).map(([name]) => `add chain inet ${table} ${name}`),
    ...changed.filter(([name]) => held.chains.has(name)).map(([name]) => `flush chain inet ${table} ${name}`),
    ...goneChains.map((name) => `flush chain inet ${table} ${name}`),
    ...changed.flatMap(([name, rules]) => rules.map((rule) => `add rule inet ${table} ${name} ${rule}`)),
    ...goneChains.map((name) => `delete chain inet ${table} ${name}`),
    ...goneSets.map((name) => `delete set inet ${table} ${name}`),
    ...added,
  ];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
