// Owns rolling each Deployment out through its ReplicaSets: claims them, carries out the planned steps, tells what it did.
import type { Deployment, ReplicaSet } from '../../api/apps/v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { labelSelectorOf } from '../../api/selectors/label-selector.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import { claimAll } from '../claiming.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, splitKey } from '../object-key.ts';
import { controllerOf } from '../ownership.ts';
import { isEnding } from '../refusals.ts';
import { sameTemplate } from '../revisions/template-hash.ts';
import { byController } from '../shared-informers.ts';
import { rolls, sizeOf } from './bounds.ts';
import { planDeployment, type Step } from './plan.ts';
import { condition, hasDeadline, withCondition } from './status.ts';

/** How soon to look again after a write met a newer version than was seen. */
const staleMs = 10;

/** What its own sets tell is answered sooner than what people write: a roll goes on with each pod that becomes available. */
const ownPaceMs = 5;

export function deploymentController({ informers, client, clock, log }: ControllerContext): Controller {
  const deployments = informers.of(resources.deployments);
  const sets = informers.of(resources.replicaSets, { controllerUid: byController });
  const pods = informers.of(resources.pods, { controllerUid: byController });
  const recorder = new EventRecorder(client, clock, log, { component: 'deployment-controller' });
  const tell = (deployment: Deployment, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.record(subjectOf(deployment, 'apps/v1', 'Deployment'), type, reason, message);
  const tellScaled = (deployment: Deployment, { metadata }: ReplicaSet, from: number, to: number): void => {
    if (from === to) return;
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${metadata.name} from ${from} to ${to}`;
    tell(deployment, 'Normal', 'ScalingReplicaSet', message);
  };

  const ownerOf = (object: KubeObject): Deployment | undefined => {
    const reference = controllerOf(object);
    if (reference?.kind !== 'Deployment') return undefined;
    const owner = deployments.get(object.metadata.namespace, reference.name);
    return owner?.metadata.uid === reference.uid ? owner : undefined;
  };
  const matchesDeployment = (deployment: Deployment): ((set: ReplicaSet) => boolean) => {
    const selector = labelSelectorOf(deployment.spec.selector);
    return ({ metadata }) => selector.matches(metadata.labels ?? {});
  };
  const runs = (set: ReplicaSet): boolean =>
    pods.byIndex('controllerUid', set.metadata.uid).some(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded');

  const create = async (deployment: Deployment, set: ReplicaSet): Promise<void> => {
    const { uid: _uid, resourceVersion: _version, creationTimestamp: _time, ...metadata } = set.metadata;
    const key = { namespace: metadata.namespace ?? '', name: metadata.name };
    try {
      await client.create(resources.replicaSets, { metadata, spec: set.spec });
      tellScaled(deployment, set, 0, sizeOf(set));
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) {
        const there = await client.get(resources.replicaSets, key);
        const ours = controllerOf(there)?.uid === deployment.metadata.uid;
        if (ours && sameTemplate(there.spec.template, deployment.spec.template)) return;
        // The name is another's: the next try hashes to another one.
        const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
        await client.updateStatus(resources.deployments, { ...deployment, status: { ...deployment.status, collisionCount } });
      } else if (!isEnding(error)) await tellRefused(deployment, set, error);
      throw error;
    }
  };
  const tellRefused = async (deployment: Deployment, { metadata }: ReplicaSet, error: unknown): Promise<void> => {
    const message = `Failed to create new replica set "${metadata.name}": ${error instanceof Error ? error.message : error}`;
    tell(deployment, 'Warning', 'ReplicaSetCreateError', message);
    if (!hasDeadline(deployment)) return;
    const next = condition('Progressing', 'False', 'ReplicaSetCreateError', message, clock.now());
    const conditions = withCondition(deployment.status?.conditions ?? [], next);
    if (conditions === deployment.status?.conditions) return;
    await client.updateStatus(resources.deployments, { ...deployment, status: { ...deployment.status, conditions } });
  };
  /** Carries a step out; returns the set as it is afterwards where it changed one that is needed again. */
  const carryOut = async (deployment: Deployment, step: Step, fresh: ReadonlyMap<string, ReplicaSet>): Promise<ReplicaSet | undefined> => {
    if (step.do === 'status') {
      const metadata = { ...deployment.metadata, annotations: step.annotations };
      await client.updateStatus(resources.deployments, { ...deployment, metadata, status: step.status });
      return undefined;
    }
    if (step.do === 'rollback') {
      const { type, reason, message, deployment: back } = step.rollback;
      await client.update(resources.deployments, back);
      tell(deployment, type, reason, message);
      return undefined;
    }
    const { set } = step;
    const { resourceVersion } = fresh.get(set.metadata.uid)?.metadata ?? set.metadata;
    if (step.do === 'create') await create(deployment, set);
    else if (step.do === 'annotate') return client.update(resources.replicaSets, set);
    else if (step.do === 'size') {
      const annotations = { ...set.metadata.annotations, ...step.annotations };
      const next = { ...set, metadata: { ...set.metadata, resourceVersion, annotations }, spec: { ...set.spec, replicas: step.to } };
      const updated = await client.update(resources.replicaSets, next);
      tellScaled(deployment, set, sizeOf(set), step.to);
      return updated;
    } else {
      await client.delete(resources.replicaSets, { namespace: set.metadata.namespace ?? '', name: set.metadata.name }).catch(ignoreAbsent);
    }
    return undefined;
  };

  return {
    name: 'deployment-controller',
    // Its sets get to act on one step before it takes the next: a roll never has more pods than it may.
    settleMs: 15,
    async start(enqueue) {
      const wake = (object: KubeObject): void => {
        const owner = ownerOf(object);
        if (owner !== undefined) enqueue(keyOf(owner), ownPaceMs);
      };
      const wakeFor = (set: ReplicaSet): void => {
        if (controllerOf(set) !== undefined) return wake(set);
        for (const one of deployments.list(set.metadata.namespace)) if (matchesDeployment(one)(set)) enqueue(keyOf(one));
      };
      const change = (deployment: Deployment): void => enqueue(keyOf(deployment));
      deployments.on({ added: change, updated: change, deleted: change });
      await deployments.start().synced;
      sets.on({
        added: wakeFor,
        updated(set, old) {
          if (controllerOf(old)?.uid !== controllerOf(set)?.uid) wake(old);
          wakeFor(set);
        },
        deleted: wake,
      });
      await sets.start().synced;
      // A new set of a Recreate waits for the last old pod to end.
      const ended = (pod: KubeObject): void => {
        const reference = controllerOf(pod);
        const set = reference?.kind === 'ReplicaSet' ? sets.get(pod.metadata.namespace, reference.name) : undefined;
        const owner = set === undefined ? undefined : ownerOf(set);
        if (owner !== undefined && !rolls(owner)) enqueue(keyOf(owner));
      };
      pods.on({
        updated(pod, old) {
          if (pod.status?.phase !== old.status?.phase) ended(pod);
        },
        deleted: ended,
      });
      await pods.start().synced;
    },
    async reconcile(key) {
      const deployment = deployments.get(...splitKey(key));
      if (deployment === undefined) return undefined;
      const candidates = [
        ...sets.byIndex('controllerUid', deployment.metadata.uid),
        ...sets.byIndex('controllerUid', `/${deployment.metadata.namespace}`),
      ];
      try {
        const claimant = { client, owner: deployment, ownerResource: resources.deployments };
        const own = await claimAll(claimant, resources.replicaSets, candidates, matchesDeployment(deployment));
        const oldPodsRun = (present: ReplicaSet | undefined): boolean => own.some((set) => set !== present && runs(set));
        const { steps, againMs } = planDeployment({ deployment, sets: own, oldPodsRun }, clock.now());
        const fresh = new Map<string, ReplicaSet>();
        for (const step of steps) {
          const set = await carryOut(deployment, step, fresh);
          if (set !== undefined) fresh.set(set.metadata.uid, set);
        }
        return againMs === undefined ? undefined : { againMs };
      } catch (error) {
        // Somebody else was faster: what it was will be seen in a moment.
        if (hasReason(error, 'Conflict', 'AlreadyExists')) return { againMs: staleMs };
        if (hasReason(error, 'NotFound') || isEnding(error)) return undefined;
        throw error;
      }
    },
    async stop() {
      await Promise.all([deployments.stop(), sets.stop(), pods.stop()]);
    },
  };
}

function ignoreAbsent(error: unknown): void {
  if (!hasReason(error, 'NotFound')) throw error;
}
