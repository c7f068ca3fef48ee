// Owns keeping each DaemonSet's pod on each of its nodes: revisions, pods, rolling updates, and how it stands.
import type { ControllerRevision, DaemonSet, DaemonSetStatus } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { KubeObject } from '../../api/object.ts';
import { labelSelectorOf } from '../../api/selectors/label-selector.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import { claimAll } from '../claiming.ts';
import type { Controller, ControllerContext, Enqueue } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { keyOf, splitKey } from '../object-key.ts';
import { watchOwnedPods } from '../owned-pods.ts';
import { controllerOf } from '../ownership.ts';
import { PodControl } from '../pod-control.ts';
import { isEnding } from '../refusals.ts';
import { byController, type SharedInformer } from '../shared-informers.ts';
import { slowStart } from '../slow-start.ts';
import { writeStatus } from '../write-status.ts';
import { DaemonRevisions } from './daemon-revisions.ts';
import { FailureRest } from './failure-rest.ts';
import { outlived } from './history.ts';
import { byNode, fitOf, hashLabel, podFor } from './placement.ts';
import { type Observed, type PodsPlan, planPods, planRollout } from './plan.ts';
import { nextAvailableMs, statusOf } from './status.ts';

/** At most so many pods are made, and as many deleted, in one go. */
const burst = 250;

