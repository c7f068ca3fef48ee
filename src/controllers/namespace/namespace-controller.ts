// Owns emptying a namespace that is being deleted, pods first, and letting it go when nothing is left.
import type { Namespace, Pod } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import { parseTime } from '../../base/time.ts';
import type { Resource } from '../../client/resource.ts';
import { resources } from '../../client/resources.ts';
import { ApiResources } from '../api-resources.ts';
import { type Controller, type ControllerContext, TryAgain } from '../controller.ts';
import { isEnding, judgeRemaining, planEnd, podSeconds, type Round, settleMs } from './plan.ts';

type Judged = ReturnType<typeof judgeRemaining>;

const pods = resources.pods as Resource<never> as Resource<AnyObject>;

export function namespaceController({ informers, client, clock }: ControllerContext): Controller {
  const namespaces = informers.of(resources.namespaces);
  const served = new ApiResources(informers);

  /** One round over one resource: delete all, then see what is left. */
  const empty = async (namespace: string, resource: Resource<AnyObject>, deletedMs: number): Promise<Judged> => {
    const before = await client.list(resource, { namespace });
    if (before.items.length === 0) return judgeRemaining(namespace, resource, [], 0);
    const seconds = resource === pods ? podSeconds(before.items as readonly unknown[] as readonly Pod[], deletedMs, clock.now()) : 0;
    await client.deleteCollection(resource, { namespace }, { propagationPolicy: 'Background' });
    const { items } = await client.list(resource, { namespace });
    return judgeRemaining(namespace, resource, items, seconds);
  };

  /** Pods go first: the rest goes when they are gone, since they may still use it. */
  const round = async ({ metadata }: Namespace): Promise<Round> => {
    const deletedMs = parseTime(metadata.deletionTimestamp) ?? 0;
    const first = await empty(metadata.name, pods, deletedMs);
    const rest = first.remaining.count > 0 ? [] : served.all().filter((one) => one.namespaced && one.resource !== pods.resource);
    const results = await Promise.allSettled(rest.map((resource) => empty(metadata.name, resource, deletedMs)));
    const judged = [first, ...results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))];
    const refused = results.flatMap((result) =>
      result.status === 'rejected' && !hasReason(result.reason, 'NotFound', 'MethodNotAllowed')
        ? [String(result.reason?.message ?? result.reason)]
        : [],
    );
    return {
      early: first.remaining.count > 0,
      remaining: judged.map(({ remaining }) => remaining),
      failures: [...judged.flatMap(({ failure }) => failure ?? []), ...refused],
      estimateSeconds: Math.max(...judged.map(({ estimateSeconds }) => estimateSeconds)),
    };
  };

  const finalize = async (namespace: Namespace): Promise<void> => {
    const spec = { ...namespace.spec, finalizers: (namespace.spec?.finalizers ?? []).filter((name) => name !== 'kubernetes') };
    await client.update(resources.namespaces, { ...namespace, spec }, { subresource: 'finalize' });
  };

  return {
    name: 'namespace-controller',
    workers: 10,
    backoff: { baseMs: 5, factor: 2, maxMs: 60_000 },
    async start(enqueue) {
      await served.start(() => {});
      // What was under way when the namespace ended has time to arrive.
      const changed = (namespace: Namespace): void => {
        if (isEnding(namespace)) enqueue(namespace.metadata.name, settleMs);
      };
      namespaces.on({ added: changed, updated: changed });
      await namespaces.start().synced;
    },
    async reconcile(name) {
      const shown = namespaces.get('', name);
      if (shown === undefined || !isEnding(shown)) return undefined;
      try {
        const namespace = await client.get(resources.namespaces, { name });
        if (!isEnding(namespace)) return undefined;
        const { conditions, next } = planEnd(namespace, await round(namespace), clock.now());
        const status = { ...namespace.status, conditions: conditions ?? namespace.status?.conditions ?? [] };
        const written = conditions === undefined ? namespace : await client.updateStatus(resources.namespaces, { ...namespace, status });
        if (next.do === 'finalize') await finalize(written);
        if (next.do === 'retry') throw new TryAgain(`content is left in namespace ${name}`);
        return next.do === 'wait' ? { againMs: next.ms } : undefined;
      } catch (error) {
        if (hasReason(error, 'NotFound')) return undefined;
        throw error;
      }
    },
    async stop() {
      await Promise.all([namespaces.stop(), served.stop()]);
    },
  };
}
