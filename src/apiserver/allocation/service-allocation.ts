// Owns the cluster IPs and node ports of a cluster's Services. It keeps nothing of its own: what is taken is derived from the stored Services.
import { invalidValue } from '../../api/causes.ts';
import type { Service, ServicePort, ServiceSpec } from '../../api/core/v1.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import { invalid, StatusError } from '../../api/status-error.ts';
import type { Entropy } from '../../base/entropy.ts';
import type { Reservation, ServiceAllocation } from './allocation.ts';
import { allocatesNodePorts, carriedOver, mayHaveNodePorts, needsHealthCheckPort } from './carry-over.ts';
import { ClusterAddresses, canonicalAddress } from './cluster-addresses.ts';
import { needsClusterIP, withFamilies } from './ip-families.ts';
import { NumberRange, nodePorts } from './number-range.ts';

interface Held {
  readonly ips: readonly string[];
  readonly ports: readonly number[];
}

function heldBy({ spec = {} }: Service): Held {
  const ips = needsClusterIP(spec) ? (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])) : [];
  const ports = (spec.ports ?? []).map((port) => port.nodePort ?? 0);
  return {
    ips: ips.map(canonicalAddress),
    ports: [...new Set([...ports, spec.healthCheckNodePort ?? 0])].filter((port) => port !== 0),
  };
}

/**
 * Allocates from `serviceCidrs` (one range, e.g. 10.96.0.0/16, or one of each family, the cluster's own first) and the node ports (30000 to 32767
 * unless told). Throws Error for a range that is none.
 */
