// Owns which components a cluster of this process runs beside its API server, each as the user that it is upstream.
import { hostname } from 'node:os';
import type { ApiServer } from '../apiserver/api-server.ts';
import { signLegacyToken } from '../apiserver/auth/legacy-tokens.ts';
import { componentUser, serviceAccountUser } from '../apiserver/auth/user.ts';
import type { Service } from '../base/service.ts';
import { runAsLeader } from '../client/leader-election.ts';
import { createControllers } from '../controllers/controllers.ts';
import type { LocalPath } from '../controllers/local-path/local-path-controller.ts';
import type { SignToken } from '../controllers/service-account-token/service-account-token-controller.ts';
import type { ControllerSettings } from '../controllers/settings.ts';
import { defaultElection } from '../scheduler/config/read-config.ts';
import { createScheduler, type Scheduler } from '../scheduler/scheduler.ts';
import { defaultConfig, type SchedulerConfig } from '../scheduler/scheduler-config.ts';
import { certificateAuthority } from './certificate-authority.ts';
import type { KeyPair } from './key-pair.ts';
import type { Outside } from './lone-components.ts';
import type { Component } from './options.ts';

/** What the controllers of this process are given. `identity`: under which they take their Lease; undefined: nobody else can be there. */
export interface ControllersParts {
  /** The authority that pods must trust, and that signs requests for certificates. */
  readonly ca: KeyPair;
  /** Private key of tokens that are kept in Secrets, PEM. */
  readonly serviceAccountKey: string;
  readonly settings: Partial<ControllerSettings>;
  readonly identity: string | undefined;
  /** Where volumes of the class local-path are; undefined: nobody makes any. */
  readonly localPath: LocalPath | undefined;
  /** Whether other control planes share the store: then the scheduler takes turns as well. */
  readonly amongOthers?: boolean;
}

/** Upstream's Lease of the controllers, and its durations. */
export const controllersLease = { namespace: 'kube-system', name: 'kube-controller-manager', leaseMs: 15_000, renewDeadlineMs: 10_000 };

/** How often the Lease is renewed: where other control planes wait for it as often as upstream does. Who waits looks more often than that. */
const rhythms = { alone: { retryMs: 5000 }, amongOthers: { retryMs: 2000, askMs: 500 } };

/** All, and those of bootstrap tokens, by which nodes join. */
export const ownControllers = ['*', 'token-cleaner-controller', 'bootstrap-signer-controller'];

/** Starts the controllers and the scheduler, but for those left out. `scheduler` answers the one that acts here at present. */
export function startComponents(
  server: Pick<ApiServer, 'client'>,
  without: ReadonlySet<Component>,
  { ca, serviceAccountKey, settings, identity, localPath, amongOthers = false }: ControllersParts,
  { clock, entropy, log }: Outside,
  config: SchedulerConfig = defaultConfig,
): { readonly services: readonly Service[]; readonly scheduler: () => Scheduler | undefined } {
  const services: Service[] = [];
  if (!without.has('controllers')) {
    const watching = server.client(componentUser('system:kube-controller-manager'));
    const clientFor = (name: string): ReturnType<ApiServer['client']> => server.client(serviceAccountUser('kube-system', name));
    const signing = { caPem: ca.cert, authority: certificateAuthority(ca), signToken: tokenSigner(serviceAccountKey) };
    const own = { watching, clientFor, ...signing, settings, ...(localPath === undefined ? {} : { localPath }) };
    const parts = { clock, entropy, log: log.with({ component: 'controllers' }), ...own };
    const lead = (): Service => createControllers(parts);
    services.push(
      identity === undefined
        ? lead()
        : runAsLeader(
            { ...controllersLease, ...parts, client: watching, identity, ...rhythms[amongOthers ? 'amongOthers' : 'alone'] },
            lead,
          ),
    );
  }
  let acting: Scheduler | undefined;
  if (!without.has('scheduler')) {
    const client = server.client(componentUser('system:kube-scheduler'));
    const parts = { clock, entropy, log: log.with({ component: 'scheduler' }), client };
    const lead = (): Service => {
      const scheduler = createScheduler({ ...parts, config, host: hostname() });
      acting = scheduler;
      return {
        async stop() {
          if (acting === scheduler) acting = undefined;
          await scheduler.stop();
        },
      };
    };
    const elects = amongOthers && identity !== undefined;
    services.push(elects ? runAsLeader({ ...defaultElection, ...parts, identity, ...rhythms.amongOthers }, lead) : lead());
  }
  return { services, scheduler: () => acting };
}

/** Signs tokens that are kept in Secrets, with a private key (PEM). */
export function tokenSigner(privateKeyPem: string): SignToken {
  return ({ metadata }, secret) => {
    const { name, uid, namespace = '' } = metadata;
    return signLegacyToken(privateKeyPem, { namespace, account: { name, uid }, secret: secret.metadata.name });
  };
}
