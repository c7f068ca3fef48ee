// Owns the text of the node's own nftables table: the fence around pod and service ranges, and the way from a pod to the API. Pure.

/** What the rules need to know. */
export interface NetworkFacts {
  /** The table's name: one for each data directory. */
  readonly table: string;
  readonly bridge: string;
  /** Links to other nodes of this machine, whose names may end in `*`; undefined: there are none. */
  readonly uplinks?: string | undefined;
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  /** The address of the Service `kubernetes`. */
  readonly kubernetesIp: string;
  /** Where the API listens on the bridge. */
  readonly apiIp: string;
  readonly apiPort: number;
}

/**
 * The whole table, replacing an earlier one in one transaction. Nothing addressed to the pod or service range leaves the machine: in postrouting it
 * may only go to the bridge, to loopback or to another node of this machine. What is left of the service range is refused at once, TCP with a reset.
 */
export function networkRules(facts: NetworkFacts): string {
  const inside = ['lo', facts.bridge, ...(facts.uplinks === undefined ? [] : [facts.uplinks])];
  const ranges = `{ ${facts.clusterCidr}, ${facts.serviceCidr} }`;
  return `table inet ${facts.table} {
}
delete table inet ${facts.table}
table inet ${facts.table} {
  chain to_kubernetes {
    ip daddr ${facts.kubernetesIp} tcp dport 443 dnat ip to ${facts.apiIp}:${facts.apiPort}
  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    jump to_kubernetes
  }
  chain output_nat {
    type nat hook output priority -100; policy accept;
    jump to_kubernetes
  }
  chain refuse {
    ip daddr ${facts.serviceCidr} meta l4proto tcp reject with tcp reset
    ip daddr ${facts.serviceCidr} reject
  }
  chain forward_filter {
    type filter hook forward priority 0; policy accept;
    jump refuse
  }
  chain output_filter {
    type filter hook output priority 0; policy accept;
    jump refuse
  }
  chain fence {
    type filter hook postrouting priority 300; policy accept;
${inside.map((name) => `    oifname "${name}" accept`).join('\n')}
    ip daddr ${ranges} drop
  }
  chain masquerade_out {
    type nat hook postrouting priority 100; policy accept;
${inside.map((name) => `    oifname "${name}" return`).join('\n')}
    ip saddr ${facts.clusterCidr} ip daddr != ${ranges} masquerade
  }
}
`;
}