export function createServiceAllocation(options: {
  readonly serviceCidrs: readonly string[];
  readonly nodePortRange?: { readonly first: number; readonly last: number };
  readonly entropy: Entropy;
}): ServiceAllocation {
  const { first, last } = options.nodePortRange ?? { first: 30_000, last: 32_767 };
  const ips = new ClusterAddresses(options.serviceCidrs, options.entropy);
  const ports = new NumberRange(nodePorts(first, last), options.entropy);

  /** Undoes what was taken when anything of it is refused. */
  const attempt = <T>(work: (takenIPs: string[], takenPorts: number[]) => T): T & { readonly taken: Held } => {
    const taken = { ips: [] as string[], ports: [] as number[] };
    try {
      return { ...work(taken.ips, taken.ports), taken };
    } catch (error) {
      free(taken);
      throw error;
    }
  };

  const free = (held: Held): void => {
    for (const ip of held.ips) ips.free(ip);
    for (const port of held.ports) ports.free(port);
  };

  const refuse = (service: Service, causes: readonly StatusCause[]): void => {
    if (causes.length > 0) throw invalid({ group: '', kind: 'Service' }, service.metadata.name, causes);
  };

  const givePorts = (service: Service, spec: ServiceSpec, old: ServiceSpec | undefined, taken: number[]): ServiceSpec => {
    if (!mayHaveNodePorts(spec)) return spec;
    const before = new Set(old === undefined ? [] : heldBy({ ...service, spec: old }).ports);
    const mine = new Map<number, Set<string>>();
    const assigned = (spec.ports ?? []).map((port, index): ServicePort => {
      const protocol = port.protocol ?? 'TCP';
      const wanted = port.nodePort ?? 0;
      if (wanted === 0) return port;
      const sharing = mine.get(wanted);
      mine.set(wanted, new Set(sharing).add(protocol));
      if (sharing !== undefined && !sharing.has(protocol)) return port;
      if (sharing === undefined && before.has(wanted)) return port;
      const got = ports.take(wanted);
      if (got === 'taken') taken.push(wanted);
      else {
        const range = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
        const why = got === 'already' ? 'provided port is already allocated' : range;
        refuse(service, [invalidValue(`spec.ports[${index}].nodePort`, wanted, why)]);
      }
      return port;
    });
    if (!allocatesNodePorts(spec)) return spec;
    const given = new Map<number, { readonly nodePort: number; readonly protocols: Set<string> }>();
    const complete = assigned.map((port) => {
      if (port.nodePort) return port;
      const protocol = port.protocol ?? 'TCP';
      const same = given.get(port.port);
      if (same !== undefined && !same.protocols.has(protocol)) {
        same.protocols.add(protocol);
        return { ...port, nodePort: same.nodePort };
      }
      const nodePort = ports.takeAny();
      if (nodePort === undefined)
        throw new StatusError('InternalError', 'Internal error occurred: failed to allocate a nodePort: range is full');
      taken.push(nodePort);
      given.set(port.port, { nodePort, protocols: new Set([protocol]) });
      return { ...port, nodePort };
    });
    return spec.ports === undefined ? spec : { ...spec, ports: complete };
  };

  const giveHealthCheckPort = (spec: ServiceSpec, old: ServiceSpec | undefined, taken: number[]): ServiceSpec => {
    if (!needsHealthCheckPort(spec)) return spec;
    const wanted = spec.healthCheckNodePort ?? 0;
    if (wanted !== 0 && old?.healthCheckNodePort === wanted) return spec;
    const got = wanted === 0 ? ports.takeAny() : ports.take(wanted) === 'taken' ? wanted : undefined;
    if (got === undefined)
      throw new StatusError(
        'InternalError',
        `Internal error occurred: failed to allocate requested HealthCheck NodePort ${wanted}: provided port is already allocated`,
      );
    taken.push(got);
    return { ...spec, healthCheckNodePort: got };
  };

  const reserve = (service: Service, started: ServiceSpec, old: ServiceSpec | undefined): Reservation => {
    let spec = started;
    if (needsClusterIP(spec)) {
      const fields = withFamilies(spec, old, ips.families);
      if ('causes' in fields) refuse(service, fields.causes);
      else spec = fields.spec;
    }
    const { result, taken } = attempt((takenIPs, takenPorts) => ({
      result: giveHealthCheckPort(
        givePorts(
          service,
          ips.give(spec, old, takenIPs, (causes) => refuse(service, causes)),
          old,
          takenPorts,
        ),
        old,
        takenPorts,
      ),
    }));
    const next: Service = { ...service, spec: result };
    let done = false;
    const once = (work: () => void) => (): void => {
      if (!done) work();
      done = true;
    };
    return {
      service: next,
      commit: once(() => {
        if (old === undefined) return;
        const now = heldBy(next);
        const before = heldBy({ ...service, spec: old });
        free({ ips: before.ips.filter((ip) => !now.ips.includes(ip)), ports: before.ports.filter((port) => !now.ports.includes(port)) });
      }),
      release: once(() => free(taken)),
    };
  };

  return {
    reserveCreate(service) {
      const spec = service.spec ?? {};
      const synced =
        needsClusterIP(spec) && spec.clusterIP && spec.clusterIPs === undefined ? { ...spec, clusterIPs: [spec.clusterIP] } : spec;
      return reserve(service, synced, undefined);
    },
    reserveUpdate: (service, old) => reserve(service, carriedOver(service.spec ?? {}, old.spec ?? {}), old.spec ?? {}),
    released: (service) => free(heldBy(service)),
    cover: (cidrs) => ips.cover(cidrs),
    block: (ip, blocked) => ips.block(ip, blocked),
    changed(current, previous) {
      const none: Held = { ips: [], ports: [] };
      const [before, now] = [previous === undefined ? none : heldBy(previous), current === undefined ? none : heldBy(current)];
      const gone = {
        ips: before.ips.filter((ip) => !now.ips.includes(ip)),
        ports: before.ports.filter((port) => !now.ports.includes(port)),
      };
      for (const port of gone.ports) ports.block(port, false);
      for (const port of now.ports) ports.block(port, true);
      free(gone);
    },
    restore(services) {
      ips.clear();
      ports.clear();
      for (const service of services) {
        const held = heldBy(service);
        for (const ip of held.ips) ips.hold(ip);
        for (const port of held.ports) ports.take(port);
      }
    },
  };
}
