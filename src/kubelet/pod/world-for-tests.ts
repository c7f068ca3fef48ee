// Owns a toy node for tests of the transition: it carries out actions at once, in memory, and keeps every status that was published.
import type { Pod, PodSpec, PodStatus } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';
import type { ContainerStatus, ImageStatus, SandboxStatus } from '../../runtime/runtime.ts';
import { wholePod, withResources } from '../resources/resize.ts';
import { freshHistory, type Outcome, remember } from './history.ts';
import { type Action, type Decision, type History, keyOf, type Observed, type ProbeVerdicts } from './model.ts';
import { backoffAnnotation } from './restart.ts';
import { decide } from './transition.ts';

export const node = { hostIps: ['10.0.0.1'] as const, runtimeName: 'containerd' };
const image: ImageStatus = { id: 'sha256:1', repoTags: ['busybox:1.36'], repoDigests: [], sizeBytes: 1, pinned: false };

/** What happens to a container's start: nothing special unless named. */
export interface Behaviour {
  readonly pull?: string;
  readonly create?: { readonly reason: string; readonly message: string };
  readonly startError?: string;
  readonly postStart?: string;
  /** Exit code on SIGTERM. */
  readonly onTerm?: number;
}

export function podOf(spec: Omit<PodSpec, 'containers'> & Partial<PodSpec>): Pod {
  return {
    metadata: { name: 'p', namespace: 'ns', uid: 'u-1', generation: 1 },
    spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 5, containers: [{ name: 'c', image: 'busybox:1.36' }], ...spec },
  } as Pod;
}

export class World {
  nowMs = Date.UTC(2026, 0, 1);
  pod: Pod;
  removed = false;
  resize: Observed['resize'] | undefined;
  deleted = false;
  sandboxes: SandboxStatus[] = [];
  containers: ContainerStatus[] = [];
  volumesMounted = false;
  history: History;
  underway = new Set<string>();
  starting = new Map<string, number>();
  probes = new Map<string, ProbeVerdicts>();
  behaviour: Record<string, Behaviour> = {};
  readonly statuses: PodStatus[] = [];
  readonly actions: Action[] = [];
  readonly events: string[] = [];
  last: Decision | undefined;
  #ids = 0;

  constructor(pod: Pod) {
    this.pod = pod;
    this.history = freshHistory(this.nowMs);
  }

  observed(): Observed {
    const { pod, removed, sandboxes, containers, volumesMounted, probes, underway, starting, resize } = this;
    const observed = { pod, removed, sandboxes, containers, messages: new Map(), volumesMounted, probes, underway, starting };
    return resize === undefined ? observed : { ...observed, resize };
  }

  decide(): Decision {
    return decide(this.observed(), this.history, this.nowMs, node);
  }

  note(outcome: Outcome): void {
    this.history = remember(this.history, outcome, this.nowMs);
  }

  /** Decides, publishes and carries out until nothing changes any more. */
  settle(limit = 60): Decision {
    for (let round = 0; round < limit; round++) {
      const decision = this.decide();
      this.last = decision;
      const changed = JSON.stringify(decision.status) !== JSON.stringify(this.pod.status);
      if (changed) this.statuses.push(decision.status);
      this.pod = { ...this.pod, status: decision.status };
      if (decision.actions.length === 0 && !changed) return decision;
      for (const action of decision.actions) this.carryOut(action);
    }
    throw new Error('the world does not come to rest');
  }

