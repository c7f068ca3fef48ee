// Owns telling the cluster of this node: its registration, its lease, its status when it changed. It refuses to know of pods.
import type { Node, NodeStatus, ObjectReference, Taint } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Entropy } from '../../base/entropy.ts';
import type { Log } from '../../base/log.ts';
import { type Service, TaskGroup } from '../../base/service.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { keepLease } from './node-lease.ts';
import { conditionEvents, lookMs, nextReportMs, statusChanged, statusPatch } from './node-report.ts';
import { type NodeIdentity, type NodeObserved, nodeLabels, nodeStatus, type Pressures } from './node-status.ts';

export interface NodeAgentOptions extends NodeIdentity {
  /** Acts as the node's user. */
  readonly client: Client;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  /** Labels beyond the usual ones, and taints; for a node that is made now, an existing one keeps its own. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** The node's share of the pod range, where it is fixed; absent: the controllers give it one. */
  readonly podCidrs?: readonly string[];
  /** Which cgroups the node's pods live in; absent: none. */
  readonly cgroupVersion?: 1 | 2;
  /** What the eviction rules see; absent: no pressure. */
  readonly pressures?: () => Pressures;
  /** Whether the machine goes down; absent: never. */
  readonly closing?: () => boolean;
  /** Tells an event about the node (the kubelet's recorder). */
  tell(about: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface NodeAgent extends Service {
  /** Resolves once the Node in the API says Ready; rejects when the agent is stopped before. */
  readonly ready: Promise<void>;
  /** The Node as it was last read or written; undefined until it is registered. */
  readonly node: Node | undefined;
  /** Look at the node now: something changed. */
  refresh(): void;
}

const cgroupV1Text =
  'cgroup v1 detected. cgroup v1 support is deprecated and will be removed in a future release. Please migrate to cgroup v2. More information at https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1';
const noPressures: Pressures = { memory: false, disk: false, pid: false };
/** Until the node is ready for the first time it is looked at this often, for so long. */
const eagerMs = 100;
const eagerForMs = 120_000;
const attachDetach = 'volumes.kubernetes.io/controller-managed-attach-detach';

/** Starts telling. A Node that is deleted while the agent runs is not made again; a new agent registers it anew. */
export function nodeAgent(options: NodeAgentOptions): NodeAgent {
  return new Agent(options);
}

class Agent implements NodeAgent {
  readonly #options: NodeAgentOptions;
  readonly #tasks: TaskGroup;
  readonly #ready = Promise.withResolvers<void>();
  readonly #startedMs: number;
  #node: Node | undefined;
  #reportAtMs = 0;
  #starting = true;
  #wasReady = false;
  #wake = (): void => {};

  constructor(options: NodeAgentOptions) {
    this.#options = options;
    this.#tasks = new TaskGroup(options.log);
    this.#startedMs = options.clock.now();
    this.#ready.promise.catch(() => {});
    this.#tasks.run('report the node', (signal) => this.#report(signal));
    this.#tasks.run('keep the node’s lease', (signal) => keepLease({ ...options, nodeUid: () => this.#node?.metadata.uid }, signal));
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get node(): Node | undefined {
    return this.#node;
  }

  refresh(): void {
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#ready.reject(new DOMException('stopped', 'AbortError'));
    await this.#tasks.stop();
  }

  #tell(reason: string, message: string, type: 'Normal' | 'Warning' = 'Normal'): void {
    const { nodeName, tell } = this.#options;
    tell({ kind: 'Node', name: nodeName, uid: nodeName }, type, reason, message);
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    this.#tell('Starting', 'Starting kubelet.');
    if (this.#options.cgroupVersion === 1) this.#tell('CgroupV1', cgroupV1Text, 'Warning');
    while (!signal.aborted) {
      const woken = Promise.withResolvers<void>();
      this.#wake = woken.resolve;
      try {
        await this.#look(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn('the node’s status could not be told', { error });
      }
      const eager = !this.#wasReady && clock.now() - this.#startedMs < eagerForMs;
      const waited = new AbortController();
      const pause = clock.sleep(eager ? eagerMs : lookMs, AbortSignal.any([signal, waited.signal])).catch(() => {});
      await Promise.race([pause, woken.promise]);
      waited.abort();
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, entropy, nodeName } = this.#options;
    const observed = await this.#observe();
    if (this.#node === undefined) this.#node = await this.#register(observed, signal);
    else if (!this.#starting) await this.#refetch(signal);
    const published = this.#node.status;
    const status = nodeStatus(this.#options, observed, published, clock.now());
    if (this.#starting) this.#tellChanges(published, status);
    if (statusChanged(published, status) || clock.now() >= this.#reportAtMs) {
      try {
        const patch = { type: 'strategic', body: statusPatch(published, status) } as const;
        this.#node = await this.#options.client.patch(resources.nodes, { name: nodeName }, patch, { subresource: 'status', signal });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
        return;
      }
      if (!this.#starting) this.#tellChanges(published, status);
      this.#reportAtMs = nextReportMs(clock.now(), entropy.fraction());
    }
    this.#starting = false;
    if (!this.#wasReady && isReady(this.#node.status)) {
      this.#wasReady = true;
      this.#ready.resolve();
    }
  }

  /** What others have written of it since: a node that was given up for lost must say that it is there. */
  async #refetch(signal: AbortSignal): Promise<void> {
    const { client, nodeName } = this.#options;
    try {
      this.#node = await client.get(resources.nodes, { name: nodeName }, { resourceVersion: '0', signal });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  /** Of a node that was registered in the same breath nothing was published before, whatever the answer holds. */
  #tellChanges(published: NodeStatus | undefined, now: NodeStatus): void {
    const before = this.#starting && this.#made ? undefined : published;
    const events = conditionEvents(this.#options.nodeName, before, now, this.#starting);
    const enforced = { type: 'Normal', reason: 'NodeAllocatableEnforced', message: 'Updated Node Allocatable limit across pods' } as const;
    const ready = events.findIndex(({ reason }) => reason === 'NodeReady' || reason === 'NodeNotReady');
    const at = ready < 0 ? events.length : ready;
    for (const { reason, message } of this.#starting ? events.toSpliced(at, 0, enforced) : events) this.#tell(reason, message);
  }

  #made = false;

  async #observe(): Promise<NodeObserved> {
    const { runtime, pressures: read, closing } = this.#options;
    const now = { pressures: read?.() ?? noPressures, closing: closing?.() ?? false };
    try {
      const [version, conditions, images] = await Promise.all([runtime.version(), runtime.conditions(), runtime.listImages()]);
      return { runtime: { version, conditions }, images, ...now };
    } catch (error) {
      return { runtime: { down: error instanceof Error ? error.message : String(error) }, images: [], ...now };
    }
  }

  /** Makes the Node, or takes the one that is there: its labels are put right, its status is kept. */
  async #register(observed: NodeObserved, signal: AbortSignal): Promise<Node> {
    const { client, clock, nodeName, labels, taints, podCidrs } = this.#options;
    const usual = nodeLabels(this.#options);
    const annotations = { [attachDetach]: 'true' };
    try {
      const node = await client.create(
        resources.nodes,
        {
          metadata: { name: nodeName, labels: { ...usual, ...labels }, annotations },
          spec: {
            ...(podCidrs?.[0] !== undefined && { podCIDR: podCidrs[0], podCIDRs: podCidrs }),
            ...(taints !== undefined && taints.length > 0 && { taints }),
          },
          status: nodeStatus(this.#options, observed, undefined, clock.now()),
        },
        { signal },
      );
      this.#made = true;
      return node;
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
    const node = await client.get(resources.nodes, { name: nodeName }, { signal });
    const differs = Object.entries(usual).some(([label, value]) => node.metadata.labels?.[label] !== value);
    if (!differs && node.metadata.annotations?.[attachDetach] === 'true') return node;
    return client.patch(
      resources.nodes,
      { name: nodeName },
      { type: 'strategic', body: { metadata: { labels: usual, annotations } } },
      { signal },
    );
  }
}

function isReady(status: NodeStatus | undefined): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}
