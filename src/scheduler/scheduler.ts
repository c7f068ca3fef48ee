// Owns the scheduler at work: watches the cluster, takes one waiting pod at a time, decides, binds or evicts, says why.
import type { Node, Pod } from '../api/core/v1.ts';
import { sameValue } from '../api/equal.ts';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { SeriesRecorder } from '../client/event-series.ts';
import { Informer } from '../client/informer.ts';
import { resources } from '../client/resources.ts';
import { type Attempt, attempt } from './attempt.ts';
import { Bindings } from './binding.ts';
import { ClusterState } from './cluster-state.ts';
import { extendedAttempt } from './extended-attempt.ts';
import { minds } from './extender.ts';
import { isOver } from './node-info.ts';
import { startObjectInformers } from './object-informers.ts';
import { PodQueue, type Queued } from './pod-queue.ts';
import { PodStatusWriter } from './pod-status-writer.ts';
import { evict } from './preemption/evict.ts';
import { Preemptions } from './preemption/preemptions.ts';
import type { Profile } from './profile.ts';
import { RankingMemory } from './schedule.ts';
import { defaultConfig, type SchedulerConfig } from './scheduler-config.ts';
import type { WakeEvent } from './wake-event.ts';
import { hearing, wakesUp } from './wake-up.ts';

/** What a scheduler needs from outside. */
export interface SchedulerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly config?: SchedulerConfig;
  /** The machine's name, by which events tell which of several schedulers spoke. */
  readonly host?: string;
}

/** A scheduler at work, and what it sees. */
export interface Scheduler extends Service {
  readonly cluster: ClusterState;
  readonly config: SchedulerConfig;
  /** A pod as last seen. */
  pod(namespace: string, name: string): Pod | undefined;
  /** The profile that schedules a pod; undefined: it is another scheduler's. */
  profileOf(pod: Pod): Profile | undefined;
}

/** So long decisions are made before others of the process get their turn. */
const sliceMs = 5;

