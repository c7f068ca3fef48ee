// Owns what the API says of one container: its state, the state before, ready, started, restarts. Derived, never poked. Pure.

import type {
  ContainerState as ApiState,
  ContainerStatus as ApiStatus,
  ContainerStateTerminated as ApiTerminated,
  ResourceRequirements,
} from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import { pullBackoffAtMs } from './history.ts';
import { podLabel } from './members.ts';
import type { Member, NodeFacts } from './model.ts';
import { backoffShownAtMs, endedAtMs } from './restart.ts';
import { actualOf, type Ended, endedIn, isAlive, isClearing, isEnded, isOutdated, isTornDown, type Scene } from './scene.ts';

/** Exit code and text for a container that nobody could find any more. */
export const lostContainer: ApiTerminated = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
};

/** `containerd://<id>`. */
export function containerIdOf(node: NodeFacts, instance: ContainerStatus): string {
  return `${node.runtimeName}://${instance.id}`;
}

/** What a running container was, of which the runtime knows nothing any more: the next instance is a restart. */
const vanishedContainer: ApiTerminated = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was deleted.  The container used to be Running',
};

/** Where all containers are to start again, nothing is told of how the others ended. */
const removedForRestart = {
  reason: 'RestartingAllContainers',
  message: 'The container is removed because RestartAllContainers in place',
} as const;
const lastOfRemoved: ApiState = { terminated: { exitCode: 137, ...removedForRestart } };

/** How often a container was restarted, where the runtime has no instance of it. One that is published but vanished is about to be. */
export function restartsSoFar(published: ApiStatus | undefined): number {
  return (published?.restartCount ?? 0) + (published?.containerID === undefined ? 0 : 1);
}

function terminatedOf(scene: Scene, node: NodeFacts, instance: ContainerStatus): ApiTerminated {
  const message = [instance.message, scene.observed.messages.get(instance.id) ?? ''].filter((text) => text !== '').join(': ');
  return {
    exitCode: instance.exitCode,
    ...(instance.signal > 0 ? { signal: instance.signal } : {}),
    reason: instance.reason !== '' ? instance.reason : instance.exitCode === 0 ? 'Completed' : 'Error',
    ...(message === '' ? {} : { message }),
    startedAt: formatTime(instance.startedAtMs),
    finishedAt: formatTime(endedAtMs(instance)),
    containerID: containerIdOf(node, instance),
  };
}

function waitingByDefault(scene: Scene, member: Member): ApiState {
  const { name } = member.spec;
  const failure = scene.history.starts[name];
  const image = scene.history.images[name];
  if (image !== undefined && 'reason' in image) {
    const shown = publishedOf(scene, name)?.state?.waiting?.reason;
    const dueMs = pullBackoffAtMs(image, member.role);
    // The error itself is told first, also where a busy machine comes to it late.
    const told = image.failures > 1 || shown === 'ErrImagePull';
    const backsOff = shown === 'ImagePullBackOff' || (told && dueMs < image.retryAtMs && scene.nowMs >= dueMs);
    if (image.reason !== 'ErrImagePull' || !backsOff) return { waiting: { reason: image.reason, message: image.message } };
    const message = `Back-off pulling image "${image.volumeImage ?? member.spec.image}": ErrImagePull: ${image.message}`;
    return { waiting: { reason: 'ImagePullBackOff', message } };
  }
  if (failure !== undefined) return { waiting: { reason: failure.reason, message: failure.message } };
  const initializing = member.role !== 'ephemeral' && scene.members.some(({ role }) => role === 'init' || role === 'sidecar');
  return { waiting: { reason: initializing ? 'PodInitializing' : 'ContainerCreating' } };
}

/** The status of the same container that was published last. */
export function publishedOf(scene: Scene, name: string): ApiStatus | undefined {
  const status = scene.observed.pod.status;
  const all = [status?.initContainerStatuses, status?.containerStatuses, status?.ephemeralContainerStatuses].flatMap((list) => list ?? []);
  return all.find((container) => container.name === name);
}

/** True where the instance's end was already told: then its back-off shows instead. */
function wasTold(published: ApiStatus | undefined, id: string): boolean {
  return published?.state?.terminated?.containerID === id || published?.lastState?.terminated?.containerID === id;
}

