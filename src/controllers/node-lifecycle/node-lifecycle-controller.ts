// Owns nodes as the cluster sees them come, fall silent and go: conditions, taints and the pace of evictions, pods no longer ready, events.
import type { Node } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext, Reconciled } from '../controller.ts';
import { byNode } from '../shared-informers.ts';
import { EvictionLine } from './eviction-line.ts';
import { type Judgement, judge, longSilent, type NodeHealth } from './health.ts';
import { changeTaints, markPodNotReady, writeConditions } from './node-writes.ts';
import { evictingKey, hasEvicting, planLabels, planTaints, withEvicting } from './plan.ts';
import { type EvictionRates, planDisruption, type ZoneState, zoneOf } from './zones.ts';

/** What upstream's flags of the same names say. */
export interface NodeLifecycleSettings extends EvictionRates {
  readonly nodeMonitorPeriodMs: number;
  readonly nodeMonitorGraceMs: number;
  readonly nodeStartupGraceMs: number;
  /** Nodes of which whoever runs the cluster knows that nobody runs them any more: they count as silent from the start, until they are heard of. */
  readonly isFormer?: (node: Node) => boolean;
}

const leaseNamespace = 'kube-node-lease';
const excludeLabel = 'node.kubernetes.io/exclude-disruption';
/** Two keys for all nodes; others are `node/NAME` and `pod/NAMESPACE/NAME`. */
const look = 'look';
const evict = 'evict';
const conflictTries = 5;
/** So many nodes are looked at side by side. */
const breadth = 100;

