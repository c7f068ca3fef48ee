// Owns which components a cluster of this process runs beside its API server, each as the user that it is upstream.
import type { ApiServer } from '../apiserver/api-server.ts';
import { componentUser, serviceAccountUser } from '../apiserver/auth/user.ts';
import type { Service } from '../base/service.ts';
import { createControllers } from '../controllers/controllers.ts';
import { createScheduler } from '../scheduler/scheduler.ts';
import type { Outside } from './lone-components.ts';
import type { Component } from './options.ts';

/** Starts the controllers and the scheduler, but for those left out. */
export function startComponents(
  server: ApiServer,
  without: ReadonlySet<Component>,
  caPem: string,
  { clock, entropy, log }: Outside,
): readonly Service[] {
  const services: Service[] = [];
  if (!without.has('controllers')) {
    const watching = server.client(componentUser('system:kube-controller-manager'));
    const clientFor = (name: string): ReturnType<ApiServer['client']> => server.client(serviceAccountUser('kube-system', name));
    services.push(createControllers({ clock, entropy, log: log.with({ component: 'controllers' }), watching, clientFor, caPem }));
  }
  if (!without.has('scheduler')) {
    const client = server.client(componentUser('system:kube-scheduler'));
    services.push(createScheduler({ clock, entropy, log: log.with({ component: 'scheduler' }), client }));
  }
  return services;
}
