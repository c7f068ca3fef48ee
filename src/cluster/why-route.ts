// Owns /peapod/why: why a pod is where it is or is nowhere, and what would be if objects were otherwise. Nothing is ever changed by it.
import type { AnyObject } from '../api/object.ts';
import { StatusError } from '../api/status-error.ts';
import { type DocumentRequest, type ExtensionRoute, json } from '../apiserver/http/documents.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { explain } from '../scheduler/why/explain.ts';
import { suppose, WhatIfError } from '../scheduler/why/what-if.ts';

export const whyPath = '/peapod/why';

/**
 * `GET /peapod/why/pods/NAMESPACE/NAME` answers a PodWhy; `POST` takes `{objects: […]}`, which are supposed to be so. `scheduler` is undefined
 * where another program schedules.
 */
export function whyRoute(scheduler: () => Scheduler | undefined): ExtensionRoute {
  return {
    path: whyPath,
    below: true,
    methods: 'any',
    produces: 'application/json',
    async answer(request) {
      const running = scheduler();
      if (running === undefined) throw new StatusError('ServiceUnavailable', 'the scheduler runs elsewhere: only it knows why');
      const [kind, namespace = '', name = '', ...rest] = request.path
        .slice(whyPath.length + 1)
        .split('/')
        .map(decodeURIComponent);
      const pod = kind === 'pods' && rest.length === 0 ? running.pod(namespace, name) : undefined;
      if (pod === undefined) throw new StatusError('NotFound', `pods "${name}" not found`);
      const objects = await objectsOf(request);
      try {
        const world = suppose(running.cluster, pod, objects, (where, which) => running.pod(where, which));
        return json(explain(world.pod, world.cluster, running.profileOf(world.pod)));
      } catch (error) {
        if (error instanceof WhatIfError) throw new StatusError('BadRequest', error.message);
        throw error;
      }
    },
  };
}

async function objectsOf({ method, body }: DocumentRequest): Promise<readonly AnyObject[]> {
  if (method === 'GET' || method === 'HEAD') return [];
  if (method !== 'POST') throw new StatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
  try {
    const { objects } = JSON.parse(Buffer.from(await body()).toString()) as { readonly objects?: readonly AnyObject[] };
    if (!Array.isArray(objects) || objects.some((one) => typeof one !== 'object' || one === null))
      throw new Error('it must be {"objects": […]}');
    return objects;
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw new StatusError('BadRequest', `the body cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