export function nodeLifecycleController(context: ControllerContext, settings: NodeLifecycleSettings): Controller {
  const { informers, client, clock, log } = context;
  const nodes = informers.of(resources.nodes);
  const leases = informers.of(resources.leases);
  const pods = informers.of(resources.pods, { byNode });
  const recorder = new EventRecorder(client, clock, log, { component: 'node-controller' });
  const grace = { monitorMs: settings.nodeMonitorGraceMs, startupMs: settings.nodeStartupGraceMs };
  const healths = new Map<string, NodeHealth>();
  const known = new Map<string, Node>();
  const lines = new Map<string, EvictionLine>();
  const unfinished = new Set<string>();
  let states: ReadonlyMap<string, ZoneState> = new Map();
  let lookedMs = clock.now();
  let enqueue: (key: string) => void = () => {};

  const tell = ({ metadata: { name, uid } }: Node, reason: string, message: string): void =>
    recorder.record({ apiVersion: 'v1', kind: 'Node', name, uid }, 'Normal', reason, message);
  const lineOf = (node: Node): EvictionLine => {
    const zone = zoneOf(node);
    const line = lines.get(zone) ?? new EvictionLine(settings.normal, clock.now());
    lines.set(zone, line);
    return line;
  };
  const setEvicting = (name: string, key: string | undefined): Promise<boolean> =>
    changeTaints(client, name, (taints) => withEvicting(taints, key, clock.now()));
  const reachable = async (node: Node): Promise<void> => {
    lineOf(node).remove(node.metadata.name);
    if (withEvicting(node.spec.taints, undefined, clock.now()) !== undefined) await setEvicting(node.metadata.name, undefined);
  };

  const greet = async (all: readonly Node[]): Promise<void> => {
    const present = new Set(all.map(({ metadata }) => metadata.name));
    for (const node of all) {
      const { name } = node.metadata;
      if (known.has(name)) continue;
      known.set(name, node);
      tell(node, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
      await reachable(node);
    }
    for (const [name, node] of known) {
      if (present.has(name)) continue;
      known.delete(name);
      healths.delete(name);
      unfinished.delete(name);
      lineOf(node).remove(name);
      tell(node, 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
    }
  };

  /** Judges, and writes what follows; undefined where the node is gone. */
  const judged = async (seen: Node): Promise<{ readonly node: Node; readonly judgement: Judgement } | undefined> => {
    const { name } = seen.metadata;
    let node = seen;
    for (let attempt = 1; ; attempt++) {
      const lease = leases.get(leaseNamespace, name);
      const before = healths.get(name) ?? (settings.isFormer?.(node) === true ? longSilent(node, lease) : undefined);
      const judgement = judge(node, lease, before, grace, clock.now());
      healths.set(name, judgement.health);
      if (judgement.conditions === undefined) return { node, judgement };
      try {
        await writeConditions(client, node, judgement.conditions);
        return { node, judgement };
      } catch (error) {
        if (hasReason(error, 'NotFound')) return undefined;
        if (!hasReason(error, 'Conflict') || attempt >= conflictTries) throw error;
        node = await client.get(resources.nodes, { name });
      }
    }
  };

  const followUp = async (node: Node, { before, now }: Judgement): Promise<void> => {
    const { name } = node.metadata;
    const key = evictingKey(now);
    if (key === undefined) await reachable(node);
    else if (!hasEvicting(node.spec.taints, key)) {
      const swaps = withEvicting(node.spec.taints, undefined, clock.now()) !== undefined;
      if (swaps) await setEvicting(name, key);
      else {
        lineOf(node).add(name);
        enqueue(evict);
      }
    }
    const fell = now !== 'True' && before === 'True';
    if (fell) tell(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`);
    if (!fell && !unfinished.has(name)) return;
    unfinished.add(name);
    if (now !== 'True') for (const pod of pods.byIndex('byNode', name)) await markNotReady(pod);
    unfinished.delete(name);
  };

  const markNotReady = async (pod: Parameters<typeof markPodNotReady>[1]): Promise<void> => {
    if (await markPodNotReady(client, pod, clock))
      recorder.record(subjectOf(pod, 'v1', 'Pod'), 'Warning', 'NodeNotReady', 'Node is not ready');
  };

  const lookAtAll = async (): Promise<void> => {
    const all = nodes.list();
    // Who has slept, or had the clock stepped, heard of nobody meanwhile: silence counts from now on.
    const sleptMs = clock.now() - lookedMs - settings.nodeMonitorPeriodMs;
    if (sleptMs > settings.nodeMonitorGraceMs / 2)
      for (const [name, health] of healths) healths.set(name, { ...health, heardMs: health.heardMs + sleptMs });
    lookedMs = clock.now();
    await greet(all);
    const zones = new Map<string, (string | undefined)[]>();
    const lookAt = async (seen: Node): Promise<void> => {
      try {
        const found = await judged(seen);
        if (found === undefined) return;
        const { node, judgement } = found;
        if (node.metadata.labels?.[excludeLabel] === undefined) {
          const zone = zones.get(zoneOf(node)) ?? [];
          zones.set(zoneOf(node), zone);
          zone.push(judgement.now);
        }
        if (judgement.now !== undefined) await followUp(node, judgement);
      } catch (error) {
        log.warn('a node could not be looked after, the next look tries again', { node: seen.metadata.name, error });
      }
    };
    for (let at = 0; at < all.length; at += breadth) await Promise.all(all.slice(at, at + breadth).map(lookAt));
    const plan = planDisruption(states, zones, settings);
    states = plan.states;
    const nowMs = clock.now();
    if (plan.mode === 'enter') for (const node of all) await reachable(node);
    if (plan.mode === 'leave') for (const [name, health] of healths) healths.set(name, { ...health, heardMs: nowMs });
    for (const [zone, rate] of plan.rates) lines.get(zone)?.setRate(rate, nowMs);
    enqueue(evict);
  };

  const evictNext = async (): Promise<Reconciled> => {
    const waits: number[] = [];
    for (const line of lines.values()) {
      for (let name = line.next(clock.now()); name !== undefined; name = line.next(clock.now())) {
        await changeTaints(client, name, (taints, fresh) => {
          const key = evictingKey(readyOf(fresh));
          return key === undefined ? undefined : withEvicting(taints, key, clock.now());
        });
      }
      const waitMs = line.waitMs(clock.now());
      if (waitMs !== undefined) waits.push(waitMs);
    }
    return waits.length === 0 ? undefined : { againMs: Math.min(...waits) };
  };

  const tidyNode = async (name: string): Promise<void> => {
    const node = nodes.get('', name);
    if (node === undefined) return;
    if (planTaints(node, clock.now()) !== undefined) await changeTaints(client, name, (_, fresh) => planTaints(fresh, clock.now()));
    const labels = planLabels(node);
    if (labels === undefined) return;
    const body = { metadata: { labels } };
    await client.patch(resources.nodes, { name }, { type: 'strategic', body }).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound')) throw error;
    });
  };

  return {
    name: 'node-lifecycle-controller',
    workers: 8,
    async start(add) {
      enqueue = add;
      const changed = ({ metadata }: Node): void => add(`node/${metadata.name}`);
      nodes.on({ added: changed, updated: changed });
      await Promise.all([nodes.start().synced, leases.start().synced]);
      const bound = ({ metadata, spec }: { metadata: { namespace?: string; name: string }; spec: { nodeName?: string } }): void => {
        const node = spec.nodeName ? nodes.get('', spec.nodeName) : undefined;
        const ready = node === undefined ? undefined : readyOf(node);
        if (ready !== undefined && ready !== 'True') add(`pod/${metadata.namespace}/${metadata.name}`);
      };
      pods.on({
        added: bound,
        updated(pod, old) {
          if (pod.spec.nodeName !== old.spec.nodeName) bound(pod);
        },
      });
      await pods.start().synced;
      add(look);
    },
    async reconcile(key) {
      if (key === look) {
        await lookAtAll();
        return { againMs: settings.nodeMonitorPeriodMs };
      }
      if (key === evict) return evictNext();
      const [kind, ...rest] = key.split('/');
      if (kind === 'node') await tidyNode(rest.join('/'));
      else {
        const pod = pods.get(rest[0], rest[1] ?? '');
        if (pod !== undefined) await markNotReady(pod);
      }
      return undefined;
    },
    async stop() {
      await Promise.all([nodes.stop(), leases.stop(), pods.stop(), recorder.stop()]);
    },
  };
}

function readyOf({ status }: Node): string | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}
