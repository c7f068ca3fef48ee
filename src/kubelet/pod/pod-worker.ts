// Owns one pod on this node, and alone what of it runs: observes, asks the transition, carries out, publishes. One worker a pod uid.
import type { Pod, PodStatus } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { Timer } from '../../base/clock.ts';
import { type Service, TaskGroup } from '../../base/service.ts';
import type { ContainerStatus, SandboxStatus } from '../../runtime/runtime.ts';
import { allocatedBefore, type ContainerResources, resourcesOf, sameResources, wholePod, withResources } from '../resources/resize.ts';
import { carryOut } from './carry-out.ts';
import { freshHistory, type Outcome, remember } from './history.ts';
import { Laps, orAborted } from './laps.ts';
import { type Action, type Decision, type Ending, type History, keyOf, type Observed } from './model.ts';
import { PodEffects } from './pod-effects.ts';
import { PodView } from './pod-view.ts';
import type { PodPorts } from './ports.ts';
import { ProbeKeeper } from './probe-keeper.ts';
import { isTerminal } from './status.ts';
import { sameStatus } from './status-patch.ts';
import { StatusPublisher } from './status-publisher.ts';
import { decide } from './transition.ts';

/** How a worker tells the kubelet. */
export interface PodWorkerOptions {
  readonly ports: PodPorts;
  readonly pod: Pod;
  /** False for a static pod whose object is not (yet) in the API: then nothing is published. */
  readonly inApi: boolean;
  readonly removed?: boolean;
  readonly sandboxes: readonly SandboxStatus[];
  readonly containers: readonly ContainerStatus[];
  /** Nothing of a removed pod is left. */
  readonly onGone: (worker: PodWorker) => void;
  /** What the pod holds of the node's room has changed: others may have waited for it. */
  readonly onRoom: () => void;
}

/** After an effect that failed in a way nobody foresaw: not before this long is it tried again. */
const failedEffectMs = 1000;
/** A decision may lead to another at once (things told, endings noted), but not for ever. */
const mostRounds = 20;

export class PodWorker implements Service {
  readonly #ports: PodPorts;
  readonly #tasks: TaskGroup;
  readonly #view = new PodView();
  readonly #effects: PodEffects;
  readonly #probes: ProbeKeeper;
  readonly #publisher: StatusPublisher;
  readonly #underway = new Set<string>();
  readonly #starting = new Map<string, number>();
  readonly #laps: Laps;
  readonly #ending = new AbortController();
  readonly #onGone: (worker: PodWorker) => void;
  readonly #onRoom: () => void;
  #heldRoom = true;
  #pod: Pod;
  #allocated: Pod;
  #inApi: boolean;
  #mirror: Pod | undefined;
  #removed: boolean;
  #history: History;
  #volumesMounted = false;
  #scheduled = false;
  #timer: Timer | undefined;
  #decision: Decision | undefined;
  #refreshTimer: Timer | undefined;

