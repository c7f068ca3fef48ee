// Owns the questions that planning and reporting both ask of what was observed: which instances there are, what follows their end. Pure.
import type { ResourceRequirements } from '../../api/core/v1.ts';
import { parseTime } from '../../base/time.ts';
import type { ContainerStatus, SandboxStatus } from '../../runtime/runtime.ts';
import { attemptsOf, isUsable, membersOf, newestSandbox } from './members.ts';
import type { Ending, History, Member, Observed } from './model.ts';
import { endedAtMs, type Restart, restartAfter, restarts, restartsAll } from './restart.ts';

/** Why a pod must end: nothing of it may start any more. */
export type End =
  | { readonly why: 'deleted' | 'removed'; readonly graceSeconds: number; readonly startedAtMs: number }
  | { readonly why: 'ended'; readonly ending: Ending; readonly graceSeconds: number; readonly startedAtMs: number }
  /** Its work is done, or can never be. */
  | { readonly why: 'finished'; readonly graceSeconds: number; readonly startedAtMs: number };

export interface Scene {
  readonly observed: Observed;
  readonly history: History;
  readonly nowMs: number;
  readonly members: readonly Member[];
  readonly attempts: ReadonlyMap<string, readonly ContainerStatus[]>;
  /** The newest sandbox, alive or not. */
  readonly sandbox: SandboxStatus | undefined;
  readonly end: End | undefined;
  /** When a container ended last in a way that restarts all; undefined where none did. */
  readonly restartAllAtMs: number | undefined;
}

/** What the end of a container's newest instance means; undefined while it has none or it has not ended. */
export interface Ended {
  readonly instance: ContainerStatus;
  /** Undefined: it stays ended. */
  readonly restart: Restart | undefined;
}

export function isEnded(instance: ContainerStatus): boolean {
  return instance.state === 'exited';
}

export function isAlive(instance: ContainerStatus): boolean {
  return instance.state === 'running' || instance.state === 'unknown';
}

/** An instance from before all containers were to be restarted: it must go, and counts for nothing. */
export function isOutdated({ restartAllAtMs }: Pick<Scene, 'restartAllAtMs'>, { createdAtMs }: ContainerStatus): boolean {
  return restartAllAtMs !== undefined && createdAtMs < restartAllAtMs;
}

/** When a container ended last by a rule that restarts all. Containers for debugging have no rules, and stay. */
function restartAllAtOf(history: History, members: readonly Member[], attempts: Scene['attempts']): number | undefined {
  const instants = members.flatMap((member) =>
    (attempts.get(member.spec.name) ?? []).flatMap((instance) =>
      restartsAll(member, instance, history.killedFor[instance.id]) ? [endedAtMs(instance)] : [],
    ),
  );
  return instants.length === 0 ? undefined : Math.max(...instants);
}

/** True once no container runs or is about to. */
export function isStopped(scene: Scene): boolean {
  const starting = [...scene.observed.underway].some((key) => key.startsWith('start/'));
  return !starting && !scene.observed.containers.some(isAlive);
}

/** True once no sandbox is left alive either. */
export function isTornDown(scene: Scene): boolean {
  if (scene.observed.underway.has('sandbox')) return false;
  return isStopped(scene) && scene.observed.sandboxes.every(({ state }) => state !== 'ready');
}

function endedOf(observed: Observed, history: History, member: Member, attempts: readonly ContainerStatus[]): Ended | undefined {
  const instance = attempts.at(-1);
  if (instance === undefined || !isEnded(instance)) return undefined;
  const cause = history.killedFor[instance.id] ?? (instance.id in history.hookFailures ? 'postStart' : undefined);
  const again = restarts(observed.pod, member, instance, cause);
  return { instance, restart: again ? restartAfter(instance, attempts.at(-2), cause) : undefined };
}

/** What an instance runs with. */
export function actualOf({ history }: Scene, member: Member, instance: ContainerStatus): ResourceRequirements | undefined {
  return history.actual[instance.id] ?? member.spec.resources;
}

export function endedIn(scene: Scene, member: Member): Ended | undefined {
  const ended = endedOf(scene.observed, scene.history, member, scene.attempts.get(member.spec.name) ?? []);
  if (ended === undefined || scene.end !== undefined || !isOutdated(scene, ended.instance)) return ended;
  // Whatever it ended with, and however often: a restart of all does not wait.
  return { ...ended, restart: restartAfter(ended.instance, undefined, 'restartAll') };
}

