// Owns the text of the node's own nftables table: the fence around pod and service ranges, and the way from a pod to the API. Pure.

import { familyOf } from '../proxy/service-port.ts';

/** What the rules need to know. */
export interface NetworkFacts {
  /** The table's name: one for each data directory. */
  readonly table: string;
  readonly bridge: string;
  /** Links to other nodes of this machine, whose names may end in `*`, and the overlay to other machines. */
  readonly uplinks: readonly string[];
  /** Ranges of pods and of Services, one of each family at most. */
  readonly clusterCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  /** The address of the Service `kubernetes` and where the API listens; undefined: the rules of Services tell the way as to any other. */
  readonly kubernetes: { readonly ip: string; readonly apiIp: string; readonly apiPort: number } | undefined;
  /** Where pods ask for names, and who answers on this node; absent: there is a Service for it. */
  readonly names?: { readonly ip: string; readonly to: string } | undefined;
}

/**
 * The whole table, replacing an earlier one in one transaction. Nothing addressed to the pod or service range leaves the machine: in postrouting it
 * may only go to the bridge, to loopback, to another node of this machine or into the overlay. What is left of the service range is refused at once, TCP with a reset.
 */
export function networkRules(facts: NetworkFacts): string {
  const inside = ['lo', facts.bridge, ...facts.uplinks];
  const { kubernetes, names } = facts;
  const toKubernetes =
    kubernetes === undefined ? '' : `    ip daddr ${kubernetes.ip} tcp dport 443 dnat ip to ${kubernetes.apiIp}:${kubernetes.apiPort}\n`;
  const toNames = names === undefined ? '' : `    ip daddr ${names.ip} meta l4proto { tcp, udp } th dport 53 dnat ip to ${names.to}\n`;
  const families = (['ip', 'ip6'] as const).flatMap((family) => {
    const own = (ranges: readonly string[]): readonly string[] => ranges.filter((range) => familyOf(range) === family);
    const [pods, services] = [own(facts.clusterCidrs), own(facts.serviceCidrs)];
    return pods.length + services.length === 0 ? [] : [{ family, pods, services, all: `{ ${[...pods, ...services].join(', ')} }` }];
  });
  const lines = (make: (one: (typeof families)[number]) => readonly string[]): string =>
    families
      .flatMap(make)
      .map((line) => `    ${line}\n`)
      .join('');
  return `table inet ${facts.table} {
}
delete table inet ${facts.table}
table inet ${facts.table} {
  chain to_kubernetes {
${toKubernetes}${toNames}  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    jump to_kubernetes
  }
  chain output_nat {
    type nat hook output priority -100; policy accept;
    jump to_kubernetes
  }
  chain refuse {
${lines(({ family, services }) =>
  services.flatMap((range) => [`${family} daddr ${range} meta l4proto tcp reject with tcp reset`, `${family} daddr ${range} reject`]),
)}  }
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
${lines(({ family, all }) => [`${family} daddr ${all} drop`])}  }
  chain masquerade_out {
    type nat hook postrouting priority 100; policy accept;
${inside.map((name) => `    oifname "${name}" return`).join('\n')}
${lines(({ family, pods, all }) => pods.map((range) => `${family} saddr ${range} ${family} daddr != ${all} masquerade`))}  }
}
`;
}
