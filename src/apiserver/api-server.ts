// Owns putting the API server together from the parts it is given: the pipeline, clients of this process, and, where asked, a listener.

import { ruleCheckerOf } from '../api/custom/check-rules.ts';
import type { KindCatalog } from '../api/kinds/catalog.ts';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { NodeConnections } from '../client/node-connection.ts';
import type { Store } from '../store/store.ts';
import { type Admission, type AdmissionPlugin, createAdmission } from './admission/plugin.ts';
import type { ServiceAllocation } from './allocation/allocation.ts';
import type { Authenticator, TokenAuthenticator } from './auth/authenticator.ts';
import type { Authorizer } from './auth/authorizer.ts';
import { storeObjectSource } from './auth/object-source.ts';
import type { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import { nodeNameOf, type User } from './auth/user.ts';
import type { ComputedKind } from './computed-kind.ts';
import { openCustomDefinitions } from './custom/custom-definitions.ts';
import { LiveWatches } from './custom/live-watches.ts';
import { openFlowBook } from './flow-control/flow-book.ts';
import { BodyDeadlines } from './http/body-deadlines.ts';
import { discoveryRoutes, rootRoutes } from './http/discovery-routes.ts';
import type { ExtensionRoute } from './http/documents.ts';
import { bodyMs, type HttpParts, handle } from './http/handler.ts';
import { type HealthCheck, healthRoutes } from './http/health.ts';
import { healthChecks } from './http/health-checks.ts';
import { type Listener, type ListenOptions, listen } from './http/listener.ts';
import { healthMetrics, storeMetrics } from './http/process-metrics.ts';
import { metricsRoute, RequestMetrics } from './http/request-metrics.ts';
import { tokenKeyRoutes } from './http/token-key-routes.ts';
import { versionInfo, versionRoutes } from './http/version.ts';
import { inProcessClient } from './in-process-client.ts';
import { openApiRoutes } from './openapi/openapi-routes.ts';
import type { Serving } from './serving.ts';
import { labelsOf, objectOf } from './stored-object.ts';
import { WatchCrowds } from './watch/watch-crowds.ts';

/** The parts. Without `listen` nothing but clients of this process is served. */
export interface ApiServerOptions {
  readonly store: Store;
  readonly catalog: KindCatalog;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** Plug-ins in their order, or an admission that was put together already. */
  readonly admission: Admission | readonly AdmissionPlugin[];
  /** Absent: Services keep what they are given, nothing is allocated. */
  readonly allocation?: ServiceAllocation;
  /** The issuer of service-account tokens. Absent: none are issued. */
  readonly tokens?: ServiceAccountTokens;
  /** Who can tell whose a token is, for TokenReviews. */
  readonly tokenAuthenticators?: readonly TokenAuthenticator[];
  /** Absent: no node can be reached. */
  readonly nodeConnections?: NodeConnections;
  /** Kinds that are worked out instead of stored: metrics. They are served beside those of the catalog. */
  readonly computed?: readonly ComputedKind[];
  /** Paths beside the API's own that somebody serves: metrics, why. They are authorised as paths. */
  readonly extensionRoutes?: readonly ExtensionRoute[];
  /** Sources of /metrics beside the server's own, in Prometheus' text form. */
  readonly metrics?: readonly (() => string)[];
  /** What must hold before /readyz says so. */
  readonly readyChecks?: readonly HealthCheck[];
}

/** A running API server. */
export interface ApiServer {
  /** A client of this process that acts as `user`. Every request is authorised and admitted like any other. */
  client(user: User): Client;
  /** Starts to listen; resolves with the port. Rejects with the system's error where it is taken. May be called once. */
  listen(options: ListenOptions): Promise<{ readonly port: number }>;
  /** Stops listening and cuts every connection. The store stays open. */
  close(): Promise<void>;
}

/** Puts the server together. Nothing is written to the store until somebody asks for it. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const serving = servingOf(options);
  const definitions = openCustomDefinitions(serving, ruleCheckerOf);
  const metrics = new RequestMetrics();
  let address = '127.0.0.1:6443';
  let closing = false;
  const checks = healthChecks(options.store, () => closing, options.readyChecks ?? []);
  const routes: ExtensionRoute[] = [
    ...versionRoutes,
    ...healthRoutes(checks.live, checks.ready),
    metricsRoute([() => healthMetrics({ healthz: checks.live, livez: checks.live, readyz: checks.ready })], '/metrics/slis'),
    metricsRoute([() => metrics.text(), () => storeMetrics(options.store, options.catalog, versionInfo), ...(options.metrics ?? [])]),
    ...discoveryRoutes(options.catalog, () => address),
    ...openApiRoutes(options.catalog, versionInfo.gitVersion.split('+')[0] ?? ''),
    ...(options.tokens === undefined ? [] : tokenKeyRoutes(options.tokens, () => address)),
    ...(options.extensionRoutes ?? []),
  ];
  routes.push(...rootRoutes(options.catalog, () => routes));
  const flows = openFlowBook(serving.objects);
  const parts: HttpParts = {
    serving,
    authenticator: options.authenticator,
    metrics,
    routes,
    flows,
    bodies: new BodyDeadlines(serving.clock, bodyMs),
  };
  let listener: Listener | undefined;
  return {
    client: (user) => inProcessClient(serving, user, managerNameOf(user)),
    async listen(where) {
      listener = await listen(where, (exchange, certificate) => void handle(parts, exchange, certificate), serving.clock);
      address = `${where.hosts?.[0] ?? '127.0.0.1'}:${listener.port}`;
      return { port: listener.port };
    },
    async close() {
      closing = true;
      await listener?.close();
      flows[Symbol.dispose]();
      definitions?.[Symbol.dispose]();
      await definitions?.settled();
    },
  };
}

/** What the verbs work with. */
export function servingOf(options: ApiServerOptions): Serving {
  const { admission, allocation, nodeConnections, store } = options;
  for (const { kind } of options.computed ?? []) options.catalog.add(kind);
  return {
    store,
    catalog: options.catalog,
    clock: options.clock,
    entropy: options.entropy,
    log: options.log,
    authorizer: options.authorizer,
    admission: 'mutate' in admission ? admission : createAdmission(admission),
    allocation,
    objects: storeObjectSource(store, objectOf, labelsOf),
    nodeConnections: nodeConnections ?? (() => undefined),
    tokens: options.tokens,
    tokenAuthenticators: options.tokenAuthenticators ?? [],
    computed: new Map((options.computed ?? []).map((one) => [`${one.kind.group}/${one.kind.resource}`, one])),
    watches: new LiveWatches(),
    crowds: new WatchCrowds(),
    isCustom: (kind) => kind.custom !== undefined,
  };
}

/** The program name that a component's writes are recorded under. */
function managerNameOf(user: User): string {
  if (nodeNameOf(user) !== undefined) return 'kubelet';
  return user.name.split(':').at(-1) || 'peapod';
}