function endedState(scene: Scene, node: NodeFacts, member: Member, ended: Ended): { state: ApiState; last: boolean } {
  const { instance, restart } = ended;
  const terminated: ApiState = { terminated: terminatedOf(scene, node, instance) };
  if (restart === undefined || scene.end !== undefined) return { state: terminated, last: false };
  const { name } = member.spec;
  const published = publishedOf(scene, name);
  const id = containerIdOf(node, instance);
  if (name in scene.history.starts || imageFailed(scene, name)) return { state: waitingByDefault(scene, member), last: true };
  const told = wasTold(published, id);
  const hookFailure = scene.history.hookFailures[instance.id];
  if (
    restart.delayMs > 0 &&
    ((told && scene.nowMs >= backoffShownAtMs(instance, hookFailure !== undefined)) || isProbeKill(scene, instance))
  ) {
    const message = `back-off ${formatBackoff(restart.delayMs)} restarting failed container=${name} pod=${podLabel(scene.observed.pod)}`;
    return { state: { waiting: { reason: 'CrashLoopBackOff', message } }, last: true };
  }
  if (hookFailure !== undefined) return { state: { waiting: { reason: 'PostStartHookError', message: hookFailure } }, last: true };
  if (instance.reason === 'StartError')
    return { state: { waiting: { reason: 'RunContainerError', message: instance.message } }, last: true };
  return { state: terminated, last: false };
}

