// Owns bringing subsets that somebody wrote into one form: an address once for all ports that it serves, what serves the same ports together. Pure.
import type { EndpointAddress, EndpointPort, EndpointSubset } from '../../api/core/v1.ts';
import { sortedPorts } from '../endpoints/port-order.ts';

/** Addresses that serve the same ports: those that are ready first, each by address. */
export interface Packed {
  readonly ports: readonly EndpointPort[];
  readonly places: readonly { readonly address: EndpointAddress; readonly ready: boolean }[];
}

const keyOf = ({ ip, targetRef }: EndpointAddress): string => `${ip} ${targetRef?.uid ?? ''}`;

/** Whoever is said to be not ready for a port is not, whatever else is said. */
export function repacked(subsets: readonly EndpointSubset[]): readonly Packed[] {
  const addresses = new Map<string, EndpointAddress>();
  const byPort = new Map<string, { readonly port: EndpointPort | undefined; readonly ready: Map<string, boolean> }>();
  for (const { ports = [], addresses: up = [], notReadyAddresses: down = [] } of subsets) {
    for (const port of ports.length === 0 ? [undefined] : ports) {
      const { name = '', port: number, protocol = 'TCP', appProtocol = null } = port ?? {};
      const key = JSON.stringify([name, number, protocol, appProtocol]);
      const served = byPort.get(key) ?? { port, ready: new Map<string, boolean>() };
      byPort.set(key, served);
      for (const address of [...up, ...down]) if (!addresses.has(keyOf(address))) addresses.set(keyOf(address), address);
      for (const address of up) if (!served.ready.has(keyOf(address))) served.ready.set(keyOf(address), true);
      for (const address of down) served.ready.set(keyOf(address), false);
    }
  }
  const groups = Map.groupBy(byPort.values(), ({ ready }) => JSON.stringify([...ready].sort(([one], [other]) => (one < other ? -1 : 1))));
  return [...groups.values()].map((served) => {
    const places = [...(served[0]?.ready ?? [])].flatMap(([key, ready]) => {
      const address = addresses.get(key);
      return address === undefined ? [] : [{ address, ready }];
    });
    const order = (place: (typeof places)[number]): string => `${place.ready ? 0 : 1} ${keyOf(place.address)}`;
    return {
      ports: sortedPorts(served.flatMap(({ port }) => port ?? [])),
      places: places.sort((one, other) => (order(one) < order(other) ? -1 : 1)),
    };
  });
}
