// Owns knowing all control planes of the cluster on a machine that joined: those that the Service `kubernetes` names, kept for the next start.
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import type { Service } from '../../base/service.ts';
import type { HttpClient } from '../../client/http-client.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import { familyOf } from '../../proxy/service-port.ts';
import type { Outside } from '../lone-components.ts';
import { inRanges } from '../ranges.ts';

/** So many are kept: an etcd has rarely more than five control planes. */
const most = 16;

/**
 * Where control planes are reached from other machines, in order of address. An address within the cluster's own ranges is that of a machine's bridge and reached
 * from nowhere else. Pure.
 */
export function controlPlanesIn(slices: readonly EndpointSlice[], ranges: readonly string[]): readonly string[] {
  const found = slices.flatMap(({ endpoints, ports }) =>
    (endpoints ?? []).flatMap(({ addresses, conditions }) => {
      const port = ports?.find(({ name }) => name === 'https')?.port;
      const [ip] = addresses;
      if (ip === undefined || port === undefined || conditions?.ready === false || inRanges(ip, ranges)) return [];
      return [`https://${familyOf(ip) === 'ip6' ? `[${ip}]` : ip}:${port}`];
    }),
  );
  return [...new Set(found)].sort().slice(0, most);
}

/** What it works with. `keep` is told whenever they are others than before. */
export interface ControlPlanesOptions extends Omit<Outside, 'entropy'> {
  readonly client: HttpClient;
  readonly ranges: readonly string[];
  readonly known: readonly string[];
  keep(servers: readonly string[]): void;
}

/** Follows them: the client goes on with another one where one dies. One that goes is kept in mind until another comes in its place. */
export function followControlPlanes({ client, clock, log, ranges, known, keep }: ControlPlanesOptions): Service {
  client.alsoAt(known);
  let last = known.join();
  const slices = new Informer<EndpointSlice>({
    ...{ client, clock, log, resource: resources.endpointSlices, namespace: 'default' },
    labelSelector: 'kubernetes.io/service-name=kubernetes',
  });
  const look = (): void => {
    const now = controlPlanesIn(slices.list(), ranges);
    if (now.length === 0 || now.join() === last) return;
    last = now.join();
    client.alsoAt(now);
    keep(now);
    log.info('the control planes of the cluster', { servers: now.join(' ') });
  };
  slices.on({ added: look, updated: look, deleted: look });
  slices.start();
  return slices;
}