/** True while containers run that have to make way for a restart of all. Those for debugging stay. */
export function isClearing(scene: Scene): boolean {
  const stays = new Set(scene.members.filter(({ role }) => role === 'ephemeral').map(({ spec }) => spec.name));
  return scene.observed.containers.some((one) => isAlive(one) && isOutdated(scene, one) && !stays.has(one.metadata.name));
}

/** Seconds that the pod's containers get between SIGTERM and SIGKILL. */
export function graceSecondsOf(observed: Observed): number {
  const { metadata, spec } = observed.pod;
  const own = spec?.terminationGracePeriodSeconds ?? 30;
  if (metadata.deletionTimestamp === undefined && !observed.removed) return own;
  return Math.max(1, metadata.deletionGracePeriodSeconds ?? own);
}

/** True once the pod's own work is over: an init container failed for good, or every main container ended and stays so. */
function hasFinished(
  observed: Observed,
  history: History,
  members: readonly Member[],
  attempts: Scene['attempts'],
  restartAllAtMs: number | undefined,
): boolean {
  const stays = (member: Member): boolean => {
    const newest = attempts.get(member.spec.name)?.at(-1);
    if (newest !== undefined && isOutdated({ restartAllAtMs }, newest)) return false;
    const ended = endedOf(observed, history, member, attempts.get(member.spec.name) ?? []);
    return ended !== undefined && ended.restart === undefined;
  };
  const failedInit = members.some((member) => {
    if (member.role !== 'init' || !stays(member)) return false;
    return attempts.get(member.spec.name)?.at(-1)?.exitCode !== 0;
  });
  const mains = members.filter((member) => member.role === 'main');
  return failedInit || (mains.length > 0 && mains.every(stays));
}

/**
 * True for a pod whose first containers are just about to start: everything is there but the sandbox, or that too. Upstream's kubelet ends what it
 * has begun before it turns to a deletion. What still has to come from a registry, or has failed once, is not waited for.
 */
function isBeginning(observed: Observed, history: History, members: readonly Member[], sandbox: SandboxStatus | undefined): boolean {
  const { containers, underway, volumesMounted } = observed;
  if (containers.length > 0 || !volumesMounted || Object.keys(history.starts).length > 0) return false;
  const [first] = members;
  const image = first === undefined ? undefined : history.images[first.spec.name];
  if (image === undefined || 'reason' in image || history.sandbox !== undefined) return false;
  return underway.has('sandbox') || isUsable(sandbox);
}

/** A pod that may not be restarted ends with its sandbox, as upstream has it. */
function lostItsSandbox(observed: Observed, sandbox: SandboxStatus | undefined): boolean {
  if (observed.pod.spec?.restartPolicy !== 'Never' || observed.containers.length === 0) return false;
  return sandbox !== undefined && sandbox.state !== 'ready' && !observed.underway.has('sandbox');
}

export function sceneOf(observed: Observed, history: History, nowMs: number): Scene {
  const members = membersOf(observed.pod);
  const attempts = new Map(members.map((member) => [member.spec.name, attemptsOf(observed.containers, member.spec.name)]));
  const sandbox = newestSandbox(observed.sandboxes);
  const restartAllAtMs = restartAllAtOf(history, members, attempts);
  const graceSeconds = graceSecondsOf(observed);
  const deletedAtMs = parseTime(observed.pod.metadata.deletionTimestamp);
  const phase = observed.pod.status?.phase;
  const terminal = phase === 'Succeeded' || phase === 'Failed';
  let end: End | undefined;
  const startedAtMs = deletedAtMs === undefined ? nowMs : deletedAtMs - graceSeconds * 1000;
  if (observed.removed) end = { why: 'removed', graceSeconds, startedAtMs };
  else if (deletedAtMs !== undefined)
    end = isBeginning(observed, history, members, sandbox) ? undefined : { why: 'deleted', graceSeconds, startedAtMs };
  else if (history.ended !== undefined) {
    const { atMs, ...ending } = history.ended;
    end = { why: 'ended', ending, graceSeconds: ending.graceSeconds ?? graceSeconds, startedAtMs: atMs };
  } else if (terminal || hasFinished(observed, history, members, attempts, restartAllAtMs) || lostItsSandbox(observed, sandbox)) {
    end = { why: 'finished', graceSeconds, startedAtMs: nowMs };
  }
  return { observed, history, nowMs, members, attempts, sandbox, end, restartAllAtMs };
}
