// Owns emptying a namespace that is being deleted, pods first, and letting it go when nothing is left.
import type { Namespace } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Resource } from '../../client/resource.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isEnding, planEnd, type Remaining } from './plan.ts';

/** Every resource that lives in namespaces; events.k8s.io shows the same objects as v1 events, and autoscaling/v1 those of v2. */
export function namespacedResources(): readonly Resource<AnyObject>[] {
  const twice = ['events.k8s.io/v1', 'autoscaling/v1'];
  return Object.values(resources)
    .filter(({ namespaced, group, version }) => namespaced && !twice.includes(`${group}/${version}`))
    .map((resource) => resource as Resource<never> as Resource<AnyObject>);
}

export function namespaceController(
  { informers, client, clock }: ControllerContext,
  content: () => readonly Resource<AnyObject>[] = namespacedResources,
): Controller {
  const namespaces = informers.of(resources.namespaces);

  /** One round over one resource: delete all, then see what is left. */
  const empty = async (namespace: string, resource: Resource<AnyObject>): Promise<Remaining> => {
    const name = resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
    const before = await client.list(resource, { namespace });
    if (before.items.length === 0) return { resource: name, count: 0, finalizers: new Map() };
    await client.deleteCollection(resource, { namespace }, { propagationPolicy: 'Background' });
    const { items } = await client.list(resource, { namespace });
    const finalizers = new Map<string, number>();
    for (const { metadata } of items)
      for (const finalizer of metadata.finalizers ?? []) finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
    return { resource: name, count: items.length, finalizers };
  };

  /** Pods go first: the rest goes when they are gone, since they may still use it. */
  const round = async (namespace: string): Promise<{ readonly remaining: readonly Remaining[]; readonly failures: readonly string[] }> => {
    const pods = await empty(namespace, resources.pods as Resource<never> as Resource<AnyObject>);
    if (pods.count > 0) return { remaining: [pods], failures: [] };
    const rest = content().filter(({ group, resource }) => !(group === '' && resource === 'pods'));
    const results = await Promise.allSettled(rest.map((resource) => empty(namespace, resource)));
    const failures = results.flatMap((result) =>
      result.status === 'rejected' && !hasReason(result.reason, 'NotFound', 'MethodNotAllowed')
        ? [String(result.reason?.message ?? result.reason)]
        : [],
    );
    return { remaining: results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])), failures };
  };

  const finalize = async (namespace: Namespace): Promise<void> => {
    const spec = { ...namespace.spec, finalizers: (namespace.spec?.finalizers ?? []).filter((name) => name !== 'kubernetes') };
    await client.update(resources.namespaces, { ...namespace, spec }, { subresource: 'finalize' }).catch(ignoreGone);
  };

  return {
    name: 'namespace-controller',
    async start(enqueue) {
      namespaces.on({ added: ({ metadata }) => enqueue(metadata.name), updated: ({ metadata }) => enqueue(metadata.name) });
      await namespaces.start().synced;
    },
    async reconcile(name) {
      const namespace = namespaces.get('', name);
      if (namespace === undefined || !isEnding(namespace)) return undefined;
      const { remaining, failures } = await round(name);
      const plan = planEnd(namespace, remaining, failures, clock.now());
      if (plan.finalize) await finalize(namespace);
      if (plan.conditions !== undefined)
        await client
          .updateStatus(resources.namespaces, { ...namespace, status: { ...namespace.status, conditions: plan.conditions } })
          .catch(ignoreGone);
      return plan.againMs === undefined ? undefined : { againMs: plan.againMs };
    },
    stop: () => namespaces.stop(),
  };
}

function ignoreGone(error: unknown): void {
  if (!hasReason(error, 'NotFound')) throw error;
}
