// Owns a pod's whole status as the API is to show it, derived from the scene. Pure.

import type { ContainerStatus as ApiStatus, PodStatus } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';
import { allocatedResources, qosClassOf } from '../resources/qos.ts';
import { type ContainerResources, resourcesTogether, wholePod, withResources } from '../resources/resize.ts';
import { type ConditionInput, conditionsOf } from './conditions.ts';
import { lostContainer, viewOf } from './container-view.ts';
import { isUsable } from './members.ts';
import type { NodeFacts, Role } from './model.ts';
import { type Phase, phaseOf } from './phase.ts';
import { isResizing } from './plan-resize.ts';
import { actualOf, isAlive, isClearing, isStopped, isTornDown, type Scene } from './scene.ts';

/** True for the phases that nothing leaves. */
export function isTerminal(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** The status. What was terminal stays as it is; a pod turns terminal only once nothing of it runs any more. */
export function statusOf(scene: Scene, node: NodeFacts): PodStatus {
  const { pod } = scene.observed;
  const before = pod.status ?? {};
  if (isTerminal(before.phase)) return before;
  const views = new Map(scene.members.map((member) => [member.spec.name, viewOf(scene, node, member).status]));
  const stopped = scene.end !== undefined && isStopped(scene);
  const over = scene.end !== undefined && isTornDown(scene);
  const ending = stopped ? scene.history.ended : undefined;
  const finished = scene.end?.why === 'finished';
  const initsFinal = finished || pod.spec?.restartPolicy === 'Never';
  const derived = phaseOf({ members: scene.members, statuses: views, over: finished || stopped, initsFinal });
  // A deadline fails the pod whatever its containers say; one that was evicted and ended well all the same has succeeded.
  const phase: Phase = ending !== undefined && (ending.reason !== 'Evicted' || (over && !isTerminal(derived))) ? 'Failed' : derived;
  const conditions = conditionsOf({
    pod,
    members: scene.members,
    statuses: views,
    phase,
    sandboxReady: isUsable(scene.sandbox),
    nowMs: scene.nowMs,
    resize: resizeOf(scene),
    restartsAll: scene.end === undefined && isClearing(scene),
    disruption: scene.history.ended?.disruption,
  });
  const statuses = over ? withLost(scene, views) : views;
  const list = (...roles: readonly Role[]): readonly ApiStatus[] =>
    scene.members.flatMap(({ role, spec }) => (roles.includes(role) ? (statuses.get(spec.name) ?? []) : []));
  const final: Phase = !over ? (isTerminal(phase) ? livePhase(scene, views) : phase) : isTerminal(phase) ? phase : 'Failed';
  const ips = scene.sandbox === undefined ? [] : scene.sandbox.hostNetwork ? node.hostIps : scene.sandbox.ips;
  const shownIps = ips.length > 0 ? ips : (before.podIPs ?? []).flatMap(({ ip }) => ip);
  const inits = list('init', 'sidecar');
  const ephemerals = list('ephemeral');
  const allocated = allocatedResources(pod);
  // What it had last stays, once nothing runs any more.
  const resources = scene.observed.containers.some(isAlive)
    ? resourcesTogether(withResources(pod, actualResources(scene)))
    : before.resources;
  return {
    phase: final,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    ...(ending === undefined || !over || final !== 'Failed' ? {} : { reason: ending.reason, message: ending.message }),
    conditions,
    hostIP: node.hostIps[0],
    hostIPs: node.hostIps.map((ip) => ({ ip })),
    ...(shownIps[0] === undefined ? {} : { podIP: shownIps[0], podIPs: shownIps.map((ip) => ({ ip })) }),
    startTime: before.startTime ?? formatTime(scene.history.seenAtMs),
    qosClass: before.qosClass ?? qosClassOf(pod),
    ...(allocated === undefined ? {} : { allocatedResources: allocated }),
    ...(resources === undefined ? {} : { resources }),
    ...(inits.length > 0 ? { initContainerStatuses: inits } : {}),
    // Upstream tells main containers by name, whatever the order of the spec; which of them comes first decides what kubectl shows.
    containerStatuses: [...list('main')].sort((a, b) => (a.name < b.name ? -1 : 1)),
    ...(ephemerals.length > 0 ? { ephemeralContainerStatuses: ephemerals } : {}),
  };
}

/** What the pod and its running containers have, by name. */
function actualResources(scene: Scene): ContainerResources {
  const whole = scene.history.actual[wholePod];
  const parts = scene.members.flatMap((member) => {
    const instance = scene.attempts.get(member.spec.name)?.at(-1);
    const has = instance !== undefined && isAlive(instance) ? actualOf(scene, member, instance) : undefined;
    return has === undefined ? [] : [[member.spec.name, has] as const];
  });
  return { ...Object.fromEntries(parts), ...(whole === undefined ? {} : { [wholePod]: whole }) };
}

function resizeOf(scene: Scene): ConditionInput['resize'] {
  if (scene.end !== undefined) return {};
  const { resize } = scene.observed;
  const pending = resize?.verdict.verdict === 'pending' ? { reason: resize.verdict.reason, message: resize.verdict.message } : undefined;
  const generation = scene.history.resizing;
  const error = scene.history.resizeFailure?.message;
  return {
    ...(pending === undefined ? {} : { pending }),
    ...(generation !== undefined && isResizing(scene) ? { inProgress: { generation, ...(error === undefined ? {} : { error }) } } : {}),
  };
}

/** The phase of a pod that is over but not yet gone from the node: what it was while it lived. */
function livePhase({ members, observed }: Scene, views: ReadonlyMap<string, ApiStatus>): Phase {
  const ran = members.some(({ role, spec }) => {
    const { state, lastState } = views.get(spec.name) ?? {};
    return role === 'main' && (state?.running ?? state?.terminated ?? lastState?.terminated) !== undefined;
  });
  return ran || observed.pod.status?.phase === 'Running' ? 'Running' : 'Pending';
}

/**
 * In a pod that is over, a container that was never found counts as killed: init containers up to the last that was tried, and once the pod
 * was initialized all the others. What could not start yet keeps waiting.
 */
function withLost(scene: Scene, views: ReadonlyMap<string, ApiStatus>): ReadonlyMap<string, ApiStatus> {
  const all = scene.members.flatMap(({ role, spec }) => (role === 'init' || role === 'sidecar' ? (views.get(spec.name) ?? []) : []));
  const tried = all.findLastIndex(({ state, lastState }) => state?.waiting === undefined || lastState?.terminated !== undefined);
  const inits = new Set(all.slice(0, Math.max(1, tried + 1)).map(({ name }) => name));
  const mains = wasInitialized(scene, views);
  return new Map(
    scene.members.map(({ role, spec }) => {
      const status = views.get(spec.name) as ApiStatus;
      const lost = status.state?.terminated === undefined && (role === 'main' ? mains : inits.has(spec.name));
      return [spec.name, lost ? { ...status, state: { terminated: lostContainer }, ready: false, started: false } : status];
    }),
  );
}

/** True where the pod's main containers were due before it had to end: an init container that ends because the pod does has not done its work. */
function wasInitialized(scene: Scene, views: ReadonlyMap<string, ApiStatus>): boolean {
  const last = scene.members.findLast(({ role }) => role === 'init' || role === 'sidecar');
  if (last === undefined) return true;
  for (const { role, spec } of scene.members) {
    const { state, lastState } = views.get(spec.name) ?? {};
    if (role === 'main' && (state?.running ?? state?.terminated ?? lastState?.terminated) !== undefined) return true;
  }
  const instance = scene.attempts.get(last.spec.name)?.at(-1);
  if (instance === undefined) return false;
  if (last.role === 'sidecar') return isAlive(instance) && views.get(last.spec.name)?.started === true;
  return instance.state === 'exited' && instance.exitCode === 0 && instance.finishedAtMs < (scene.end?.startedAtMs ?? 0);
}
