// Owns which pods this node has: one worker each, from the API, from manifests, or left over from before. It routes what the runtime says.
import type { Node, Pod } from '../api/core/v1.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import type { ContainerStatus, RuntimeEvent, SandboxStatus } from '../runtime/runtime.ts';
import { admissionOf, type Refusal } from './admit-pod.ts';
import { logDirectoryOf, podUidLabel } from './container/labels.ts';
import { isOrphan, orphanPod } from './orphan-pod.ts';
import { newestSandbox } from './pod/members.ts';
import { PodWorker } from './pod/pod-worker.ts';
import type { PodPorts } from './pod/ports.ts';
import { isTerminal } from './pod/status.ts';
import type { FoundPod, PodLookup } from './pod-lookup.ts';
import { RefusedPods } from './refused-pods.ts';
import { classCgroupValues } from './resources/cgroup-values.ts';
import { cgroupParentOf, cgroupsOf } from './resources/qos.ts';
import { byClaim, type ResizeVerdict, resizeVerdict } from './resources/resize.ts';
import { type ShutdownGrace, shutdownEnding, shutdownGroups, shutdownRefusal } from './shutdown.ts';

/** Everything is looked at anew this often, in case an event was lost (upstream: 60 to 90 s). */
const relistMs = 60_000;
/** After an event about something unknown: the pause before everything is looked at. */
const unknownMs = 200;
/** A cgroup that does not go after so many tries is held by others. */
const mostRemovals = 25;
/** How soon it is looked again whether pods have ended. */
const lookAgainMs = 50;

/** How a pod ends that makes way for a critical one. */
const preempted = {
  reason: 'Preempting',
  message: 'Preempted in order to admit critical pod',
  disruption: 'Pod was preempted by Kubelet to accommodate a critical pod.',
};

interface Snapshot {
  readonly sandboxes: Map<string, SandboxStatus[]>;
  readonly containers: Map<string, ContainerStatus[]>;
}

function group<T>(list: readonly T[], uidOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) groups.set(uidOf(item), [...(groups.get(uidOf(item)) ?? []), item]);
  return groups;
}

export class PodsOnNode implements Service, PodLookup {
  readonly #ports: PodPorts;
  readonly #node: () => Node | undefined;
  readonly #tasks: TaskGroup;
  readonly #workers = new Map<string, PodWorker>();
  readonly #owners: Map<string, string>;
  readonly #refused: RefusedPods;
  /** Pods that are taken once others have made way. Bound: the pods that were given to the node. */
  readonly #waiting = new Map<string, { readonly pod: Pod; readonly inApi: boolean }>();
  readonly #onGone: (uid: string) => void;
  #closing = false;
  #before: Snapshot | undefined;
  #relisting = false;
  #sharing = false;

  /** `owners` is the table that the ports' `owns` and `disowns` keep: pod uid by sandbox or container id. `onGone`: nothing of a pod is left. */
  constructor(ports: PodPorts, owners: Map<string, string>, node: () => Node | undefined, onGone: (uid: string) => void = () => {}) {
    this.#onGone = onGone;
    this.#ports = ports;
    this.#owners = owners;
    this.#node = node;
    this.#tasks = new TaskGroup(ports.log);
    this.#refused = new RefusedPods(ports, this.#tasks);
  }

