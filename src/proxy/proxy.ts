// Owns keeping a node's rules for Services as the API says: it watches, plans one Service at a time, and applies what changed as one transaction.
import type { Service as ApiService } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { Informer } from '../client/informer.ts';
import { resources } from '../client/resources.ts';
import { fragmentOf } from './fragment.ts';
import { healthCheckOf } from './health-check.ts';
import type { HealthCheckPorts } from './health-check-servers.ts';
import { Ruleset } from './ruleset.ts';
import { type Family, type NodePlace, type TrafficPort, trafficPorts } from './service-port.ts';
import { type Conntrack, mayBeStale, staleFlows, type UdpTargets, udpTargets } from './stale-flows.ts';

/** Applies text as `nft -f -` does: all of it or nothing. Rejects with nftables' own words. */
export type ApplyRules = (text: string) => Promise<void>;

/** What a proxy works with. */
export interface ProxyOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  /** The ranges of pods, one of each family at most. */
  readonly clusterCidrs: readonly string[];
  /** The table's name. */
  readonly table: string;
  /** The interfaces on which node ports are answered; undefined: all. */
  readonly nodePortsFrom: readonly string[] | undefined;
  readonly apply: ApplyRules;
  /** Where health-check node ports are answered; absent: nowhere. It is stopped with the proxy. */
  readonly healthChecks?: HealthCheckPorts;
  /** By which connections of UDP are forgotten whose end is no endpoint any more; absent: they end when they are silent for long enough. */
  readonly conntrack?: Conntrack | undefined;
}

/** A proxy that runs. `ready` resolves when all Services that there were at its start are programmed. Stopping it leaves the rules. */
export interface ServiceProxy extends Service {
  readonly ready: Promise<void>;
}

const serviceLabel = 'kubernetes.io/service-name';
const otherProxyLabel = 'service.kubernetes.io/service-proxy-name';
const retryMs = 1000;

export function startProxy(options: ProxyOptions): ServiceProxy {
  const { client, clock, log, nodeName, clusterCidrs, table, nodePortsFrom, apply, healthChecks, conntrack } = options;
  const tasks = new TaskGroup(log);
  const common = { client, clock, log };
  const labelSelector = `!${otherProxyLabel}`;
  const services = new Informer({ ...common, resource: resources.services, labelSelector });
  const slices = new Informer({
    ...common,
    resource: resources.endpointSlices,
    labelSelector: `!service.kubernetes.io/headless,!${otherProxyLabel}`,
    indexes: { service: (slice: EndpointSlice) => [serviceKeyOf(slice)] },
  });
  const nodes = new Informer({ ...common, resource: resources.nodes, fieldSelector: `metadata.name=${nodeName}` });
  let ruleset = new Ruleset({ table, nodePortsFrom });
  const changed = new Set<string>();
  let everything = true;
  let wake = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});

  const note = (key: string): void => {
    changed.add(key);
    wake.resolve();
  };
  const noteService = (service: ApiService): void => note(keyOf(service));
  const noteSlice = (slice: EndpointSlice): void => note(serviceKeyOf(slice));
  const placeOf = (): NodePlace => ({ name: nodeName, zone: nodes.get('', nodeName)?.metadata.labels?.['topology.kubernetes.io/zone'] });
  const udp = new Map<string, UdpTargets>();
  /** Of Services that went or changed: where they were reached. */
  let gone = new Set<string>();
  let stale = false;
  const noteUdp = (key: string, ports: readonly TrafficPort[]): void => {
    if (conntrack === undefined) return;
    const [before, now] = [udp.get(key), udpTargets(ports)];
    if (mayBeStale(before, now)) stale = true;
    for (const place of before?.keys() ?? []) if (!now.has(place)) gone.add(place);
    if (now.size === 0) udp.delete(key);
    else udp.set(key, now);
  };
  /** After the rules are in place: what still goes the old way must not. */
  const forgetStale = async (): Promise<void> => {
    if (conntrack === undefined || !stale) return;
    const left = gone;
    [stale, gone] = [false, new Set()];
    try {
      const targets = new Map([...udp.values()].flatMap((one) => [...one]));
      for (const flow of staleFlows(await conntrack.list(), targets, left)) await conntrack.forget(flow);
    } catch (error) {
      log.warn('connections to endpoints that went could not be forgotten', { error });
    }
  };
  const change = (key: string, place: NodePlace): string => {
    const [namespace = '', name = ''] = key.split('/');
    const service = services.get(namespace, name);
    const own = slices.byIndex('service', key);
    healthChecks?.show(key, service && healthCheckOf(service, own, nodeName));
    const ports = service === undefined ? [] : trafficPorts(service, own, place);
    noteUdp(key, ports);
    const ofFamily = (family: Family): string => {
      const own = ports.filter((port) => port.family === family);
      return ruleset.change(key, family, own.length === 0 ? undefined : fragmentOf(family, own, { clusterCidrs }));
    };
    return `${ofFamily('ip')}${ofFamily('ip6')}`;
  };

  /** The text that brings the table to what is observed now. */
  const due = (): string => {
    const keys = everything ? [...new Set([...services.list().map(keyOf), ...changed])] : [...changed];
    changed.clear();
    const place = placeOf();
    if (everything) {
      ruleset = new Ruleset({ table, nodePortsFrom });
      for (const key of keys) change(key, place);
      return ruleset.whole();
    }
    return keys.map((key) => change(key, place)).join('');
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    await Promise.all([services.start().synced, slices.start().synced, nodes.start().synced]);
    while (!signal.aborted) {
      wake = Promise.withResolvers();
      const text = due();
      try {
        if (text !== '') await apply(text);
        everything = false;
        ready.resolve();
        await forgetStale();
      } catch (error) {
        // What was half planned is not what is in the kernel: the next try says everything again.
        everything = true;
        log.warn('the rules of Services could not be applied; trying again with all of them', { error });
        await clock.sleep(retryMs, signal);
        continue;
      }
      if (changed.size === 0) await Promise.race([wake.promise, aborted(signal)]);
    }
  };

  services.on({ added: noteService, updated: noteService, deleted: noteService });
  slices.on({
    added: noteSlice,
    updated(slice, old) {
      noteSlice(old);
      noteSlice(slice);
    },
    deleted: noteSlice,
  });
  let zone: string | undefined;
  nodes.on({
    added: () => {
      zone = placeOf().zone;
    },
    updated: () => {
      if (placeOf().zone === zone) return;
      zone = placeOf().zone;
      for (const service of services.list()) noteService(service);
    },
  });
  tasks.run('program the rules of Services', run);
  return {
    ready: ready.promise,
    async stop() {
      ready.reject(new DOMException('stopped', 'AbortError'));
      await Promise.all([tasks.stop(), services.stop(), slices.stop(), nodes.stop(), healthChecks?.stop()]);
    },
  };
}

function keyOf({ metadata }: Pick<ApiService, 'metadata'>): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function serviceKeyOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace ?? ''}/${metadata.labels?.[serviceLabel] ?? ''}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