export function daemonSetController({ informers, client, clock, log }: ControllerContext): Controller {
  const sets = informers.of(resources.daemonSets);
  const nodes = informers.of(resources.nodes);
  const pods = informers.of(resources.pods, { controllerUid: byController });
  const revisions = informers.of(resources.controllerRevisions, { controllerUid: byController });
  const recorder = new EventRecorder(client, clock, log, { component: 'daemonset-controller' });
  const control = new PodControl(client, recorder, { apiVersion: 'apps/v1', kind: 'DaemonSet' });
  const history = new DaemonRevisions(client);
  const expectations = new Expectations(clock);
  const rest = new FailureRest(clock);

  const ownerOf = (object: KubeObject): DaemonSet | undefined => {
    const reference = controllerOf(object);
    if (reference?.kind !== 'DaemonSet') return undefined;
    const set = sets.get(object.metadata.namespace, reference.name);
    return set?.metadata.uid === reference.uid ? set : undefined;
  };
  const selects = (set: DaemonSet): ((object: KubeObject) => boolean) => {
    const selector = labelSelectorOf(set.spec.selector);
    return ({ metadata }) => selector.matches(metadata.labels ?? {});
  };
  const claim = <T extends Pod | ControllerRevision>(
    set: DaemonSet,
    informer: SharedInformer<T>,
    resource: Parameters<typeof claimAll<DaemonSet, T>>[1],
  ) => {
    const candidates = [
      ...informer.byIndex('controllerUid', set.metadata.uid),
      ...informer.byIndex('controllerUid', `/${set.metadata.namespace}`),
    ];
    return claimAll<DaemonSet, T>({ client, owner: set, ownerResource: resources.daemonSets }, resource, candidates, selects(set));
  };
  const place = (set: DaemonSet, node: string): string => `${set.metadata.uid}/${set.status?.observedGeneration ?? 0}/${node}`;

  const carryOut = async (set: DaemonSet, { create, remove }: Pick<PodsPlan, 'create' | 'remove'>, hash: string): Promise<void> => {
    const key = keyOf(set);
    const wanted = create.slice(0, burst);
    const doomed = remove.slice(0, burst);
    expectations.expect(
      key,
      wanted.length,
      doomed.map(({ metadata }) => metadata.uid),
    );
    const waiting = [...wanted];
    const { succeeded, failure } = await slowStart(wanted.length, async () => {
      const node = waiting.shift();
      if (node !== undefined) await control.create(set, podFor(set, node, hash));
    });
    for (let missing = wanted.length - succeeded; missing > 0; missing--) expectations.created(key);
    const removeOne = async (pod: Pod): Promise<void> => {
      try {
        if (await control.delete(set, pod)) return;
      } catch (error) {
        expectations.deleted(key, pod.metadata.uid);
        throw error;
      }
      expectations.deleted(key, pod.metadata.uid);
    };
    const failed = (await Promise.allSettled(doomed.map(removeOne))).find((result) => result.status === 'rejected');
    if (failure !== undefined && !isEnding(failure.error)) throw failure.error;
    if (failed !== undefined) throw failed.reason;
  };
  const update = async (observe: () => Promise<Observed>, old: readonly ControllerRevision[]): Promise<number | undefined> => {
    const observed = await observe();
    const { set, hash } = observed;
    const plan = planPods(observed, (node) => rest.remainingMs(place(set, node)), clock.now());
    for (const node of plan.failedOn) rest.failed(place(set, node));
    for (const { type, reason, message } of plan.events) control.tell(set, type, reason, message);
    await carryOut(set, plan, hash);
    if (set.spec.updateStrategy?.type !== 'OnDelete' && expectations.remainingMs(keyOf(set)) === 0) {
      // What was deleted a moment ago has been seen going: it is not deleted twice.
      await carryOut(set, planRollout(await observe(), clock.now()), hash);
    }
    const ofNodes = [...byNode(observed.pods, true).values()].flat();
    await history.remove(outlived(set, old, ofNodes));
    return plan.againMs;
  };
  const write = async (set: DaemonSet, status: DaemonSetStatus): Promise<void> => {
    if (sameValue(set.status, status)) return;
    await writeStatus(client, resources.daemonSets, set, (one) => ({ ...one, status }));
  };

  const watchNodes = async (change: (set: DaemonSet) => void): Promise<void> => {
    nodes.on({
      added(node) {
        for (const set of sets.list()) if (fitOf(set, node).run) change(set);
      },
      updated(node, old) {
        if (sameValue(node.metadata.labels, old.metadata.labels) && sameValue(node.spec?.taints, old.spec?.taints)) return;
        for (const set of sets.list()) if (!sameValue(fitOf(set, node), fitOf(set, old))) change(set);
      },
    });
    await nodes.start().synced;
  };
  const watchRevisions = async (change: (set: DaemonSet) => void): Promise<void> => {
    const wake = (revision: ControllerRevision): void => {
      const owner = ownerOf(revision);
      if (owner !== undefined) change(owner);
      else if (controllerOf(revision) === undefined)
        for (const set of sets.list(revision.metadata.namespace)) if (selects(set)(revision)) change(set);
    };
    revisions.on({ updated: wake, deleted: wake });
    await revisions.start().synced;
  };

  return {
    name: 'daemonset-controller',
    async start(enqueue: Enqueue) {
      const change = (set: KubeObject): void => enqueue(keyOf(set));
      sets.on({
        added: change,
        updated: change,
        deleted(set) {
          expectations.forget(keyOf(set));
          change(set);
        },
      });
      await sets.start().synced;
      await Promise.all([watchNodes(change), watchRevisions(change)]);
      await watchOwnedPods({ pods, owners: sets, expectations, ownerOf, matches: (set, pod) => selects(set)(pod), change });
    },
    async reconcile(key) {
      const set = sets.get(...splitKey(key));
      if (set === undefined) {
        expectations.forget(key);
        return undefined;
      }
      const { matchLabels = {}, matchExpressions = [] } = set.spec.selector;
      if (Object.keys(matchLabels).length + matchExpressions.length === 0) {
        control.tell(set, 'Warning', 'SelectingAll', 'This daemon set is selecting all pods. A non-empty selector is required.');
        return undefined;
      }
      if (set.metadata.deletionTimestamp !== undefined) return undefined;
      const own = await claim(set, revisions, resources.controllerRevisions);
      const { present, old } = await history.reach(set, own, () => claim(set, pods, resources.pods));
      const observe = async (): Promise<Observed> => ({
        set,
        nodes: nodes.list(),
        pods: await claim(set, pods, resources.pods),
        hash: present.metadata.labels?.[hashLabel] ?? '',
      });
      const waitMs = expectations.remainingMs(key);
      if (waitMs > 0) {
        await write(set, statusOf(await observe(), false, clock.now()));
        return { againMs: waitMs };
      }
      let restMs: number | undefined;
      try {
        restMs = await update(observe, old);
      } finally {
        await write(set, statusOf(await observe(), true, clock.now()));
      }
      const again = [restMs, nextAvailableMs(await observe(), clock.now())].filter((ms) => ms !== undefined);
      return again.length === 0 ? undefined : { againMs: Math.min(...again) };
    },
    async stop() {
      await Promise.all([sets.stop(), nodes.stop(), pods.stop(), revisions.stop()]);
    },
  };
}