  /** Reads what the runtime has, then follows its events. Call before the first `put`. */
  async start(): Promise<void> {
    this.#tasks.run('runtime events', async (signal) => {
      for await (const event of this.#ports.runtime.events(signal)) this.#happened(event);
    });
    this.#before = await this.#snapshot();
    this.#tasks.run('relist', async (signal) => {
      for (;;) {
        await this.#ports.clock.sleep(relistMs, signal);
        await this.#relist();
      }
    });
  }

  /** All wanted pods have been put: what is left from before belongs to nobody and goes. */
  async startedAll(): Promise<void> {
    const before = this.#before;
    this.#before = undefined;
    if (before === undefined) return;
    for (const uid of new Set([...before.sandboxes.keys(), ...before.containers.keys()])) {
      if (uid === '' || this.#workers.has(uid)) continue;
      const sandboxes = before.sandboxes.get(uid) ?? [];
      const containers = before.containers.get(uid) ?? [];
      this.#add(orphanPod(uid, sandboxes, containers), false, { sandboxes, containers, removed: true });
    }
    await this.#removeStrayDirectories();
  }

  /** A pod as the API (or, with `inApi` false, a manifest) has it: new or changed. False where the node refuses it. */
  put(pod: Pod, inApi = true): boolean {
    const uid = pod.metadata.uid ?? '';
    const worker = this.#workers.get(uid);
    if (worker !== undefined) {
      worker.update(pod);
      return true;
    }
    const sandboxes = this.#before?.sandboxes.get(uid) ?? [];
    const containers = this.#before?.containers.get(uid) ?? [];
    const isNew = sandboxes.length === 0 && containers.length === 0 && pod.status?.startTime === undefined;
    if (isNew && !isTerminal(pod.status?.phase) && pod.metadata.deletionTimestamp === undefined) {
      if (this.#closing && inApi) return this.#refuse(pod, inApi, shutdownRefusal);
      const others = [...this.#workers.values()].filter(({ holdsRoom }) => holdsRoom).map(({ allocated }) => allocated);
      const { refusal, preempt } = admissionOf(pod, this.#node(), others);
      if (refusal !== undefined) return this.#refuse(pod, inApi, refusal);
      if (preempt !== undefined) {
        this.#makeWay(pod, inApi, preempt);
        return true;
      }
    }
    this.#add(pod, inApi, { sandboxes, containers, removed: false });
    return true;
  }

  /** A static pod has no object yet whose status could tell of it. */
  #refuse(pod: Pod, inApi: boolean, refusal: Refusal): false {
    if (inApi) this.#refused.refuse(pod, refusal);
    else this.#ports.tell(pod, { type: 'Warning', ...refusal });
    return false;
  }

  remove(uid: string): void {
    this.#refused.forget(uid);
    this.#waiting.delete(uid);
    this.#workers.get(uid)?.remove();
  }

  /** Whether the node could give a pod what it wants, beside what is set aside for the others. */
  roomFor(pod: Pod): ResizeVerdict {
    const others = [...this.#workers.values()].filter(({ uid, holdsRoom }) => uid !== pod.metadata.uid && holdsRoom);
    return resizeVerdict(
      pod,
      this.#node()?.status?.allocatable ?? {},
      others.map(({ allocated }) => allocated),
    );
  }

  /** Ends every pod, in groups, each within its time; new ones are refused. Resolves when nothing runs any more, or the time is up. */
  async shutDown(grace: ShutdownGrace, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    this.#closing = true;
    for (const { graceMs, includes } of shutdownGroups(grace)) {
      const group = [...this.#workers.values()].filter(({ pod, holdsRoom }) => holdsRoom && includes(pod));
      for (const worker of group) worker.end(shutdownEnding(worker.pod, graceMs));
      const endMs = clock.now() + graceMs;
      while (group.some(({ holdsRoom }) => holdsRoom) && clock.now() < endMs) await clock.sleep(lookAgainMs, signal);
    }
  }

  worker(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }

  referenceChanged(uids: ReadonlySet<string>): void {
    for (const uid of uids) this.#workers.get(uid)?.referenceChanged();
  }

  find(namespace: string, name: string): FoundPod | undefined {
    const found = [...this.#workers.values()].filter(({ pod }) => pod.metadata.namespace === namespace && pod.metadata.name === name);
    const worker = found.find(({ isActive }) => isActive) ?? found[0];
    return worker === undefined ? undefined : foundOf(worker);
  }

  all(): readonly FoundPod[] {
    return [...this.#workers.values()].map(foundOf);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#tasks.stop(), ...[...this.#workers.values()].map((worker) => worker.stop())]);
  }

  #add(
    pod: Pod,
    inApi: boolean,
    has: { readonly sandboxes: readonly SandboxStatus[]; readonly containers: readonly ContainerStatus[]; readonly removed: boolean },
  ): void {
    const worker = new PodWorker({
      ports: this.#ports,
      pod,
      inApi,
      ...has,
      onGone: (gone) => this.#gone(gone),
      onRoom: () => this.#roomChanged(),
    });
    this.#workers.set(worker.uid, worker);
    this.#shareOut();
  }

  /** Sets what the classes of pods may use together; asked for often, done once. */
  #shareOut(): void {
    if (this.#sharing) return;
    this.#sharing = true;
    this.#tasks.run('share out the processor', async (signal) => {
      await this.#ports.clock.sleep(unknownMs, signal);
      this.#sharing = false;
      const root = this.#ports.places.cgroupRoot;
      const active = [...this.#workers.values()].filter(({ isActive }) => isActive).map(({ allocated }) => allocated);
      for (const [name, values] of Object.entries(classCgroupValues(active))) {
        await this.#ports.cgroups.ensure(`${root}/${name}`, values).catch((error) => {
          this.#ports.log.warn('a class of pods could not be given its share', { class: name, error });
        });
      }
    });
  }

  /** What one pod had may be what another waits for. */
  #roomChanged(): void {
    const waiting = [...this.#workers.values()].filter(({ allocated, pod }) => allocated !== pod);
    for (const worker of waiting.sort(byClaim)) worker.poke();
    for (const [uid, { pod, inApi }] of [...this.#waiting]) {
      this.#waiting.delete(uid);
      this.put(pod, inApi);
    }
  }

  /** Others end so that a critical pod has room; it is looked at again with each that has gone. */
  #makeWay(pod: Pod, inApi: boolean, victims: readonly Pod[]): void {
    this.#waiting.set(pod.metadata.uid ?? '', { pod, inApi });
    for (const { metadata } of victims) {
      const worker = this.#workers.get(metadata.uid ?? '');
      if (worker?.end(preempted) === true)
        this.#ports.tell(worker.pod, { type: 'Warning', reason: preempted.reason, message: preempted.message });
    }
  }

  #gone(worker: PodWorker): void {
    if (this.#workers.get(worker.uid) !== worker) return;
    this.#workers.delete(worker.uid);
    this.#onGone(worker.uid);
    this.#ports.probeCounts.forget(worker.uid);
    this.#shareOut();
    this.#roomChanged();
    for (const [id, uid] of this.#owners) if (uid === worker.uid) this.#owners.delete(id);
    this.#tasks.run('clean up after a pod', async () => {
      await worker.stop();
      // Of a leftover pod nobody knows the class: an absent cgroup is no error.
      const root = this.#ports.places.cgroupRoot;
      await this.#removeCgroups(isOrphan(worker.pod) ? cgroupsOf(worker.uid, root) : [cgroupParentOf(worker.pod, root)]);
      // The directory goes last: as long as it is there, the next start finds what is left to do.
      await this.#ports.volumes.unmount(worker.uid);
      await this.#ports.files.remove(logDirectoryOf(worker.pod, this.#ports.places.logDir));
    });
  }

  async #removeCgroups(paths: readonly string[]): Promise<void> {
    // The kernel keeps a cgroup for a moment after its last process.
    for (const path of paths)
      for (let tries = 0; tries < mostRemovals && !(await this.#ports.cgroups.remove(path)); tries++)
        await this.#ports.clock.sleep(unknownMs);
  }

  #happened(event: RuntimeEvent): void {
    if (event.type === 'resync') return this.#relistSoon();
    const uid = this.#owners.get(event.containerId);
    if (uid !== undefined) this.#workers.get(uid)?.happened(event.containerId, event.type);
    else if (event.type === 'exited' || event.type === 'oom') this.#relistSoon();
  }

  #relistSoon(): void {
    if (this.#relisting) return;
    this.#relisting = true;
    this.#tasks.run('relist after an event', async (signal) => {
      try {
        await this.#ports.clock.sleep(unknownMs, signal);
        await this.#relist();
      } finally {
        this.#relisting = false;
      }
    });
  }

  async #relist(): Promise<void> {
    const known = new Map([...this.#workers].map(([uid, worker]) => [uid, worker.knownIds]));
    const { sandboxes, containers } = await this.#snapshot();
    for (const [uid, worker] of this.#workers) worker.adopt(sandboxes.get(uid) ?? [], containers.get(uid) ?? [], known.get(uid));
  }

  async #snapshot(): Promise<Snapshot> {
    const [sandboxes, containers] = await Promise.all([this.#ports.runtime.listSandboxes(), this.#ports.runtime.listContainers()]);
    return {
      sandboxes: group(sandboxes, ({ metadata }) => metadata.uid),
      containers: group(containers, ({ labels }) => labels[podUidLabel] ?? ''),
    };
  }

  async #removeStrayDirectories(): Promise<void> {
    const { files, places, volumes } = this.#ports;
    const root = `${places.rootDir}/pods`;
    if ((await files.stat(root)) === undefined) return;
    for (const uid of await files.list(root)) {
      if (this.#workers.has(uid)) continue;
      await this.#removeCgroups(cgroupsOf(uid, places.cgroupRoot));
      await volumes.unmount(uid);
    }
  }
}

function foundOf(worker: PodWorker): FoundPod {
  const newest = newestSandbox(worker.sandboxes);
  const rest = worker.sandboxes.filter((sandbox) => sandbox !== newest);
  return {
    pod: worker.pod,
    containers: worker.containers,
    sandboxes: newest === undefined ? [] : [newest, ...rest],
    reasons: worker.decision?.reasons ?? [],
  };
}
