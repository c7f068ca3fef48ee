// Owns keeping a node's table of NetworkPolicies as the API says. Where there is no policy it watches nothing else, and there is no table.
import type { Namespace, Pod } from '../../api/core/v1.ts';
import type { NetworkPolicy } from '../../api/networking/v1.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Service, TaskGroup } from '../../base/service.ts';
import type { Client } from '../../client/client.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import type { ApplyRules } from '../proxy.ts';
import { namespaceLabels, type PolicyPod, planPolicies, policyPodOf } from './policy-plan.ts';
import { noPolicies, type PolicyTable, tableChange, wholeTable } from './policy-table.ts';

/** What policies are enforced with. */
export interface PolicyEnforcerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  /** The node's shares of the pod ranges. While there are policies, who has an address of them gets nowhere until it is known whose it is. */
  readonly podCidrs: readonly string[];
  readonly table: string;
  /** What is no pod, and is to be known to policies as one: the cluster's DNS server. */
  readonly alike: readonly PolicyPod[];
  readonly apply: ApplyRules;
}

/** What is looked at while there are policies. */
interface Watched {
  readonly pods: Informer<Pod>;
  readonly namespaces: Informer<Namespace>;
}

/** Changes that come together are one transaction. */
const gatherMs = 20;
const retryMs = 1000;

/** Policies that are held. `ready` resolves when those that there were at the start are. Stopping it leaves the rules. */
export interface PolicyEnforcer extends Service {
  readonly ready: Promise<void>;
}

/** Starts enforcing. */
export function startPolicyEnforcer(options: PolicyEnforcerOptions): PolicyEnforcer {
  const { client, clock, log, nodeName, podCidrs, table, alike, apply } = options;
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  const tasks = new TaskGroup(log);
  const policies = new Informer<NetworkPolicy>({ client, clock, log, resource: resources.networkPolicies });
  let watched: Watched | undefined;
  /** What the kernel holds; undefined: nobody knows. */
  let held: PolicyTable | 'none' | undefined;
  let wake = Promise.withResolvers<void>();
  const changed = (): void => wake.resolve();
  policies.on({ added: changed, updated: changed, deleted: changed });

  const watch = async (): Promise<Watched> => {
    const common = { client, clock, log };
    const pods = new Informer({ ...common, resource: resources.pods });
    const namespaces = new Informer({ ...common, resource: resources.namespaces });
    pods.on({
      added: changed,
      updated(pod, old) {
        // Most of what is told of pods is of no matter here.
        if (JSON.stringify(policyPodOf(pod)) !== JSON.stringify(policyPodOf(old))) changed();
      },
      deleted: changed,
    });
    namespaces.on({ added: changed, updated: changed, deleted: changed });
    await Promise.all([pods.start().synced, namespaces.start().synced]);
    return { pods, namespaces };
  };
  const unwatch = async (): Promise<void> => {
    const before = watched;
    watched = undefined;
    await Promise.all([before?.pods.stop(), before?.namespaces.stop()]);
  };

  /** Brings the kernel to what is observed now. */
  const sync = async (): Promise<void> => {
    const all = policies.list();
    if (all.length === 0) {
      await unwatch();
      if (held !== 'none') await apply(noPolicies(table));
      held = 'none';
      return;
    }
    watched ??= await watch();
    const pods = [...alike, ...watched.pods.list().flatMap((pod) => policyPodOf(pod) ?? [])];
    const namespaces = new Map(watched.namespaces.list().map((one) => [one.metadata.name, namespaceLabels(one)]));
    const wanted = planPolicies({ policies: all, pods, namespaces, node: nodeName });
    const text = held === undefined || held === 'none' ? wholeTable(table, podCidrs, wanted) : tableChange(table, podCidrs, held, wanted);
    if (text !== '') await apply(text);
    held = wanted;
  };

  tasks.run('enforce network policies', async (signal) => {
    await policies.start().synced;
    while (!signal.aborted) {
      wake = Promise.withResolvers();
      try {
        await sync();
        ready.resolve();
      } catch (error) {
        held = undefined;
        log.warn('network policies could not be applied; trying again with all of them', { error });
        await clock.sleep(retryMs, signal);
        continue;
      }
      await Promise.race([wake.promise, aborted(signal)]);
      await clock.sleep(gatherMs, signal);
    }
  });
  return {
    ready: ready.promise,
    async stop() {
      ready.reject(new DOMException('stopped', 'AbortError'));
      await tasks.stop();
      await Promise.all([policies.stop(), unwatch()]);
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
