// Owns how a pod gets other resources while it runs: set aside first, then given to each container, in upstream's words. Pure.
import type { ResourceRequirements } from '../../api/core/v1.ts';
import { compareQuantity } from '../../api/quantity.ts';
import { differing, needsRestart, resizeText, resourcesOf, wholePod } from '../resources/resize.ts';
import type { Action, EventText } from './model.ts';
import type { Plan } from './plan.ts';
import { actualOf, isAlive, type Scene } from './scene.ts';

/** The next steps of a resize, where one is wanted or under way. */
export function planResize(scene: Scene, plan: Plan): void {
  const { observed, history } = scene;
  const { resize } = observed;
  if (resize !== undefined) {
    const generation = resize.wanted.metadata.generation ?? 0;
    if (resize.verdict.verdict === 'pending') {
      const { reason, message } = resize.verdict;
      const event = {
        type: 'Warning',
        reason: `Resize${reason}`,
        message: resizeText(reason, resize.wanted, generation, message),
      } as const;
      plan.actions.push(told(`resize/${reason}/${generation}`, event));
      plan.reasons.push(`the resize is ${reason.toLowerCase()}: ${message}`);
    } else {
      plan.actions.push({ do: 'allocate', resources: resourcesOf(resize.wanted), generation });
      if (hasRunning(scene)) {
        const message = resizeText('started', resize.wanted, generation);
        plan.actions.push(told(`resize/started/${generation}`, { type: 'Normal', reason: 'ResizeStarted', message }));
      }
      return;
    }
  }
  const failure = history.resizeFailure;
  if (failure !== undefined && failure.retryAtMs > scene.nowMs) {
    plan.wakesAtMs.push(failure.retryAtMs);
    plan.reasons.push(`the resize failed: ${failure.message}`);
  } else actuate(scene, plan);
  if (history.resizing === undefined || isResizing(scene)) return;
  const message = resizeText('completed', observed.pod, history.resizing);
  plan.actions.push({ do: 'resized' });
  if (hasRunning(scene))
    plan.actions.push(told(`resize/completed/${history.resizing}`, { type: 'Normal', reason: 'ResizeCompleted', message }));
}

/** Containers first; the pod as a whole has what they have got by then. */
function actuate(scene: Scene, plan: Plan): void {
  const { observed } = scene;
  for (const member of scene.members) {
    if (member.role === 'ephemeral') continue;
    const instance = scene.attempts.get(member.spec.name)?.at(-1);
    if (instance === undefined || !isAlive(instance) || observed.underway.has(`resize/${instance.id}`)) continue;
    const actual = actualOf(scene, member, instance);
    if (differing(actual, member.spec.resources).length === 0 || needsRestart(member.spec, actual)) continue;
    const lowers = lowersMemory(actual, member.spec.resources);
    plan.actions.push({ do: 'resizeContainer', id: instance.id, member, lowers });
  }
  if (isWholeResizing(scene) && !isPartResizing(scene) && !observed.underway.has('resize'))
    plan.actions.push({ do: 'resizePod', lowers: lowersMemory(scene.history.actual[wholePod], observed.pod.spec.resources) });
}

function lowersMemory(before: ResourceRequirements | undefined, now: ResourceRequirements | undefined): boolean {
  const [was, is] = [before?.limits?.['memory'], now?.limits?.['memory']];
  return is !== undefined && (was === undefined || compareQuantity(is, was) < 0);
}

function told(once: string, event: EventText): Action {
  return { do: 'tell', once, event };
}

function hasRunning({ observed }: Scene): boolean {
  return observed.containers.some(isAlive);
}

/** True while the pod, or a container that runs, has other resources than are set aside for it. */
export function isResizing(scene: Scene): boolean {
  return isPartResizing(scene) || isWholeResizing(scene);
}

function isWholeResizing({ observed, history }: Scene): boolean {
  const actual = history.actual[wholePod];
  return actual !== undefined && observed.containers.some(isAlive) && differing(actual, observed.pod.spec.resources).length > 0;
}

function isPartResizing(scene: Scene): boolean {
  return scene.members.some((member) => {
    if (member.role === 'ephemeral') return false;
    const instance = scene.attempts.get(member.spec.name)?.at(-1);
    return instance !== undefined && isAlive(instance) && differing(actualOf(scene, member, instance), member.spec.resources).length > 0;
  });
}