  /** Lets time pass, deciding whenever the pod asked to be looked at. */
  advance(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const wake = this.settle().wakeAtMs;
      if (wake === undefined || wake > endMs) break;
      this.nowMs = Math.max(this.nowMs, wake);
    }
    this.nowMs = endMs;
    this.settle();
  }

  carryOut(action: Action): void {
    this.actions.push(action);
    switch (action.do) {
      case 'mountVolumes':
        this.volumesMounted = true;
        return;
      case 'unmountVolumes':
        this.volumesMounted = false;
        return;
      case 'runSandbox': {
        const metadata = { name: 'p', namespace: 'ns', uid: 'u-1', attempt: action.attempt };
        const base = {
          labels: {},
          annotations: {},
          hostNetwork: false,
          ips: ['10.42.0.2'],
          state: 'ready',
          createdAtMs: this.nowMs,
        } as const;
        if (this.pod.spec.resources !== undefined) this.note({ what: 'actual', id: wholePod, resources: this.pod.spec.resources });
        this.sandboxes.push({ id: `s${this.#ids++}`, metadata, ...base });
        return this.note({ what: 'sandboxReady' });
      }
      case 'stopSandbox':
        this.sandboxes = this.sandboxes.map((sandbox) => (sandbox.id === action.id ? { ...sandbox, state: 'notReady' } : sandbox));
        return;
      case 'removeSandbox':
        this.sandboxes = this.sandboxes.filter(({ id }) => id !== action.id);
        return;
      case 'pullImage': {
        const { name } = action.member.spec;
        const message = this.behaviour[name]?.pull;
        if (message === undefined) return this.note({ what: 'imageReady', container: name, image });
        return this.note({ what: 'imageFailed', container: name, reason: 'ErrImagePull', message });
      }
      case 'startContainer':
        return this.#start(action);
      case 'stopContainer': {
        if (action.cause !== undefined) this.note({ what: 'killing', id: action.id, cause: action.cause });
        this.events.push(action.message);
        return this.exit(action.id, this.behaviour[action.name]?.onTerm ?? 0);
      }
      case 'removeContainer':
        this.containers = this.containers.filter(({ id }) => id !== action.id);
        return this.note({ what: 'containerGone', id: action.id });
      case 'tell':
        this.events.push(action.event.message);
        return this.note({ what: 'told', once: action.once });
      case 'end':
        return this.note({ what: 'ended', ending: action.ending });
      case 'allocate':
      case 'resized':
      case 'resizeContainer':
      case 'resizePod':
        return this.#resize(action);
      case 'deletePod':
        this.deleted = true;
        this.removed = true;
        return;
    }
  }

  #resize(action: Action & { do: 'allocate' | 'resized' | 'resizeContainer' | 'resizePod' }): void {
    if (action.do === 'resizeContainer') return this.note({ what: 'actual', id: action.id, resources: action.member.spec.resources ?? {} });
    if (action.do === 'resizePod') return this.note({ what: 'actual', id: wholePod, resources: this.pod.spec.resources ?? {} });
    if (action.do === 'resized') return this.note({ what: 'resized' });
    this.note({ what: 'allocated', resources: action.resources, generation: action.generation });
    this.pod = withResources(this.pod, action.resources);
    this.resize = undefined;
  }

  #start(action: Action & { do: 'startContainer' }): void {
    const { name } = action.member.spec;
    const { create, startError, postStart } = this.behaviour[name] ?? {};
    if (create !== undefined) return this.note({ what: 'startFailed', container: name, ...create });
    const id = `c${this.#ids++}-${name}`;
    this.containers.push({
      id,
      sandboxId: action.sandbox.id,
      metadata: { name, attempt: action.attempt },
      state: startError === undefined ? 'running' : 'exited',
      createdAtMs: this.nowMs,
      startedAtMs: startError === undefined ? this.nowMs : 0,
      finishedAtMs: startError === undefined ? 0 : this.nowMs,
      exitCode: startError === undefined ? 0 : 128,
      signal: 0,
      reason: startError === undefined ? '' : 'StartError',
      message: startError ?? '',
      image: 'busybox:1.36',
      imageRef: 'busybox@sha256:1',
      labels: {},
      annotations: action.backoffMs > 0 ? { [backoffAnnotation]: String(action.backoffMs) } : {},
      logPath: '',
    });
    this.note({ what: 'actual', id, resources: action.member.spec.resources ?? {} });
    this.note({ what: 'started', container: name });
    if (postStart === undefined) return;
    this.note({ what: 'hookFailed', container: name, id, message: postStart });
    this.exit(id, 0);
  }

  /** The running instance of a container. */
  running(name: string): ContainerStatus {
    const instance = this.containers.find(({ metadata, state }) => metadata.name === name && state === 'running');
    if (instance === undefined) throw new Error(`${name} does not run`);
    return instance;
  }

  exit(id: string, exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    this.containers = this.containers.map((instance) =>
      instance.id === id ? { ...instance, state: 'exited', exitCode, reason, finishedAtMs: this.nowMs } : instance,
    );
  }

  crash(name: string, exitCode = 1, reason?: string): void {
    this.exit(this.running(name).id, exitCode, reason);
    this.settle();
  }

  delete(graceSeconds = 5): void {
    const deletionTimestamp = formatTime(this.nowMs + graceSeconds * 1000);
    this.pod = { ...this.pod, metadata: { ...this.pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: graceSeconds } };
  }

  /** A kubelet that has just come up: it knows only what the API and the runtime tell. */
  restartKubelet(): void {
    this.history = freshHistory(this.nowMs);
    this.underway = new Set();
    this.starting = new Map();
    this.probes = new Map();
  }

  /** The different values of something over all published statuses. */
  sequence(of: (status: PodStatus) => string): readonly string[] {
    const values = this.statuses.map(of);
    return values.filter((value, index) => value !== values[index - 1]);
  }
}

/** `waiting CrashLoopBackOff`, `running`, `terminated Error exit 1`: a container's state in one line. */
export function stateLine(status: PodStatus, name: string): string {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const state = all.find((container) => container.name === name)?.state;
  if (state?.waiting !== undefined) return `waiting ${state.waiting.reason}`;
  if (state?.terminated !== undefined) return `terminated ${state.terminated.reason} exit ${state.terminated.exitCode}`;
  return state?.running === undefined ? 'none' : 'running';
}

/** `True`, `False PodCompleted`. */
export function conditionLine(status: PodStatus, type: string): string {
  const condition = status.conditions?.find((one) => one.type === type);
  return [condition?.status, condition?.reason].filter((part) => part !== undefined).join(' ');
}

export { keyOf };
