// Owns keeping objects of a kind at their number of pods: claims, makes, deletes, and says how each stands.
import type { ReplicaSet, ReplicaSetStatus } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { KubeObject } from '../../api/object.ts';
import { labelSelectorOf } from '../../api/selectors/label-selector.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import type { Resource } from '../../client/resource.ts';
import { resources } from '../../client/resources.ts';
import { claimAll } from '../claiming.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { keyOf, splitKey } from '../object-key.ts';
import { watchOwnedPods } from '../owned-pods.ts';
import { controllerOf } from '../ownership.ts';
import { PodControl } from '../pod-control.ts';
import { isActive, isTerminating } from '../pod-facts.ts';
import { isEnding, wordsOf } from '../refusals.ts';
import { byController } from '../shared-informers.ts';
import { slowStart } from '../slow-start.ts';
import { writeStatus } from '../write-status.ts';
import { nextAvailableMs, type PodsPlan, planPods, podOf, statusOf } from './plan.ts';

/** So soon it looks at what pods and owners tell: with each pod that becomes available a roll goes on. */
const ownPaceMs = 5;
/** A set of more pods lets their changes gather for so long; one of fewer tells each at once, so that a roll takes its steps one by one. */
const manyPods = 50;

/** A kind that keeps a number of pods, seen as a ReplicaSet. */
export interface ReplicaKind<T extends KubeObject> {
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly component: string;
  readonly resource: Resource<T>;
  /** The object as a ReplicaSet. */
  seen(object: T): ReplicaSet;
  /** The object with a status. */
  withStatus(object: T, status: ReplicaSetStatus): T;
}

/** Keeps each object of the kind at its number of pods. */
export function replicaKeeper<T extends KubeObject>(of: ReplicaKind<T>, { informers, client, clock, log }: ControllerContext): Controller {
  const sets = informers.of(of.resource, { controllerUid: byController });
  const pods = informers.of(resources.pods, { controllerUid: byController });
  const control = new PodControl(client, new EventRecorder(client, clock, log, { component: of.component }), of);
  const expectations = new Expectations(clock);

  const ownerOf = (pod: Pod): ReplicaSet | undefined => {
    const reference = controllerOf(pod);
    if (reference?.kind !== of.kind || reference.apiVersion !== of.apiVersion) return undefined;
    const found = sets.get(pod.metadata.namespace, reference.name);
    return found?.metadata.uid === reference.uid ? of.seen(found) : undefined;
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

  const remove = async (set: ReplicaSet, pod: Pod): Promise<void> => {
    try {
      if (!(await control.delete(set, pod))) expectations.deleted(keyOf(set), pod.metadata.uid);
    } catch (error) {
      expectations.deleted(keyOf(set), pod.metadata.uid);
      throw error;
    }
  };
  const carryOut = async (set: ReplicaSet, plan: PodsPlan): Promise<{ readonly error: unknown } | undefined> => {
    const key = keyOf(set);
    if (plan.do === 'nothing') return undefined;
    if (plan.do === 'create') {
      expectations.expect(key, plan.count, []);
      const { succeeded, failure } = await slowStart(plan.count, () => control.create(set, podOf(set, of)));
      for (let missing = plan.count - succeeded; missing > 0; missing--) expectations.created(key);
      return failure !== undefined && isEnding(failure.error) ? undefined : failure;
    }
    const uids = plan.pods.map(({ metadata }) => metadata.uid);
    expectations.expect(key, 0, uids);
    const results = await Promise.allSettled(plan.pods.map((pod) => remove(set, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    return failed === undefined ? undefined : { error: failed.reason };
  };
  const write = async (object: T, status: ReplicaSetStatus): Promise<void> => {
    const next = of.withStatus(object, status);
    if (sameValue(of.seen(object).status, of.seen(next).status)) return;
    await writeStatus(client, of.resource, object, (one) => of.withStatus(one, status));
  };

  return {
    name: of.name,
    async start(enqueue) {
      // Steps of a roll are taken one by one.
      const change = (set: T): void => (controllerOf(set) === undefined ? enqueue(keyOf(set)) : enqueue(keyOf(set), ownPaceMs));
      sets.on({
        added: change,
        updated: change,
        deleted(set) {
          expectations.forget(keyOf(set));
          enqueue(keyOf(set));
        },
      });
      await sets.start().synced;
      await watchOwnedPods({
        pods,
        owners: sets,
        expectations,
        ownerOf,
        matches: (set, pod) => matchesSet(of.seen(set))(pod),
        change: (set) => enqueue(keyOf(set)),
        podChanged(owner) {
          const set = sets.get(owner.metadata.namespace, owner.metadata.name);
          const isLarge = set !== undefined && (of.seen(set).spec.replicas ?? 1) > manyPods;
          enqueue(keyOf(owner), isLarge ? ownPaceMs : 0);
        },
      });
    },
    async reconcile(key) {
      const object = sets.get(...splitKey(key));
      if (object === undefined) {
        expectations.forget(key);
        return undefined;
      }
      const set = of.seen(object);
      const waitMs = expectations.remainingMs(key);
      const matches = matchesSet(set);
      const mine = pods.byIndex('controllerUid', set.metadata.uid);
      const candidates = [...mine, ...pods.byIndex('controllerUid', `/${set.metadata.namespace}`)].filter(isActive);
      const active = await claimAll({ client, owner: object, ownerResource: of.resource }, resources.pods, candidates, matches);
      const terminating = mine.filter((pod) => isTerminating(pod) && matches(pod));
      const acts = waitMs === 0 && set.metadata.deletionTimestamp === undefined;
      const failure = acts ? await carryOut(set, planPods(set, active, relatedTo(set), clock.now())) : undefined;
      const words = failure === undefined ? undefined : wordsOf(failure.error);
      await write(object, statusOf(set, active, terminating, words, clock.now()));
      if (failure !== undefined) throw failure.error;
      const again = [nextAvailableMs(set, active, clock.now()), waitMs || undefined].filter((ms) => ms !== undefined);
      return again.length === 0 ? undefined : { againMs: Math.min(...again) };
    },
    async stop() {
      await Promise.all([sets.stop(), pods.stop()]);
    },
  };
}
