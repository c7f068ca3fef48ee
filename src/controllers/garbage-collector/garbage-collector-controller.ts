// Owns deleting what lost its owners, and letting owners go that wait for their dependants: the graph fed by watches, plans carried out.
import type { ObjectMeta, OwnerReference } from '../../api/meta/v1.ts';
import { type AnyObject, apiVersionOf } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import { TaskGroup } from '../../base/service.ts';
import type { ObjectKey } from '../../client/client.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import type { Resource } from '../../client/resource.ts';
import { ApiResources } from '../api-resources.ts';
import type { Controller, ControllerContext, Reconciled } from '../controller.ts';
import type { SharedInformer } from '../shared-informers.ts';
import {
  awaitsDependents,
  foregroundFinalizer,
  type GraphChange,
  type GraphNode,
  OwnerGraph,
  orphanFinalizer,
  orphansDependents,
} from './graph.ts';
import { type Owner, planDependent, planWaiting, strayMessage, withoutBlocking, withoutFinalizer, withoutOwners } from './plan.ts';

/** After a conflict; and while the server does not know an owner's kind, or the watch has not shown an owner that the server has. */
const afterConflict: Reconciled = { againMs: 20 };
const afterUnknown: Reconciled = { againMs: 30_000 };

/** Events are owned by nobody and own nothing. */
function canOwn({ group, resource }: Resource<AnyObject>): boolean {
  return !(group === '' && resource === 'events');
}

