// Owns how a pod ends: main containers at once, sidecars after them in reverse, then sandboxes, volumes, and the object itself. Pure.
import type { ContainerStatus } from '../../runtime/runtime.ts';
import type { Member } from './model.ts';
import { emptyPlan, type Plan } from './plan.ts';
import { deadlineTold } from './plan-life.ts';
import { type End, isAlive, isStopped, isTornDown, type Scene } from './scene.ts';

/** Upstream's least time between SIGTERM and SIGKILL for what is stopped late. */
const leastGraceSeconds = 2;
/** An object that was asked for and is still there is held by someone else: the next time to ask. */
const deleteAgainMs = 10_000;

/** The next steps of a pod that ends. `published`: the terminal status is in the API. */
export function planEnd(scene: Scene, end: End, published: boolean): Plan {
  const plan = emptyPlan();
  const { observed } = scene;
  const tellDeadline = end.why === 'ended' && end.ending.reason === 'DeadlineExceeded';
  if (tellDeadline) plan.actions.push(deadlineTold('stopping'));
  stopContainers(scene, end, plan);
  if (!isStopped(scene)) return plan;
  if (tellDeadline) plan.actions.push(deadlineTold('stopped'));
  for (const sandbox of observed.sandboxes) {
    if (sandbox.state === 'ready' && !observed.underway.has(`sandbox/${sandbox.id}`))
      plan.actions.push({ do: 'stopSandbox', id: sandbox.id });
  }
  if (!isTornDown(scene)) return plan;
  if (tellDeadline) plan.actions.push(deadlineTold('over'));
  if (observed.volumesMounted && !observed.underway.has('volumes')) plan.actions.push({ do: 'unmountVolumes' });
  if (end.why === 'removed') removeEverything(scene, plan);
  else if (end.why === 'deleted' && published && !observed.underway.has('volumes') && !observed.volumesMounted) {
    const againAtMs = (scene.history.deleteAskedAtMs ?? -deleteAgainMs) + deleteAgainMs;
    if (againAtMs > scene.nowMs) plan.wakesAtMs.push(againAtMs);
    else if (!observed.underway.has('deletePod')) plan.actions.push({ do: 'deletePod' });
  }
  return plan;
}

/** All are told at once, and their hooks run at once; a sidecar is signalled when the main containers and the sidecars after it have ended. */
function stopContainers(scene: Scene, end: End, plan: Plan): void {
  const alive = scene.observed.containers.filter(isAlive);
  const member = (instance: ContainerStatus): Member | undefined => scene.members.find(({ spec }) => spec.name === instance.metadata.name);
  const isSidecar = (instance: ContainerStatus): boolean => member(instance)?.role === 'sidecar';
  const first = alive.filter((instance) => !isSidecar(instance));
  const starting = scene.members.some(({ role, spec }) => role !== 'sidecar' && scene.observed.underway.has(`start/${spec.name}`));
  const order = (instance: ContainerStatus): number => scene.members.findIndex(({ spec }) => spec.name === instance.metadata.name);
  const sidecars = starting ? [] : alive.filter(isSidecar).toSorted((a, b) => order(b) - order(a));
  const after: string[] = first.filter((instance) => member(instance)?.role === 'main').map(({ id }) => id);
  for (const instance of [...first, ...sidecars]) {
    const { name } = instance.metadata;
    const before = isSidecar(instance) ? [...after] : [];
    if (isSidecar(instance)) after.push(instance.id);
    if (scene.observed.underway.has(`stop/${instance.id}`) || scene.observed.underway.has(`start/${name}`)) continue;
    const leftSeconds = Math.ceil(end.graceSeconds - (scene.nowMs - end.startedAtMs) / 1000);
    const late = first.length === 0 && sidecars.length > 0 && end.why !== 'finished';
    plan.actions.push({
      do: 'stopContainer',
      id: instance.id,
      member: member(instance),
      name,
      graceSeconds: late ? Math.max(leastGraceSeconds, leftSeconds) : end.graceSeconds,
      message: `Stopping container ${name}`,
      preStop: member(instance)?.spec.lifecycle?.preStop,
      cause: undefined,
      after: before,
    });
  }
}

function removeEverything(scene: Scene, plan: Plan): void {
  const { observed } = scene;
  for (const { id } of observed.containers) if (!observed.underway.has(`remove/${id}`)) plan.actions.push({ do: 'removeContainer', id });
  if (observed.containers.length > 0) return;
  for (const { id } of observed.sandboxes) if (!observed.underway.has(`sandbox/${id}`)) plan.actions.push({ do: 'removeSandbox', id });
}
