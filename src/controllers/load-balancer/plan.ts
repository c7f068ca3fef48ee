// Owns which Service of type LoadBalancer has which address of the pool. Pure.
import type { LoadBalancerStatus, Service } from '../../api/core/v1.ts';

/** An IPv4 range as numbers: the first address that may be given out, and how many there are. */
export interface AddressPool {
  readonly first: number;
  readonly size: number;
}

/** What is to become of a Service: another status, or why it has none. */
export type LoadBalancerPlan =
  | { readonly do: 'set'; readonly service: Service; readonly loadBalancer: LoadBalancerStatus }
  | { readonly do: 'complain'; readonly service: Service; readonly message: string };

const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const textOf = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/** The addresses of a range (such as 192.0.2.0/28) that may be given out: the network's own and that of everybody are left out where there are such. */
export function poolOf(range: string): AddressPool {
  const [address = '', bits = '32'] = range.split('/');
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(numberOf(address) / size) * size;
  return size > 2 ? { first: first + 1, size: size - 2 } : { first, size };
}

function isIn(pool: AddressPool, address: string): boolean {
  return /^\d+(\.\d+){3}$/.test(address) && numberOf(address) >= pool.first && numberOf(address) < pool.first + pool.size;
}

/** Whether the Service is this pool's to serve: those of a class are somebody else's. */
function isWanted({ metadata, spec }: Service): boolean {
  return spec?.type === 'LoadBalancer' && spec.loadBalancerClass === undefined && metadata.deletionTimestamp === undefined;
}

const addressesOf = ({ status }: Service): readonly string[] => (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
const keyOf = ({ metadata }: Service): string => `${metadata.creationTimestamp ?? ''} ${metadata.namespace ?? ''}/${metadata.name}`;

/** The older keeps what two have. Who has an address keeps it; who asks for one gets it where it is free; the others get the lowest that is. */
export function planLoadBalancers(services: readonly Service[], pool: AddressPool): readonly LoadBalancerPlan[] {
  const ordered = [...services].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const plans: LoadBalancerPlan[] = [];
  const taken = new Set<string>();
  const without: Service[] = [];
  for (const service of ordered) {
    const held = addressesOf(service);
    if (!isWanted(service)) {
      // What is no load balancer any more gives its address back; what is leaving keeps it until it is gone.
      if (service.metadata.deletionTimestamp !== undefined) for (const ip of held) taken.add(ip);
      else if (service.spec?.type !== 'LoadBalancer' && held.some((ip) => isIn(pool, ip)))
        plans.push({ do: 'set', service, loadBalancer: {} });
      continue;
    }
    const [only] = held;
    const asked = service.spec?.loadBalancerIP;
    const fits = only !== undefined && held.length === 1 && isIn(pool, only) && !taken.has(only) && (!asked || asked === only);
    if (fits) taken.add(only);
    else without.push(service);
  }
  let next = pool.first;
  for (const service of without) {
    const asked = service.spec?.loadBalancerIP;
    while (!asked && next < pool.first + pool.size && taken.has(textOf(next))) next++;
    const ip = asked || (next < pool.first + pool.size ? textOf(next) : undefined);
    const problem =
      ip === undefined
        ? 'no address of the pool is left'
        : !isIn(pool, ip)
          ? `${ip} is not of the pool`
          : taken.has(ip)
            ? `${ip} has been given to another Service`
            : undefined;
    if (problem === undefined && ip !== undefined) {
      taken.add(ip);
      plans.push({ do: 'set', service, loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } });
    } else plans.push({ do: 'complain', service, message: problem ?? '' });
  }
  return plans;
}
