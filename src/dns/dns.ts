// Owns the cluster's DNS server: it watches Services, endpoints and namespaces, and answers for them.
import type { Service as ApiService, Namespace } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { Informer } from '../client/informer.ts';
import { resources } from '../client/resources.ts';
import { Forwarder, type Upstream } from './forwarder.ts';
import { listenDns } from './listener.ts';
import { ClusterRecords, namedService } from './records.ts';
import { Responder } from './responder.ts';

/** What a DNS server works with. */
export interface DnsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly host: string;
  readonly port: number;
  readonly domain: string;
  /** The address that pods know it by. */
  readonly serverIp: string;
  readonly owns: (ip: string) => boolean;
  readonly upstreams: readonly Upstream[];
}

/** A server that answers once it knows all that there is. */
export interface Dns extends Service {
  readonly port: number;
}

const serviceLabel = 'kubernetes.io/service-name';

/** Starts it; resolves when it answers. Rejects with the system's error where its address cannot be had. */
export async function startDns(options: DnsOptions): Promise<Dns> {
  const { client, clock, log, entropy, domain, serverIp, owns, upstreams } = options;
  const records = new ClusterRecords();
  const common = { client, clock, log };
  const services = new Informer({ ...common, resource: resources.services });
  const slices = new Informer({
    ...common,
    resource: resources.endpointSlices,
    indexes: { service: (slice: EndpointSlice) => [keyOfSlice(slice)] },
  });
  const namespaces = new Informer({ ...common, resource: resources.namespaces });
  const show = (namespace: string, name: string): void => {
    const service = services.get(namespace, name);
    records.set(namespace, name, service && namedService(service, slices.byIndex('service', `${namespace}/${name}`)));
  };
  const showService = ({ metadata }: ApiService): void => show(metadata.namespace ?? '', metadata.name);
  const showSlice = ({ metadata }: EndpointSlice): void => show(metadata.namespace ?? '', metadata.labels?.[serviceLabel] ?? '');
  services.on({ added: showService, updated: showService, deleted: showService });
  slices.on({
    added: showSlice,
    updated(slice, old) {
      if (keyOfSlice(old) !== keyOfSlice(slice)) showSlice(old);
      showSlice(slice);
    },
    deleted: showSlice,
  });
  namespaces.on({
    added: ({ metadata }: Namespace) => records.setNamespace(metadata.name, true),
    deleted: ({ metadata }: Namespace) => records.setNamespace(metadata.name, false),
  });
  const stopWatching = async (): Promise<void> => {
    await Promise.all([services.stop(), slices.stop(), namespaces.stop()]);
  };
  try {
    await Promise.all([services.start().synced, slices.start().synced, namespaces.start().synced]);
    const forwarder = new Forwarder({ upstreams, clock, entropy });
    const responder = new Responder({ records, facts: { domain, serverIp, owns }, forwarder, entropy, log });
    const listener = await listenDns({ ...options, respond: (message, transport) => responder.respond(message, transport) });
    return {
      port: listener.port,
      async stop() {
        await listener.stop();
        await stopWatching();
      },
    };
  } catch (error) {
    await stopWatching();
    throw error;
  }
}

function keyOfSlice({ metadata }: EndpointSlice): string {
  return `${metadata.namespace ?? ''}/${metadata.labels?.[serviceLabel] ?? ''}`;
}
