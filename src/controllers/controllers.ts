// Owns the list of controllers and running them together.
import type { Service } from '../base/service.ts';
import { type Controller, type ControllerContext, runController } from './controller.ts';
import { namespaceController } from './namespace/namespace-controller.ts';
import { nodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.ts';
import { rootCaController } from './root-ca/root-ca-controller.ts';
import { serviceAccountController } from './service-account/service-account-controller.ts';

/** What the controllers need beside the context: the CA that pods must trust, PEM. */
export interface ControllersOptions extends ControllerContext {
  readonly caPem: string;
}

/** Every controller, not yet started, in no order that matters. */
export function allControllers({ caPem, ...context }: ControllersOptions): readonly Controller[] {
  return [
    serviceAccountController(context),
    rootCaController(context, caPem),
    nodeLifecycleController(context),
    namespaceController(context),
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