/** `10s`, `1m20s`, `5m0s`: durations as messages spell them. */
export function formatBackoff(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

function imageFailed(scene: Scene, name: string): boolean {
  const image = scene.history.images[name];
  return image !== undefined && 'reason' in image;
}

function isProbeKill(scene: Scene, instance: ContainerStatus): boolean {
  const cause = scene.history.killedFor[instance.id];
  return cause !== undefined && cause !== 'postStart';
}

/** Instances that may be shown: one that is still being started shows when it is up together with those started at the same time. */
function shownAttempts(scene: Scene, node: NodeFacts, member: Member): readonly ContainerStatus[] {
  const all = scene.attempts.get(member.spec.name) ?? [];
  const newest = all.at(-1);
  if (newest === undefined) return all;
  const attempt = scene.observed.starting.get(member.spec.name);
  if (attempt !== undefined && newest.metadata.attempt >= attempt) return all.slice(0, -1);
  if (newest.state === 'created') return all.slice(0, -1);
  const others = member.role === 'main' && [...scene.observed.underway].some((key) => key.startsWith('start/'));
  const known = publishedOf(scene, member.spec.name)?.containerID === containerIdOf(node, newest);
  return others && !known && isAlive(newest) ? all.slice(0, -1) : all;
}

export interface ContainerView {
  readonly status: ApiStatus;
  readonly instance: ContainerStatus | undefined;
}

/** The container as the API shows it now. */
export function viewOf(scene: Scene, node: NodeFacts, member: Member): ContainerView {
  const view = fullViewOf(scene, node, member);
  if (member.role !== 'ephemeral') return view;
  const { started: _, ...status } = view.status;
  return { ...view, status };
}

function fullViewOf(scene: Scene, node: NodeFacts, member: Member): ContainerView {
  const { name, image = '' } = member.spec;
  const shown = shownAttempts(scene, node, member);
  const instance = shown.at(-1);
  const before = shown.at(-2);
  const published = publishedOf(scene, name);
  const base = { name, image, imageID: '', ready: false, started: false, restartCount: restartsSoFar(published) };
  if (instance === undefined) {
    const lastState = published?.state?.running === undefined ? (published?.lastState ?? {}) : { terminated: vanishedContainer };
    return { status: { ...base, state: waitingByDefault(scene, member), lastState, ...mountsOf(member) }, instance: undefined };
  }
  const beforeState =
    beforeOf(scene, node, instance, before, published?.containerID === containerIdOf(node, instance) ? published : undefined) ??
    published?.lastState ??
    {};
  const common = {
    name,
    image: instance.image !== '' ? instance.image : image,
    imageID: instance.imageRef,
    containerID: containerIdOf(node, instance),
    restartCount: instance.metadata.attempt,
    ...resourcesOf(member, isAlive(instance) ? actualOf(scene, member, instance) : member.spec.resources),
    ...mountsOf(member),
    ...(instance.user === undefined ? {} : { user: { linux: instance.user } }),
  };
  if (isAlive(instance)) {
    const { startup, readiness } = scene.observed.probes.get(instance.id) ?? {};
    const started = member.spec.startupProbe === undefined || member.role === 'init' || startup === 'passed';
    const probed = member.spec.readinessProbe === undefined || readiness === 'passed';
    const ready = (member.role === 'main' || member.role === 'sidecar') && started && probed;
    const state = { running: { startedAt: formatTime(instance.startedAtMs) } };
    return { status: { ...common, state, lastState: beforeState, started, ready }, instance };
  }
  if (scene.end === undefined && isOutdated(scene, instance) && !isClearing(scene)) {
    const begun = scene.members.some((other) => {
      const newest = shownAttempts(scene, node, other).at(-1);
      return other.role !== 'ephemeral' && newest !== undefined && !isOutdated(scene, newest);
    });
    const state = begun ? waitingByDefault(scene, member) : { waiting: removedForRestart };
    const restartCount = instance.metadata.attempt + 1;
    return { status: { ...common, restartCount, state, lastState: lastOfRemoved, started: false, ready: false }, instance };
  }
  const ended = endedOf(scene, member, instance);
  if (isHeld(scene, instance, ended) && published?.containerID === common.containerID && published.state?.running !== undefined) {
    return { status: published, instance };
  }
  const { state, last } = endedState(scene, node, member, ended);
  const lastState = last ? { terminated: terminatedOf(scene, node, instance) } : beforeState;
  const ready = member.role === 'init' && state.terminated?.exitCode === 0;
  return { status: { ...common, state, lastState, started: false, ready }, instance };
}

/** How the instance before ended; undefined where that is not known here. `published`: what was told of the same instance before. */
function beforeOf(
  scene: Scene,
  node: NodeFacts,
  instance: ContainerStatus,
  before: ContainerStatus | undefined,
  published: ApiStatus | undefined,
): ApiState | undefined {
  if (published?.lastState?.terminated?.reason === removedForRestart.reason) return lastOfRemoved;
  if (before === undefined || !isEnded(before)) return undefined;
  return isOutdated(scene, before) && !isOutdated(scene, instance) ? lastOfRemoved : { terminated: terminatedOf(scene, node, before) };
}

/** The end of an instance shows later: with its successor where the kubelet restarts it at once, with all the others where the pod ends. */
function isHeld(scene: Scene, instance: ContainerStatus, { restart }: Ended): boolean {
  if (scene.end !== undefined) return scene.end.why !== 'finished' && !isTornDown(scene);
  // In a new sandbox init containers run first: what ended with the old one shows as that.
  const others = scene.observed.containers.filter((one) => isAlive(one) && one.sandboxId !== instance.sandboxId);
  if (scene.history.killedFor[instance.id] === 'sandbox' && others.length > 0) return false;
  return restart?.delayMs === 0 && isProbeKill(scene, instance);
}

/** What an instance's end means, also while the next one is being started: until that one shows, this one shows what it showed. */
function endedOf(scene: Scene, member: Member, instance: ContainerStatus): Ended {
  const attempts = (scene.attempts.get(member.spec.name) ?? []).filter((other) => other.metadata.attempt <= instance.metadata.attempt);
  const earlier: Scene = { ...scene, attempts: new Map([[member.spec.name, attempts]]) };
  return endedIn(earlier, member) ?? { instance, restart: undefined };
}

function mountsOf(member: Member): Partial<ApiStatus> {
  const mounts = member.spec.volumeMounts ?? [];
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    })),
  };
}

/** `actual`: what the instance runs with, which may lag behind what is set aside for it. */
function resourcesOf({ role, spec }: Member, actual: ResourceRequirements | undefined): Partial<ApiStatus> {
  if (role === 'ephemeral') return { resources: {} };
  const aside = { ...spec.resources?.limits, ...spec.resources?.requests };
  const allocated = Object.keys(aside).length > 0 ? { allocatedResources: aside } : {};
  const resources = actual;
  const requests = { ...resources?.limits, ...resources?.requests };
  const shown = {
    ...(resources?.limits === undefined ? {} : { limits: resources.limits }),
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  };
  return { ...allocated, resources: shown };
}