/** Starts scheduling. One pod is decided at a time; bindings run beside it, their placements counted at once. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  return new RunningScheduler(options);
}

class RunningScheduler implements Scheduler {
  readonly cluster = new ClusterState();
  readonly config: SchedulerConfig;
  readonly #options: SchedulerOptions;
  readonly #tasks: TaskGroup;
  /** By schedulerName: each profile tells under its own name. */
  readonly #recorders: ReadonlyMap<string, SeriesRecorder>;
  readonly #writer: PodStatusWriter;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #memories = new Map<Profile, RankingMemory>();
  readonly #queue: PodQueue;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #others: ReturnType<typeof startObjectInformers>;
  readonly #bindings: Bindings;
  readonly #preemptions: Preemptions;
  #running = false;
  #synced = false;

  constructor(options: SchedulerOptions) {
    const { client, clock, log, config = defaultConfig } = options;
    this.#options = options;
    this.config = config;
    this.#tasks = new TaskGroup(log);
    this.#recorders = new Map(
      config.profiles.map(({ schedulerName: controller }) => [
        controller,
        new SeriesRecorder(client, clock, log, { controller, instance: `${controller}-${options.host ?? 'peapod'}` }),
      ]),
    );
    this.#writer = new PodStatusWriter(
      client,
      clock,
      (pod) => this.#recorderFor(pod),
      ({ metadata }) => this.#pods.get(metadata.namespace, metadata.name),
    );
    this.#profiles = new Map(config.profiles.map((profile) => [profile.schedulerName, profile]));
    for (const profile of config.profiles) this.#memories.set(profile, new RankingMemory());
    this.#queue = new PodQueue(
      clock,
      (pod) => this.#keptOutBy(pod),
      () => this.#run(),
      config.times,
    );
    this.#nodes = new Informer({ client, resource: resources.nodes, clock, log });
    this.#pods = new Informer({ client, resource: resources.pods, clock, log });
    this.#others = startObjectInformers({ client, clock, log }, this.cluster.objects, (event) => this.#tell(event));
    const { cluster } = this;
    const [queue, writer, tasks] = [this.#queue, this.#writer, this.#tasks];
    this.#preemptions = new Preemptions({
      ...{ cluster, queue, writer, tasks },
      evict: (pod, victims, node) => evict({ client, clock, recorder: this.#recorderFor(pod) }, pod, victims, node),
    });
    this.#bindings = new Bindings({
      ...{ cluster, queue, writer, tasks, client, clock, log, extenders: config.extenders, bindTimeoutMs: config.bindTimeoutMs },
      shown: ({ metadata }) => this.#pods.get(metadata.namespace, metadata.name),
      tell: (event) => this.#tell(event),
    });
    this.#watch();
    this.#tasks.run('first round', async () => {
      await Promise.all([this.#nodes.synced, this.#pods.synced, this.#others.synced]);
      this.#synced = true;
      this.#run();
    });
  }

  async stop(): Promise<void> {
    this.#queue.close();
    await Promise.all([
      this.#tasks.stop(),
      this.#nodes.stop(),
      this.#pods.stop(),
      this.#others.stop(),
      ...[...this.#recorders.values()].map((recorder) => recorder.stop()),
    ]);
  }

  #watch(): void {
    this.#pods.on({
      added: (pod) => this.#see(pod),
      updated: (pod, old) => this.#see(pod, old),
      deleted: (pod) => {
        this.#queue.remove(pod);
        this.cluster.nominate(pod, undefined);
        const placed = this.cluster.placed(pod.metadata.uid);
        this.cluster.removePod(pod.metadata.uid);
        if (placed !== undefined) this.#tell({ on: 'pod', pod: placed, gone: true });
      },
    });
    this.#nodes.on({
      added: (node) => {
        this.cluster.putNode(node);
        // Without nodes every attempt is an error: with the first one there is nothing more to wait for.
        if (this.cluster.nodeCount === 1) this.#queue.retryNow();
        this.#tell({ on: 'node', node });
      },
      updated: (node, old) => {
        // Heartbeats and conditions are most of what is told of nodes: they help nobody.
        if (this.cluster.putNode(node)) this.#tell({ on: 'node', node, old });
      },
      deleted: (node) => {
        this.cluster.removeNode(node.metadata.name);
        this.#tell({ on: 'node', node, gone: true });
      },
    });
    this.#nodes.start();
    this.#pods.start();
  }

  pod(namespace: string, name: string): Pod | undefined {
    return this.#pods.get(namespace, name);
  }

  profileOf(pod: Pod): Profile | undefined {
    return this.#profiles.get(pod.spec.schedulerName ?? 'default-scheduler');
  }

  #recorderFor(pod: Pod): SeriesRecorder {
    const recorder = this.#recorders.get(pod.spec.schedulerName ?? 'default-scheduler');
    if (recorder === undefined) throw new Error(`no profile schedules for ${pod.spec.schedulerName}`);
    return recorder;
  }

  /** A pod came or changed. */
  #see(pod: Pod, old?: Pod): void {
    const { uid } = pod.metadata;
    if (isOver(pod.status) || pod.spec.nodeName) {
      const before = this.cluster.placed(uid);
      this.#queue.remove(pod);
      this.cluster.nominate(pod, undefined);
      this.cluster.putPod(pod);
      if (isOver(pod.status)) {
        if (before !== undefined) this.#tell({ on: 'pod', pod: before, gone: true });
      } else this.#tell({ on: 'pod', pod, ...(old?.spec.nodeName && { old }) });
      return;
    }
    if (this.profileOf(pod) === undefined) return;
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#queue.remove(pod);
      this.cluster.nominate(pod, undefined);
      return;
    }
    // On its way to a node: an older state of it that is told of only now changes nothing.
    if (this.#bindings.isRunning(pod) || this.cluster.placed(uid) !== undefined) return;
    const nominated = pod.status?.nominatedNodeName || undefined;
    if (old === undefined || nominated !== (old.status?.nominatedNodeName || undefined)) this.cluster.nominate(pod, nominated);
    this.#queue.put(pod);
    if (old === undefined || !mattersTo(pod, old)) return;
    const wakes = wakesUp((one) => this.profileOf(one), { on: 'own', pod, old });
    this.#queue.wake((queued) => queued.pod.metadata.uid === uid && wakes(queued));
  }

  #tell(event: WakeEvent): void {
    // Most changes help none of the pods that wait: there may be thousands of both.
    if (this.#queue.waits && this.#queue.waitsFor(hearing(this.config.profiles, event)))
      this.#queue.wake(wakesUp((pod) => this.profileOf(pod), event));
  }

  #keptOutBy(pod: Pod): string | undefined {
    if (this.#preemptions.isRunning(pod)) return 'DefaultPreemption';
    return this.profileOf(pod)?.plugins.find((plugin) => plugin.preEnqueue?.(pod, this.cluster) !== undefined)?.name;
  }

  #run(): void {
    if (this.#running || !this.#synced || this.#tasks.signal.aborted) return;
    this.#running = true;
    queueMicrotask(() => this.#drain());
  }

  #drain(): void {
    const { clock } = this.#options;
    const endMs = clock.now() + sliceMs;
    while (!this.#tasks.signal.aborted) {
      const next = this.#queue.take();
      if (next === undefined) break;
      const asking = this.#tryOr(next);
      if (asking !== undefined) {
        this.#tasks.run(`ask extenders for ${next.pod.metadata.name}`, () => asking.finally(() => this.#drain()));
        return;
      }
      if (clock.now() < endMs || !this.#queue.ready) continue;
      clock.after(0, () => this.#drain());
      return;
    }
    this.#running = false;
  }

  /** A plugin that fails at a pod must not end the scheduling of others. */
  #tryOr(queued: Queued): Promise<void> | undefined {
    try {
      return this.#try(queued) ?? undefined;
    } catch (error) {
      this.#options.log.error('an attempt failed, trying again', { pod: queued.pod.metadata.name, error });
      this.#queue.retry(queued, queued.pod);
      return undefined;
    }
  }

  /** One attempt. Answers a promise where others are asked: the next pod waits for it. */
  #try(queued: Queued): Promise<void> | void {
    const { pod } = queued;
    const profile = this.profileOf(pod);
    if (profile === undefined) return;
    // A pod must not stand in its own way.
    const nominated = this.cluster.nominationOf(pod.metadata.uid);
    this.cluster.nominate(pod, undefined);
    const asked: Pod =
      nominated === pod.status?.nominatedNodeName ? pod : { ...pod, status: { ...pod.status, nominatedNodeName: nominated ?? '' } };
    const fraction = (): number => this.#options.entropy.fraction();
    const memory = this.#memories.get(profile) ?? new RankingMemory();
    const extenders = this.config.extenders.filter((extender) => minds(extender, pod));
    const done = (tried: Attempt): void => {
      if (tried.outcome === 'placed') this.#bindings.begin(queued, tried.node, profile.plugins);
      else this.#give(queued, tried, nominated);
    };
    if (extenders.length === 0) return done(attempt(asked, this.cluster, profile, fraction, memory));
    const { log } = this.#options;
    const asking = extendedAttempt(asked, { cluster: this.cluster, profile, memory, extenders, fraction, log });
    return asking.then((tried) => {
      // What happened meanwhile may have made an end of it.
      const current = this.#pods.get(pod.metadata.namespace, pod.metadata.name);
      if (current?.metadata.uid === pod.metadata.uid && !current.spec.nodeName) done(tried);
    });
  }

  /** No node for the pod: it waits, or others have to go. */
  #give(queued: Queued, tried: Exclude<Attempt, { outcome: 'placed' }>, nominated: string | undefined): void {
    const { pod } = queued;
    const { message } = tried;
    const report = (nominate?: string | null): void => {
      const body = { reason: 'Unschedulable', message, ...(nominate !== undefined && { nominate }) } as const;
      this.#tasks.run(`explain ${pod.metadata.name}`, () => this.#writer.report(pod, body));
    };
    if (tried.outcome === 'error') {
      // What it was nominated for cannot be told any more: whoever waits behind it need not.
      this.cluster.nominate(pod, undefined);
      this.#queue.retry(queued, pod);
      return report(null);
    }
    if (tried.deallocate !== undefined) {
      const { allocation: _, reservedFor: __, ...status } = tried.deallocate.status ?? {};
      const freed = { ...tried.deallocate, status };
      // Its change wakes the pod. Where somebody else was faster, that does.
      this.#tasks.run(`give up the devices of claim ${freed.metadata.name}`, async () => {
        await this.#options.client.updateStatus(resources.resourceClaims, freed);
      });
    }
    if (tried.candidate !== undefined) {
      const { node, pods: victims } = tried.candidate;
      const evicted = victims.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      this.#queue.park(queued, pod, tried.plugins);
      if (evicted.length > 0) this.#preemptions.begin(pod, node, evicted);
      this.cluster.nominate(pod, node);
      return report(node);
    }
    this.cluster.nominate(pod, tried.keepsNomination ? nominated : undefined);
    this.#queue.park(queued, pod, tried.plugins);
    report(tried.keepsNomination ? undefined : null);
  }
}

/** Whether a pod that waits was changed in a way that may place it. */
function mattersTo(pod: Pod, old: Pod): boolean {
  return (
    !sameValue(pod.spec, old.spec) ||
    !sameValue(pod.metadata.labels, old.metadata.labels) ||
    !sameValue(pod.status?.resourceClaimStatuses, old.status?.resourceClaimStatuses)
  );
}