  constructor({ ports, pod, inApi, removed, sandboxes, containers, onGone, onRoom }: PodWorkerOptions) {
    this.#ports = ports;
    this.#pod = pod;
    this.#inApi = inApi;
    this.#removed = removed ?? false;
    this.#onGone = onGone;
    this.#onRoom = onRoom;
    this.#laps = new Laps(ports.clock);
    this.#history = { ...freshHistory(ports.clock.now()), allocated: allocatedBefore(pod) };
    this.#allocated = withResources(pod, this.#history.allocated ?? {});
    for (const { id, metadata } of containers) {
      const resources = this.#history.allocated?.[metadata.name];
      if (resources !== undefined) this.#note({ what: 'actual', id, resources });
    }
    const whole = this.#history.allocated?.[wholePod];
    if (whole !== undefined && containers.length > 0) this.#note({ what: 'actual', id: wholePod, resources: whole });
    this.#tasks = new TaskGroup(ports.log.with({ pod: `${pod.metadata.namespace}/${pod.metadata.name}`, uid: pod.metadata.uid }));
    this.#effects = new PodEffects({
      ports,
      view: this.#view,
      pod: () => this.#allocated,
      ending: this.#ending.signal,
      note: (outcome) => this.#note(outcome),
      resizeFailure: () => this.#history.resizeFailure,
    });
    this.#probes = new ProbeKeeper({
      ports,
      tasks: this.#tasks,
      pod: () => this.#pod,
      target: (member, id) => this.#effects.target(member, id),
      onChange: () => this.poke(),
    });
    const { client, clock, log } = ports;
    this.#publisher = new StatusPublisher({ client, clock, log, signal: this.#tasks.signal });
    this.adopt(sandboxes, containers);
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** The pod with the resources that are set aside for it, which may not (yet) be those of its spec. */
  get allocated(): Pod {
    return this.#allocated;
  }

  get uid(): string {
    return this.#pod.metadata.uid ?? '';
  }

  /** Every instance the runtime has, of all containers. */
  get containers(): readonly ContainerStatus[] {
    return this.#view.containers;
  }

  get sandboxes(): readonly SandboxStatus[] {
    return this.#view.sandboxes;
  }

  /** What was decided last; `reasons` say why it waits. */
  get decision(): Decision | undefined {
    return this.#decision;
  }

  /** True while something of the pod runs or may start: it counts against the node's room. */
  get isActive(): boolean {
    return this.#decision?.done !== true && !(this.#removed && this.#view.containers.length === 0);
  }

  /** True while the pod counts against the node's room: one that has left the API does not, though its last container may still end. */
  get holdsRoom(): boolean {
    return this.isActive && !this.#removed && !isTerminal(this.#pod.status?.phase);
  }

  /** Sandboxes and containers that the worker knows now. */
  get knownIds(): ReadonlySet<string> {
    return new Set([...this.#view.sandboxes, ...this.#view.containers].map(({ id }) => id));
  }

  /**
   * Takes in what the runtime has of the pod: at the start of the kubelet, and whenever everything is looked at again. `knownBefore`: what was
   * known before the runtime was asked; of that, what the runtime does not have any more is dropped. What was made meanwhile stays.
   */
  adopt(sandboxes: readonly SandboxStatus[], containers: readonly ContainerStatus[], knownBefore: ReadonlySet<string> = new Set()): void {
    for (const sandbox of sandboxes) this.#view.putSandbox(sandbox);
    const there = new Set([...sandboxes, ...containers].map(({ id }) => id));
    for (const id of there) this.#ports.owns(id, this.uid);
    for (const id of knownBefore) {
      if (there.has(id)) continue;
      this.#view.dropContainer(id);
      this.#view.dropSandbox(id);
    }
    this.#run('adopt', async () => {
      for (const container of containers) await this.#effects.absorb(container);
    });
  }

  /** The object in the API changed. */
  update(pod: Pod): void {
    const { metadata: before } = this.#pod;
    const { metadata: now } = pod;
    // What was just written comes back; and what a write is answered with is looked at after it in any case.
    const known = this.#inApi && now.uid === before.uid && now.resourceVersion === before.resourceVersion;
    const shown = !sameValue(before.labels, now.labels) || !sameValue(before.annotations, now.annotations);
    const statusOnly = !shown && before.generation === now.generation && before.deletionTimestamp === now.deletionTimestamp;
    this.#inApi = true;
    this.#take(pod);
    if (shown) this.refreshVolumes();
    if (!known && !(statusOnly && this.#publisher.isWriting)) this.poke();
  }

  /** The object that shows a static pod in the API; undefined while there is none. */
  mirror(mirror: Pod | undefined): void {
    if (mirror !== undefined && this.#mirror?.metadata.uid === mirror.metadata.uid && revisionOf(mirror) < revisionOf(this.#mirror)) return;
    this.#mirror = mirror;
    this.poke();
  }

  /** The object left the API (or the manifest its folder). */
  remove(): void {
    this.#removed = true;
    this.poke();
  }

  /** The runtime says that something happened to a sandbox or container of the pod. */
  happened(id: string, type: 'started' | 'exited' | 'oom' | 'deleted'): void {
    if (type === 'oom') {
      this.#view.killedByMemory(id);
      this.#run(`look who was killed in ${id}`, () => this.#effects.outOfMemory(id));
    }
    const isSandbox = this.#view.sandboxes.some((sandbox) => sandbox.id === id);
    // Who starts a container looks at it itself; a sandbox was looked at when it was made.
    if (type === 'started' && (isSandbox || this.#view.container(id)?.state === 'running' || this.#starting.size > 0)) return;
    this.#run(`look at ${id}`, async () => {
      if (isSandbox) await this.#effects.refreshSandbox(id);
      else if (type === 'exited') await this.#effects.refreshExited(id);
      else await this.#effects.refresh(id);
    });
  }

  /** Something the pod's configuration refers to changed: what failed for it is tried again, and volumes follow. */
  referenceChanged(): void {
    this.#note({ what: 'referenceChanged' });
    this.refreshVolumes();
    this.poke();
  }

  /** Ends the pod on the node's behalf (eviction). False where it ends already. */
  end(ending: Ending): boolean {
    if (this.#history.ended !== undefined || this.#decision?.ending === true) return false;
    this.#note({ what: 'ended', ending });
    this.poke();
    return true;
  }

  /** Brings the files of mounted volumes up to date. */
  refreshVolumes(): void {
    if (!this.#volumesMounted || this.#underway.has('volumes') || this.#decision?.ending === true) return;
    this.#underway.add('volumes');
    this.#run('refresh volumes', async () => {
      try {
        await this.#effects.mountVolumes();
      } finally {
        this.#underway.delete('volumes');
        this.#scheduleRefresh();
      }
    });
  }

  /** Looks again soon; many calls are one look. */
  poke(): void {
    if (this.#scheduled || this.#tasks.signal.aborted) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#tasks.signal.aborted) this.#step();
    });
  }

  async stop(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#refreshTimer?.[Symbol.dispose]();
    this.#ending.abort(new DOMException('stopped', 'AbortError'));
    this.#probes.stop();
    await this.#tasks.stop();
  }

  #observed(): Observed {
    const wanted = this.#allocated !== this.#pod && !sameResources(resourcesOf(this.#pod), resourcesOf(this.#allocated));
    return {
      pod: this.#allocated,
      ...(wanted ? { resize: { wanted: this.#pod, verdict: this.#ports.roomFor(this.#pod) } } : {}),
      removed: this.#removed,
      sandboxes: this.#view.sandboxes,
      containers: this.#view.containers,
      messages: this.#view.messages,
      volumesMounted: this.#volumesMounted,
      probes: this.#probes.verdicts,
      underway: this.#underway,
      starting: this.#starting,
    };
  }

  #step(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    let decision = this.#decide();
    for (let round = 0; round < mostRounds && this.#settleAtOnce(decision); round++) decision = this.#decide();
    if (decision.ending && !this.#ending.signal.aborted) this.#ending.abort(new DOMException('the pod ends', 'AbortError'));
    for (const action of decision.actions) this.#launch(action);
    const showAtMs = this.#publish(decision.status);
    if (this.#heldRoom && !this.holdsRoom) {
      this.#heldRoom = false;
      this.#onRoom();
    }
    if (decision.done && this.#removed) return this.#onGone(this);
    const wakeAtMs = Math.min(decision.wakeAtMs ?? Number.POSITIVE_INFINITY, showAtMs ?? Number.POSITIVE_INFINITY);
    if (wakeAtMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#ports.clock.after(wakeAtMs - this.#ports.clock.now(), () => this.poke());
  }

  #decide(): Decision {
    this.#probes.keep(this.#view.containers, this.#starting, this.#decision?.ending === true);
    this.#decision = decide(this.#observed(), this.#history, this.#ports.clock.now(), this.#ports.node);
    return this.#decision;
  }

  #allocate(resources: ContainerResources, generation: number): void {
    this.#note({ what: 'allocated', resources, generation });
    this.#allocated = withResources(this.#pod, resources);
    this.#onRoom();
  }

  /** Does what needs no waiting. True where there was such a thing: then the decision is to be made again. */
  #settleAtOnce({ actions }: Decision): boolean {
    let any = false;
    for (const action of actions) {
      if (action.do === 'tell') {
        this.#ports.tell(this.#pod, action.event);
        this.#note({ what: 'told', once: action.once });
      } else if (action.do === 'end') this.#note({ what: 'ended', ending: action.ending });
      else if (action.do === 'allocate') this.#allocate(action.resources, action.generation);
      else if (action.do === 'resized') this.#note({ what: 'resized' });
      else continue;
      any = true;
    }
    return any;
  }

  #launch(action: Action): void {
    const key = keyOf(action);
    if (['tell', 'end', 'allocate', 'resized'].includes(action.do) || this.#underway.has(key)) return;
    this.#underway.add(key);
    if (action.do === 'startContainer') this.#starting.set(action.member.spec.name, action.attempt);
    const tooSoon = this.#laps.tooMany(key);
    this.#run(`${action.do} ${key}`, async () => {
      try {
        if (tooSoon) await this.#ports.clock.sleep(failedEffectMs, this.#tasks.signal);
        await orAborted(this.#carryOut(action), this.#tasks.signal);
      } catch (error) {
        if (!this.#tasks.signal.aborted) this.#ports.log.warn('an action failed, it will be tried again', { action: key, error });
        await this.#ports.clock.sleep(failedEffectMs, this.#tasks.signal);
      } finally {
        this.#underway.delete(key);
        if (action.do === 'startContainer') this.#starting.delete(action.member.spec.name);
      }
    });
  }

  async #carryOut(action: Action): Promise<void> {
    if (action.do === 'mountVolumes') {
      this.#volumesMounted = await this.#effects.mountVolumes();
      this.#scheduleRefresh();
    } else if (action.do === 'unmountVolumes') {
      await this.#effects.unmountVolumes();
      this.#volumesMounted = false;
    } else await carryOut(this.#effects, action);
  }

  /** Runs something and looks again afterwards. */
  #run(name: string, task: () => Promise<void>): void {
    this.#tasks.run(name, async () => {
      try {
        await task();
      } finally {
        this.poke();
      }
    });
  }

  #note(outcome: Outcome): void {
    this.#history = remember(this.#history, outcome, this.#ports.clock.now());
  }

  #scheduleRefresh(): void {
    this.#refreshTimer?.[Symbol.dispose]();
    const atMs = this.#ports.tokens.renewAtMs(this.uid);
    if (atMs === undefined) return;
    this.#refreshTimer = this.#ports.clock.after(Math.max(1000, atMs - this.#ports.clock.now()), () => this.refreshVolumes());
  }

  /** Publishes the status: of a static pod through its mirror, where there is one. Answers when it is to be asked again, where it waits. */
  #publish(status: PodStatus): number | undefined {
    if (this.#removed) return undefined;
    if (!this.#inApi && !sameStatus(status, this.#pod.status)) {
      this.#pod = { ...this.#pod, status };
      this.#allocated = { ...this.#allocated, status };
      this.poke();
    }
    const shown = this.#inApi ? this.#pod : this.#mirror;
    if (shown === undefined) return undefined;
    const showAtMs = this.#publisher.waitsUntilMs(shown, status, this.#starting.size > 0);
    if (showAtMs !== undefined) return showAtMs;
    const write = this.#publisher.write(shown, status);
    if (write === undefined) return undefined;
    this.#run('publish status', async () => {
      const answer = await write();
      if (answer === undefined) return;
      if (this.#inApi) this.#take(answer);
      else if (this.#mirror?.metadata.uid === answer.metadata.uid) this.#mirror = answer;
    });
    return undefined;
  }

  /** The newest of what the API said. */
  #take(pod: Pod): void {
    if (pod.metadata.uid !== this.#pod.metadata.uid) return;
    if (revisionOf(pod) < revisionOf(this.#pod)) return;
    this.#pod = pod;
    this.#allocated = withResources(pod, this.#history.allocated ?? {});
  }
}

function revisionOf(pod: Pod): bigint {
  const text = pod.metadata.resourceVersion ?? '';
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}
