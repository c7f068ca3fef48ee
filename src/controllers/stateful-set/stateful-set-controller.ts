// Owns keeping each StatefulSet at its pods: revisions, claims, pods in their order, and how it stands.
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { KubeObject } from '../../api/object.ts';
import { labelSelectorOf } from '../../api/selectors/label-selector.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import { claimAll } from '../claiming.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { keyOf, placeOf, splitKey } from '../object-key.ts';
import { watchOwnedPods } from '../owned-pods.ts';
import { controllerOf } from '../ownership.ts';
import { sameRevision } from '../revisions/revision.ts';
import { byController } from '../shared-informers.ts';
import { slowStart } from '../slow-start.ts';
import { writeStatus } from '../write-status.ts';
import { newRevision, outlived, planUpdateRevision } from './history.ts';
import { isMember } from './identity.ts';
import { planPods, type Step } from './plan.ts';
import { StatefulPods } from './stateful-pods.ts';
import { nextAvailableMs, statusOf } from './status.ts';

/** So many names are tried for a revision before it is left to the next time. */
const mostCollisions = 10;

export function statefulSetController({ informers, client, clock, log }: ControllerContext): Controller {
  const sets = informers.of(resources.statefulSets);
  const pods = informers.of(resources.pods, { controllerUid: byController });
  const revisions = informers.of(resources.controllerRevisions, { controllerUid: byController });
  const claims = informers.of(resources.persistentVolumeClaims);
  const stateful = new StatefulPods(client, new EventRecorder(client, clock, log, { component: 'statefulset-controller' }));
  const expectations = new Expectations(clock);

  const ownerOf = (object: KubeObject): StatefulSet | undefined => {
    const reference = controllerOf(object);
    if (reference?.kind !== 'StatefulSet') return undefined;
    const set = sets.get(object.metadata.namespace, reference.name);
    return set?.metadata.uid === reference.uid ? set : undefined;
  };
  const selects = (set: StatefulSet): ((object: KubeObject) => boolean) => {
    const selector = labelSelectorOf(set.spec.selector);
    return ({ metadata }) => selector.matches(metadata.labels ?? {});
  };
  const matchesPod = (set: StatefulSet): ((pod: Pod) => boolean) => {
    const matches = selects(set);
    return (pod) => matches(pod) && isMember(set, pod);
  };

  const createRevision = async (set: StatefulSet, number: number, from: number): Promise<[ControllerRevision, number]> => {
    for (let collisions = from; ; collisions++) {
      const draft = newRevision(set, number, collisions);
      try {
        return [await client.create(resources.controllerRevisions, draft), collisions];
      } catch (error) {
        if (!hasReason(error, 'AlreadyExists')) throw error;
        const there = await client.get(resources.controllerRevisions, {
          namespace: set.metadata.namespace ?? '',
          name: draft.metadata.name ?? '',
        });
        if (sameRevision(there, draft)) return [there, collisions];
        if (collisions - from >= mostCollisions) throw error;
      }
    }
  };
  const reachRevision = async (set: StatefulSet, own: readonly ControllerRevision[]): Promise<[ControllerRevision, number]> => {
    const collisions = set.status?.collisionCount ?? 0;
    const plan = planUpdateRevision(set, own);
    if (plan.do === 'keep') return [plan.revision, collisions];
    if (plan.do === 'create') return createRevision(set, plan.number, collisions);
    return [await client.update(resources.controllerRevisions, { ...plan.revision, revision: plan.number }), collisions];
  };

  const carryOut = async (set: StatefulSet, phases: readonly (readonly Step[])[]): Promise<void> => {
    const key = keyOf(set);
    const all = phases.flat();
    const created = all.filter((step) => step.do === 'create').length;
    const deleted = all.flatMap((step) => (step.do === 'delete' ? [step.pod.metadata.uid] : []));
    expectations.expect(key, created, deleted);
    const open = new Set(all);
    const forgo = (step: Step): void => {
      if (!open.delete(step)) return;
      if (step.do === 'create') expectations.created(key);
      else if (step.do === 'delete') expectations.deleted(key, step.pod.metadata.uid);
    };
    try {
      for (const steps of phases) {
        const waiting = [...steps];
        const { failure } = await slowStart(steps.length, async () => {
          const step = waiting.shift();
          if (step === undefined) return;
          if (await stateful.carryOut(set, step)) open.delete(step);
        });
        if (failure !== undefined) throw failure.error;
      }
    } finally {
      for (const step of [...open]) forgo(step);
    }
  };
  const write = async (set: StatefulSet, status: StatefulSetStatus): Promise<void> => {
    if (sameValue(set.status, status)) return;
    await writeStatus(client, resources.statefulSets, set, (one) => ({ ...one, status }));
  };
  const forgetOld = async (old: readonly ControllerRevision[]): Promise<void> => {
    for (const revision of old)
      await client.delete(resources.controllerRevisions, placeOf(revision)).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
  };

  return {
    name: 'statefulset-controller',
    async start(enqueue) {
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
      await Promise.all([revisions.start().synced, claims.start().synced]);
      await watchOwnedPods({ pods, owners: sets, expectations, ownerOf, matches: (set, pod) => matchesPod(set)(pod), change });
    },
    async reconcile(key) {
      const set = sets.get(...splitKey(key));
      if (set === undefined) {
        expectations.forget(key);
        return undefined;
      }
      const waitMs = expectations.remainingMs(key);
      if (waitMs > 0) return { againMs: waitMs };
      const orphans = `/${set.metadata.namespace}`;
      const claimant = { client, owner: set, ownerResource: resources.statefulSets };
      const matching = [...revisions.byIndex('controllerUid', set.metadata.uid), ...revisions.byIndex('controllerUid', orphans)].filter(
        selects(set),
      );
      // Its history was let go of already.
      if (set.metadata.deletionTimestamp !== undefined && matching.some((one) => controllerOf(one) === undefined)) return undefined;
      const own = await claimAll(claimant, resources.controllerRevisions, matching, () => true);
      const candidates = [...pods.byIndex('controllerUid', set.metadata.uid), ...pods.byIndex('controllerUid', orphans)];
      const mine = await claimAll(claimant, resources.pods, candidates, matchesPod(set));

      const [update, collisions] = await reachRevision(set, own);
      const current = own.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
      const findClaim = (name: string): ReturnType<typeof claims.get> => claims.get(set.metadata.namespace, name);
      const plan = planPods({ set, pods: mine, current, update, findClaim }, clock.now());
      const names = { current: current.metadata.name, update: update.metadata.name, collisions };
      try {
        await carryOut(set, plan.phases);
      } finally {
        await write(set, statusOf(set, mine, names, plan.doomed, clock.now()));
        await forgetOld(outlived(set, own, [names.current, names.update], mine));
      }
      const againMs = nextAvailableMs(set, mine, clock.now());
      return againMs === undefined ? undefined : { againMs };
    },
    async stop() {
      await Promise.all([sets.stop(), pods.stop(), revisions.stop(), claims.stop()]);
    },
  };
}
