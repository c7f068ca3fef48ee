// Owns keeping each ReplicaSet at its number of pods: claims, makes, deletes, and says how it stands.
import type { ReplicaSet, ReplicaSetStatus } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { labelSelectorOf } from '../../api/selectors/label-selector.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import { claimAll } from '../claiming.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { controllerOf } from '../ownership.ts';
import { isActive, isTerminating } from '../pod-facts.ts';
import { slowStart } from '../slow-start.ts';
import { nextAvailableMs, type PodsPlan, planPods, podOf, statusOf } from './plan.ts';

export function replicaSetController({ watching, client, clock, log }: ControllerContext): Controller {
  const controllerUid = (object: Pod | ReplicaSet): readonly string[] => [controllerOf(object)?.uid ?? `/${object.metadata.namespace}`];
  const shared = { client: watching, clock, log };
  const sets = new Informer({ ...shared, resource: resources.replicaSets, indexes: { controllerUid } });
  const pods = new Informer({ ...shared, resource: resources.pods, indexes: { controllerUid } });
  const recorder = new EventRecorder(client, clock, log, { component: 'replicaset-controller' });
  const expectations = new Expectations(clock);

  const ownerOf = (pod: Pod): ReplicaSet | undefined => {
    const reference = controllerOf(pod);
    if (reference?.kind !== 'ReplicaSet') return undefined;
    const set = sets.get(pod.metadata.namespace, reference.name);
    return set?.metadata.uid === reference.uid ? set : undefined;
  };
  const matchesSet = (set: ReplicaSet): ((pod: Pod) => boolean) => {
    const selector = labelSelectorOf(set.spec.selector);
    return ({ metadata }) => selector.matches(metadata.labels ?? {});
  };
  const relatedTo = (set: ReplicaSet): readonly Pod[] => {
    const owner = controllerOf(set);
    return owner === undefined
      ? []
      : sets.byIndex('controllerUid', owner.uid).flatMap((sibling) => pods.byIndex('controllerUid', sibling.metadata.uid));
  };

  const tell = (set: ReplicaSet, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.record(subjectOf(set, 'apps/v1', 'ReplicaSet'), type, reason, message);
  const create = async (set: ReplicaSet): Promise<void> => {
    try {
      const { metadata } = await client.create(resources.pods, podOf(set));
      tell(set, 'Normal', 'SuccessfulCreate', `Created pod: ${metadata.name}`);
    } catch (error) {
      if (!isEnding(error)) tell(set, 'Warning', 'FailedCreate', `Error creating: ${wordsOf(error)}`);
      throw error;
    }
  };
  const remove = async (set: ReplicaSet, { metadata }: Pod): Promise<void> => {
    try {
      await client.delete(resources.pods, { namespace: metadata.namespace ?? '', name: metadata.name });
      tell(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`);
    } catch (error) {
      expectations.deleted(keyOf(set), metadata.uid);
      if (hasReason(error, 'NotFound')) return;
      tell(set, 'Warning', 'FailedDelete', `Error deleting: ${wordsOf(error)}`);
      throw error;
    }
  };
  const carryOut = async (set: ReplicaSet, plan: PodsPlan): Promise<{ readonly error: unknown } | undefined> => {
    const key = keyOf(set);
    if (plan.do === 'nothing') return undefined;
    if (plan.do === 'create') {
      expectations.expect(key, plan.count, []);
      const { succeeded, failure } = await slowStart(plan.count, () => create(set));
      for (let missing = plan.count - succeeded; missing > 0; missing--) expectations.created(key);
      return failure !== undefined && isEnding(failure.error) ? undefined : failure;
    }
    const uids = plan.pods.map(({ metadata }) => metadata.uid);
    expectations.expect(key, 0, uids);
    const results = await Promise.allSettled(plan.pods.map((pod) => remove(set, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    return failed === undefined ? undefined : { error: failed.reason };
  };
  const write = async (set: ReplicaSet, status: ReplicaSetStatus): Promise<void> => {
    if (sameValue(set.status, status)) return;
    try {
      await client.updateStatus(resources.replicaSets, { ...set, status });
    } catch (error) {
      if (!hasReason(error, 'Conflict')) throw error;
      const fresh = await client.get(resources.replicaSets, { namespace: set.metadata.namespace ?? '', name: set.metadata.name });
      if (fresh.metadata.uid === set.metadata.uid) await client.updateStatus(resources.replicaSets, { ...fresh, status });
    }
  };

  return {
    name: 'replicaset-controller',
    async start(enqueue) {
      const orphan = (pod: Pod): void => {
        for (const set of sets.list(pod.metadata.namespace)) if (matchesSet(set)(pod)) enqueue(keyOf(set));
      };
      const gone = (pod: Pod): void => {
        const set = ownerOf(pod);
        if (set === undefined) return;
        expectations.deleted(keyOf(set), pod.metadata.uid);
        enqueue(keyOf(set));
      };
      sets.on({
        added: (set) => enqueue(keyOf(set)),
        updated: (set) => enqueue(keyOf(set)),
        deleted(set) {
          expectations.forget(keyOf(set));
          enqueue(keyOf(set));
        },
      });
      await sets.start().synced;
      pods.on({
        added(pod) {
          if (pod.metadata.deletionTimestamp !== undefined) return gone(pod);
          const set = ownerOf(pod);
          if (set !== undefined) {
            expectations.created(keyOf(set));
            enqueue(keyOf(set));
          } else if (controllerOf(pod) === undefined) orphan(pod);
        },
        updated(pod, old) {
          if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) gone(old);
          if (pod.metadata.deletionTimestamp !== undefined) return gone(pod);
          const set = ownerOf(pod);
          if (set !== undefined) enqueue(keyOf(set));
          else if (controllerOf(pod) === undefined) orphan(pod);
        },
        deleted: gone,
      });
      await pods.start().synced;
    },
    async reconcile(key) {
      const set = sets.get(...splitKey(key));
      if (set === undefined) {
        expectations.forget(key);
        return undefined;
      }
      const waitMs = expectations.remainingMs(key);
      const matches = matchesSet(set);
      const mine = pods.byIndex('controllerUid', set.metadata.uid);
      const candidates = [...mine, ...pods.byIndex('controllerUid', `/${set.metadata.namespace}`)].filter(isActive);
      const active = await claimAll({ client, owner: set, ownerResource: resources.replicaSets }, resources.pods, candidates, matches);
      const terminating = mine.filter((pod) => isTerminating(pod) && matches(pod));
      const acts = waitMs === 0 && set.metadata.deletionTimestamp === undefined;
      const failure = acts ? await carryOut(set, planPods(set, active, relatedTo(set), clock.now())) : undefined;
      const words = failure === undefined ? undefined : wordsOf(failure.error);
      await write(set, statusOf(set, active, terminating, words, clock.now()));
      if (failure !== undefined) throw failure.error;
      const again = [nextAvailableMs(set, active, clock.now()), waitMs || undefined].filter((ms) => ms !== undefined);
      return again.length === 0 ? undefined : { againMs: Math.min(...again) };
    },
    async stop() {
      await Promise.all([sets.stop(), pods.stop()]);
    },
  };
}

function keyOf({ metadata }: ReplicaSet): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function splitKey(key: string): [string, string] {
  const at = key.indexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The namespace is going: nothing may be made there any more, and nobody needs to be told. */
function isEnding(error: unknown): boolean {
  return hasReason(error, 'Forbidden') && (error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false);
}