export function garbageCollectorController({ informers, client, clock, log }: ControllerContext): Controller {
  const graph = new OwnerGraph();
  const recorder = new EventRecorder(client, clock, log, { component: 'garbage-collector-controller' });
  const served = new ApiResources(informers);
  const watched = new Map<string, { readonly resource: Resource<AnyObject>; readonly informer: SharedInformer<AnyObject> }>();
  let settled = false;
  let tasks: TaskGroup | undefined;
  let enqueue: (uid: string) => void = () => {};

  const apply = ({ look, strays }: GraphChange): void => {
    for (const { dependent, reference } of strays) {
      const { resource, metadata } = dependent;
      const { name, uid, namespace } = metadata;
      recorder.record(
        {
          apiVersion: apiVersionOf(resource.group, resource.version),
          kind: resource.kind,
          name,
          uid,
          ...(namespace === undefined ? {} : { namespace }),
        },
        'Warning',
        'OwnerRefInvalidNamespace',
        strayMessage(reference, namespace ?? ''),
      );
    }
    for (const uid of look) enqueue(uid);
  };

  /** The object as the server has it; undefined where it, or this one of its name, is gone. */
  const live = async ({ resource, metadata }: GraphNode): Promise<ObjectMeta | undefined> => {
    const object = await client.get(resource, keyOf(metadata)).catch(goneAs(undefined));
    return object?.metadata.uid === metadata.uid ? object.metadata : undefined;
  };

  const patch = async (node: GraphNode, body: Readonly<Record<string, unknown>> | undefined): Promise<void> => {
    if (body !== undefined) await client.patch(node.resource, keyOf(node.metadata), { type: 'merge', body }).catch(goneAs(undefined));
  };

  const release = async (node: GraphNode, finalizer: string): Promise<void> => {
    const metadata = await live(node);
    if (metadata !== undefined) await patch(node, withoutFinalizer(metadata, finalizer));
  };

  const setFree = async (dependent: GraphNode, owner: string): Promise<void> => {
    const metadata = await live(dependent);
    if (metadata !== undefined) await patch(dependent, withoutOwners(metadata, new Set([owner])));
  };

  /** What the server says of an owner; undefined where it does not know the kind. */
  const ownerState = async (dependent: GraphNode, reference: OwnerReference): Promise<Owner | undefined> => {
    const resource = served.byKind(reference.apiVersion, reference.kind);
    if (resource === undefined) return undefined;
    const { namespace } = dependent.metadata;
    // Nothing says in which namespace it would be: better to keep the object.
    if (resource.namespaced && namespace === undefined) return { reference, state: 'solid' };
    const key = { name: reference.name, ...(resource.namespaced && namespace !== undefined ? { namespace } : {}) };
    const owner = await client.get(resource, key).catch(goneAs(undefined));
    if (owner?.metadata.uid !== reference.uid) return { reference, state: 'absent' };
    return { reference, state: awaitsDependents({ resource, metadata: owner.metadata }) ? 'waiting' : 'solid' };
  };

  const collect = async (node: GraphNode): Promise<Reconciled> => {
    const metadata = await live(node);
    if (metadata === undefined) return undefined;
    const states = await Promise.all((metadata.ownerReferences ?? []).map((reference) => ownerState(node, reference)));
    const owners = states.filter((owner) => owner !== undefined);
    if (owners.length < states.length) return afterUnknown;
    const plan = planDependent(metadata, owners, graph.dependentsOf(metadata.uid));
    if (plan.do === 'release') await patch(node, withoutOwners(metadata, plan.owners));
    if (plan.do === 'delete') {
      const unblocking = plan.unblock ? withoutBlocking(metadata) : undefined;
      if (unblocking !== undefined) await patch(node, unblocking);
      const preconditions = { uid: metadata.uid, ...(unblocking === undefined ? { resourceVersion: metadata.resourceVersion } : {}) };
      await client.delete(node.resource, keyOf(metadata), { propagationPolicy: plan.policy, preconditions }).catch(goneAs(undefined));
    }
    const unseen = owners.some(({ reference, state }) => state === 'solid' && graph.get(reference.uid) === undefined);
    return unseen ? afterUnknown : undefined;
  };

  const work = async (node: GraphNode): Promise<Reconciled> => {
    const dependents = graph.dependentsOf(node.metadata.uid);
    if (orphansDependents(node)) {
      await Promise.all(dependents.map((dependent) => setFree(dependent, node.metadata.uid)));
      await release(node, orphanFinalizer);
      return undefined;
    }
    if (awaitsDependents(node)) {
      const { free, look } = planWaiting(node, dependents);
      if (free) await release(node, foregroundFinalizer);
      for (const uid of look) enqueue(uid);
      return undefined;
    }
    return node.metadata.deletionTimestamp === undefined ? collect(node) : undefined;
  };

  /** Begins to watch what is served now and ends what is not any more. Resolves when all is known. */
  const follow = async (): Promise<void> => {
    const wanted = new Map(
      served
        .all()
        .filter(canOwn)
        .map((resource) => [nameOf(resource), resource]),
    );
    for (const [name, { resource, informer }] of watched) {
      if (wanted.has(name)) continue;
      watched.delete(name);
      await informer.stop();
      await informers.drop(resource);
      for (const uid of graph.uidsOf(resource)) apply(graph.remove(uid));
    }
    const added = [...wanted]
      .filter(([name]) => !watched.has(name))
      .map(([name, resource]) => {
        const informer = informers.metadataOf(resource);
        watched.set(name, { resource, informer });
        const put = ({ metadata }: AnyObject): void => {
          const change = graph.put({ resource, metadata });
          if (settled) apply(change);
        };
        informer.on({
          added: put,
          updated: put,
          deleted({ metadata }) {
            const change = graph.remove(metadata.uid);
            if (settled) apply(change);
          },
        });
        // One whose resource is gone again before it was listed has nothing to wait for.
        return informer.start().synced.catch((error: unknown) => {
          if (watched.get(name)?.informer === informer) throw error;
        });
      });
    await Promise.all(added);
  };

  return {
    name: 'garbage-collector-controller',
    workers: 20,
    async start(add) {
      const changing = new TaskGroup(log);
      tasks = changing;
      await served.start(() => {
        if (settled) changing.run('follow custom resources', follow);
      });
      await follow();
      // Only with everything in sight is a missing owner worth a question.
      enqueue = add;
      settled = true;
      apply(graph.unsettled());
    },
    async reconcile(uid) {
      const node = graph.get(uid);
      if (node === undefined) return undefined;
      try {
        return await work(node);
      } catch (error) {
        if (hasReason(error, 'Conflict')) return afterConflict;
        throw error;
      }
    },
    async stop() {
      await Promise.all([served.stop(), recorder.stop(), ...[...watched.values()].map(({ informer }) => informer.stop())]);
      await tasks?.stop();
    },
  };
}

function keyOf({ name, namespace }: ObjectMeta): ObjectKey {
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

function goneAs<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (hasReason(error, 'NotFound')) return value;
    throw error;
  };
}

function nameOf({ group, version, resource }: Resource<AnyObject>): string {
  return `${resource}.${version}.${group}`;
}
