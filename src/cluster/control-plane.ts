// Owns the control plane of this process: the store, the API server with its gates, and a client for each component's user.
import type { Service as ApiService, Secret } from '../api/core/v1.ts';
import { builtInCatalog } from '../api/kinds/built-in.ts';
import { defaultAdmission } from '../apiserver/admission/default-admission.ts';
import { createServiceAllocation } from '../apiserver/allocation/service-allocation.ts';
import { type ApiServer, createApiServer } from '../apiserver/api-server.ts';
import { createAuthenticator } from '../apiserver/auth/authenticator.ts';
import { bootstrapPolicy } from '../apiserver/auth/bootstrap-policy.ts';
import { bootstrapTokens } from '../apiserver/auth/bootstrap-tokens.ts';
import { clientCertificates } from '../apiserver/auth/client-certificates.ts';
import { clusterAuthorizer } from '../apiserver/auth/cluster-authorizer.ts';
import { legacyTokens } from '../apiserver/auth/legacy-tokens.ts';
import { storeObjectSource } from '../apiserver/auth/object-source.ts';
import { serviceAccountTokens } from '../apiserver/auth/service-account-tokens.ts';
import { staticTokens } from '../apiserver/auth/static-tokens.ts';
import { cachedTokens } from '../apiserver/auth/token-cache.ts';
import { apiServerUser, type User } from '../apiserver/auth/user.ts';
import type { ComputedKind } from '../apiserver/computed-kind.ts';
import { keepDangling } from '../apiserver/flow-control/dangling.ts';
import type { ExtensionRoute } from '../apiserver/http/documents.ts';
import { storedQuotas } from '../apiserver/quota-book.ts';
import { labelsOf, objectOf } from '../apiserver/stored-object.ts';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import { formatTime } from '../base/time.ts';
import type { NodeConnections } from '../client/node-connection.ts';
import { resources } from '../client/resources.ts';
import type { Store } from '../store/store.ts';
import { bootstrap } from './bootstrap.ts';
import { bootstrapObjects, policyObjects } from './bootstrap-objects.ts';
import { flowObjects } from './flow-objects.ts';
import { keepHouse } from './housekeeping.ts';
import { localPathClass } from './local-path.ts';
import { metricsReader } from './metrics-kinds.ts';
import { addressIn } from './ranges.ts';

/** What a control plane is made of. */
export interface ControlPlaneParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  /** PEM of the authority whose client certificates are believed. */
  readonly caPem: string;
  /** PEM of the key that signs service-account tokens. */
  readonly serviceAccountKey: string;
  /** One range, or one of each IP family, the cluster's own first. */
  readonly serviceCidrs: readonly string[];
  /** Where pods reach the API, for the Service `kubernetes`; undefined: its endpoints are written by `joinControlPlanes`. */
  readonly apiIp: string | undefined;
  readonly apiPort: number;
  readonly nodeConnections: NodeConnections;
  /** Users by tokens that are known beforehand. */
  readonly staticUsers?: ReadonlyMap<string, User>;
  /** Kinds that are worked out instead of stored. */
  readonly computed?: readonly ComputedKind[];
  /** Whether nodes are this program's own: they may write only what is theirs, and claims have a default class. */
  readonly ownNodes: boolean;
  /** Whether nodes may write only what is theirs although they are others'. */
  readonly restrictNodes?: boolean;
  /** Paths that others of this process serve. */
  readonly extensionRoutes?: readonly ExtensionRoute[];
}

/** The issuer of service-account tokens, and the audience of those that name none. */
const issuer = 'https://kubernetes.default.svc';

/** Puts the API server together over the store and makes the objects that every cluster has. It does not listen yet. */
export async function openControlPlane(parts: ControlPlaneParts): Promise<ApiServer> {
  const { store, clock, entropy, log, serviceCidrs } = parts;
  const objects = storeObjectSource(store, objectOf, labelsOf);
  const tokens = serviceAccountTokens({ issuer, privateKey: parts.serviceAccountKey, objects, clock, entropy });
  const known = cachedTokens(tokens, clock);
  const noteUse = ({ metadata }: Secret, labels: Readonly<Record<string, string>>): void => {
    const key = { namespace: metadata.namespace ?? '', name: metadata.name };
    const body = { metadata: { uid: metadata.uid, labels } };
    const noting = server.client(apiServerUser).patch(resources.secrets, key, { type: 'merge', body });
    noting.catch((error: unknown) => log.debug('the use of a token could not be noted', { ...key, error }));
  };
  const legacy = legacyTokens({ privateKey: parts.serviceAccountKey, audiences: tokens.audiences, objects, clock, noteUse });
  const given = staticTokens(parts.staticUsers ?? new Map(), tokens.audiences);
  const tokenAuthenticators = [given, known, legacy, bootstrapTokens(objects, clock, tokens.audiences)];
  const { authorizer, rbac } = clusterAuthorizer(objects);
  const allocation = createServiceAllocation({ serviceCidrs, entropy });
  allocation.restore(objects.list({ group: '', resource: 'services' }) as readonly unknown[] as readonly ApiService[]);
  const catalog = builtInCatalog();
  const server = createApiServer({
    store,
    catalog,
    clock,
    entropy,
    log,
    authenticator: createAuthenticator({ certificates: clientCertificates([parts.caPem], clock), tokens: tokenAuthenticators }),
    tokens,
    tokenAuthenticators,
    authorizer,
    admission: defaultAdmission({
      roles: (roleRef, namespace) => rbac.rulesOfRole(roleRef, namespace),
      quotas: storedQuotas(store, catalog, clock),
      enabled: parts.ownNodes || parts.restrictNodes === true ? ['NodeRestriction'] : [],
    }),
    allocation,
    nodeConnections: parts.nodeConnections,
    ...(parts.computed === undefined ? {} : { computed: parts.computed }),
    ...(parts.extensionRoutes && { extensionRoutes: parts.extensionRoutes }),
  });
  const kubernetesIp = addressIn(serviceCidrs[0] ?? '', 1);
  const storageClass = parts.ownNodes ? localPathClass : undefined;
  const facts = {
    kubernetesIp,
    serviceCidrs,
    apiIp: parts.apiIp,
    apiPort: parts.apiPort,
    caPem: parts.caPem,
    today: formatTime(clock.now()).slice(0, 10),
    storageClass,
  };
  await bootstrap(server.client(apiServerUser), [
    ...bootstrapObjects(facts),
    ...flowObjects(),
    ...policyObjects([...bootstrapPolicy, ...(parts.computed === undefined ? [] : [metricsReader])]),
  ]);
  const dangling = keepDangling({ objects, client: server.client(apiServerUser), clock, log });
  const house = await keepHouse({ store, catalog, clock, entropy, log, objects, allocation });
  return {
    ...server,
    async close() {
      dangling[Symbol.dispose]();
      house[Symbol.dispose]();
      await server.close();
    },
  };
}
