// Owns the list of controllers and running them together.
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { type Controller, type ControllerContext, runController } from './controller.ts';
import { deploymentController } from './deployment/deployment-controller.ts';
import { endpointSliceController } from './endpoint-slice/endpoint-slice-controller.ts';
import { endpointsController } from './endpoints/endpoints-controller.ts';
import { garbageCollectorController } from './garbage-collector/garbage-collector-controller.ts';
import { jobController } from './job/job-controller.ts';
import { namespaceController } from './namespace/namespace-controller.ts';
import { nodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.ts';
import { podGarbageController } from './pod-garbage/pod-garbage-controller.ts';
import { replicaSetController } from './replica-set/replica-set-controller.ts';
import { replicationControllerController } from './replication-controller/replication-controller.ts';
import { rootCaController } from './root-ca/root-ca-controller.ts';
import { serviceAccountController } from './service-account/service-account-controller.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/ttl-after-finished-controller.ts';

/** What the controllers need: the context without the writing client, a writing client for each by its service account's name, the CA (PEM). */
export interface ControllersOptions extends Omit<ControllerContext, 'client'> {
  /** The client that acts as a service account of kube-system; a lone program may give one client for all. */
  readonly clientFor: (serviceAccount: string) => Client;
  /** The certificate authority that pods must trust, PEM. */
  readonly caPem: string;
}

/** Every controller, not yet started, in no order that matters. */
export function allControllers({ caPem, clientFor, ...shared }: ControllersOptions): readonly Controller[] {
  const as = (serviceAccount: string): ControllerContext => ({ ...shared, client: clientFor(serviceAccount) });
  return [
    serviceAccountController(as('service-account-controller')),
    rootCaController(as('root-ca-cert-publisher'), caPem),
    nodeLifecycleController(as('node-controller')),
    namespaceController(as('namespace-controller')),
    garbageCollectorController(as('generic-garbage-collector')),
    podGarbageController(as('pod-garbage-collector')),
    endpointSliceController(as('endpointslice-controller')),
    endpointsController(as('endpoint-controller')),
    replicaSetController(as('replicaset-controller')),
    replicationControllerController(as('replication-controller')),
    deploymentController(as('deployment-controller')),
    jobController(as('job-controller')),
    ttlAfterFinishedController(as('ttl-after-finished-controller')),
  ];
}

/** Starts them all. */
export function createControllers(options: ControllersOptions): Service {
  const running = allControllers(options).map((controller) => runController(controller, options));
  return {
    async stop() {
      await Promise.all(running.map((service) => service.stop()));
    },
  };
}
