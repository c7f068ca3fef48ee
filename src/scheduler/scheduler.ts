// Owns the scheduler at work: watches pods and nodes, takes one waiting pod at a time, decides, binds, says why.
import type { Node, Pod } from '../api/core/v1.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import { formatTime } from '../base/time.ts';
import type { Client } from '../client/client.ts';
import { EventRecorder, subjectOf } from '../client/event-recorder.ts';
import { Informer } from '../client/informer.ts';
import { resources } from '../client/resources.ts';
import { ClusterCache } from './cluster-cache.ts';
import type { Plugin } from './framework.ts';
import { defaultPlugins } from './plugins/default-plugins.ts';
import { PodQueue } from './pod-queue.ts';
import { schedule } from './schedule.ts';

/** kube-scheduler cuts what an event says here; the condition has all of it. */
const longestNote = 1024;

/** What a scheduler needs from outside. */
export interface SchedulerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  /** Only pods with this schedulerName; `default-scheduler` unless told. */
  readonly name?: string;
  readonly plugins?: readonly Plugin[];
}

/** Starts scheduling. One pod is decided at a time; bindings run beside it, their placements counted at once. */
export function createScheduler(options: SchedulerOptions): Service {
  const { client, clock, entropy, log, name = 'default-scheduler', plugins = defaultPlugins } = options;
  const tasks = new TaskGroup(log);
  const cache = new ClusterCache();
  const recorder = new EventRecorder(client, clock, log, { component: name });
  const nodes = new Informer({ client, resource: resources.nodes, clock, log });
  const pods = new Informer({ client, resource: resources.pods, clock, log });
  let scheduled = false;
  const queue = new PodQueue(clock, () => {
    if (scheduled || !nodes.hasSynced || !pods.hasSynced) return;
    scheduled = true;
    queueMicrotask(drain);
  });

  const mine = (pod: Pod): boolean =>
    (pod.spec.schedulerName ?? 'default-scheduler') === name &&
    !pod.spec.nodeName &&
    pod.metadata.deletionTimestamp === undefined &&
    !isOver(pod);
  const consider = (pod: Pod, old?: Pod): void => {
    cache.putPod(pod);
    if (!mine(pod)) {
      queue.remove(pod);
      if (old !== undefined && isOver(pod) && !isOver(old)) queue.wake();
      return;
    }
    // Its own status written by this scheduler is no reason to try again.
    if (old !== undefined && old.spec === pod.spec) return;
    if (old !== undefined && JSON.stringify(old.spec) === JSON.stringify(pod.spec)) return;
    if (plugins.every((plugin) => plugin.preEnqueue?.(pod) === undefined)) queue.add(pod);
  };

  const drain = (): void => {
    scheduled = false;
    if (tasks.signal.aborted) return;
    const next = queue.take();
    if (next === undefined) return;
    const { pod, wakeups } = next;
    const verdict = schedule(pod, cache.snapshot(), plugins, entropy.fraction());
    if (verdict.outcome === 'placed') {
      cache.putPod({ ...pod, spec: { ...pod.spec, nodeName: verdict.node } });
      tasks.run(`bind ${pod.metadata.name}`, () => bind(pod, verdict.node, wakeups));
    } else {
      queue.park(pod, wakeups, verdict.outcome);
      tasks.run(`explain ${pod.metadata.name}`, () => explain(pod, verdict.message));
    }
    if (queue.ready) {
      scheduled = true;
      queueMicrotask(drain);
    }
  };

  const bind = async (pod: Pod, node: string, wakeups: number): Promise<void> => {
    const { namespace = '', name: podName, uid } = pod.metadata;
    const key = { namespace, name: podName };
    try {
      await client.createSubresource(resources.pods, key, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { namespace, name: podName, uid },
        target: { kind: 'Node', name: node },
      });
      recorder.record(subjectOf(pod, 'v1', 'Pod'), 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${podName} to ${node}`);
    } catch (error) {
      // The truth is what the API shows: take the assumption back, unless the pod turns out to be placed.
      const current = pods.get(namespace, podName);
      if (current?.metadata.uid === uid && current.spec.nodeName) return;
      cache.removePod(uid);
      if (hasReason(error, 'NotFound') || tasks.signal.aborted) return;
      log.warn('binding failed, trying again', { pod: podName, node, error });
      queue.park(pod, wakeups - 1, 'error');
      queue.wake();
    }
  };

  const explain = async (pod: Pod, message: string): Promise<void> => {
    recorder.record(subjectOf(pod, 'v1', 'Pod'), 'Warning', 'FailedScheduling', message.slice(0, longestNote));
    const { namespace = '', name: podName } = pod.metadata;
    const current = pods.get(namespace, podName);
    const before = current?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (before?.status === 'False' && before.reason === 'Unschedulable' && before.message === message) return;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      observedGeneration: pod.metadata.generation,
      lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : formatTime(clock.now()),
    };
    await client
      .patch(
        resources.pods,
        { namespace, name: podName },
        { type: 'strategic', body: { status: { conditions: [condition] } } },
        { subresource: 'status' },
      )
      .catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
  };

  pods.on({
    added: (pod) => consider(pod),
    updated: (pod, old) => consider(pod, old),
    deleted: (pod) => {
      cache.removePod(pod.metadata.uid);
      queue.remove(pod);
      if (pod.spec.nodeName) queue.wake();
    },
  });
  nodes.on({
    added: (node) => {
      cache.putNode(node);
      queue.wake();
    },
    updated: (node, old) => {
      cache.putNode(node);
      if (matters(node, old)) queue.wake();
    },
    deleted: (node) => cache.removeNode(node.metadata.name),
  });
  nodes.start();
  pods.start();
  tasks.run('first round', async () => {
    await Promise.all([nodes.synced, pods.synced]);
    drain();
  });

  return {
    async stop() {
      queue.close();
      await Promise.all([tasks.stop(), nodes.stop(), pods.stop(), recorder.stop()]);
    },
  };
}

function isOver({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Whether a node's change could make room for a pod that fitted nowhere: heartbeats and conditions do not. */
function matters(node: Node, old: Node): boolean {
  const facts = ({ spec, metadata, status }: Node): string =>
    JSON.stringify([spec.taints, spec.unschedulable, metadata.labels, status?.allocatable]);
  return facts(node) !== facts(old);
}
