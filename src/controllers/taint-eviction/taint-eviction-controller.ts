// Owns evicting pods from nodes with NoExecute taints that they do not tolerate, or not for longer.
import type { Node, Pod, Taint } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { hasReason } from '../../api/status-error.ts';
import { formatTime } from '../../base/time.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { byNode } from '../shared-informers.ts';
import { noExecute, planEviction, type Scheduled } from './plan.ts';

const tries = 5;
const betweenTriesMs = 10;

export function taintEvictionController({ informers, client, clock, log }: ControllerContext): Controller {
  const nodes = informers.of(resources.nodes);
  const pods = informers.of(resources.pods, { byNode });
  const recorder = new EventRecorder(client, clock, log, { component: 'taint-eviction-controller' });
  /** By pod, `NAMESPACE/NAME`. Bound: one entry a pod of a tainted node. */
  const scheduled = new Map<string, Scheduled>();
  const evicted = new Set<string>();
  let enqueue: (key: string, delayMs?: number) => void = () => {};

  const tell = (key: string, words: string): void => {
    const [namespace = '', name = ''] = key.split('/');
    recorder.record({ apiVersion: 'v1', kind: 'Pod', namespace, name }, 'Normal', 'TaintManagerEviction', `${words} Pod ${key}`);
  };
  const cancel = (key: string): void => {
    evicted.delete(key);
    if (scheduled.delete(key)) tell(key, 'Cancelling deletion of');
  };
  const keyOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;

  const consider = (pod: Pod, taints: readonly Taint[]): void => {
    const key = keyOf(pod);
    if (evicted.has(key) && taints.length > 0) return;
    const plan = planEviction(taints, pod.spec.tolerations ?? [], scheduled.get(key), clock.now());
    if (plan.do === 'cancel') cancel(key);
    if (plan.do !== 'evict') return;
    if (scheduled.has(key)) cancel(key);
    scheduled.set(key, plan.scheduled);
    enqueue(`evict/${key}`, Math.max(0, plan.scheduled.dueMs - clock.now()));
  };

  const evict = async (key: string): Promise<void> => {
    const due = scheduled.get(key);
    if (due === undefined) return;
    if (due.dueMs > clock.now()) return enqueue(`evict/${key}`, due.dueMs - clock.now());
    scheduled.delete(key);
    evicted.add(key);
    const [namespace = '', name = ''] = key.split('/');
    tell(key, 'Marking for deletion');
    for (let attempt = 1; ; attempt++) {
      try {
        await addCondition(await client.get(resources.pods, { namespace, name }));
        await client.delete(resources.pods, { namespace, name });
        return;
      } catch (error) {
        if (hasReason(error, 'NotFound')) return;
        if (attempt >= tries) {
          evicted.delete(key);
          throw error;
        }
        await clock.sleep(betweenTriesMs);
      }
    }
  };
  const addCondition = async ({ metadata, status }: Pod): Promise<void> => {
    const words = { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' };
    const present = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    if (present?.status === 'True' && present.reason === words.reason && present.message === words.message) return;
    const observed = metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
    const condition = { type: 'DisruptionTarget', status: 'True', ...words, lastTransitionTime: formatTime(clock.now()), ...observed };
    const { name, namespace = '', uid } = metadata;
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    await client.patch(resources.pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
  };

  return {
    name: 'taint-eviction-controller',
    workers: 8,
    async start(add) {
      enqueue = add;
      await nodes.start().synced;
      const changed = ({ metadata }: Node): void => add(`node/${metadata.name}`);
      nodes.on({
        added(node) {
          if (noExecute(node.spec.taints).length > 0) changed(node);
        },
        updated(node, old) {
          if (!sameValue(noExecute(node.spec.taints), noExecute(old.spec.taints))) changed(node);
        },
      });
      const onTainted = (pod: Pod): void => {
        const taints = pod.spec.nodeName ? noExecute(nodes.get('', pod.spec.nodeName)?.spec.taints) : [];
        if (taints.length > 0) add(`pod/${keyOf(pod)}`);
      };
      pods.on({
        added: onTainted,
        updated(pod, old) {
          const same = pod.spec.nodeName === old.spec.nodeName && sameValue(pod.spec.tolerations, old.spec.tolerations);
          if (!same) onTainted(pod);
        },
        deleted: (pod) => cancel(keyOf(pod)),
      });
      await pods.start().synced;
    },
    async reconcile(key) {
      const [kind, ...rest] = key.split('/');
      const of = rest.join('/');
      if (kind === 'evict') await evict(of);
      else if (kind === 'node') {
        const node = nodes.get('', of);
        if (node !== undefined) for (const pod of pods.byIndex('byNode', of)) consider(pod, noExecute(node.spec.taints));
      } else {
        const pod = pods.get(rest[0], rest[1] ?? '');
        const taints = pod?.spec.nodeName ? noExecute(nodes.get('', pod.spec.nodeName)?.spec.taints) : [];
        if (pod !== undefined && taints.length > 0) consider(pod, taints);
      }
      return undefined;
    },
    async stop() {
      await Promise.all([nodes.stop(), pods.stop(), recorder.stop()]);
    },
  };
}
