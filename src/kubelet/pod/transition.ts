// Owns the pod's one transition: from what is observed and remembered to the status and the next actions. Pure; the worker carries them out.
import type { PodStatus } from '../../api/core/v1.ts';
import type { Decision, History, NodeFacts, Observed } from './model.ts';
import { keyOf } from './model.ts';
import type { Plan } from './plan.ts';
import { planEnd } from './plan-end.ts';
import { planLife } from './plan-life.ts';
import { isTornDown, type Scene, sceneOf } from './scene.ts';
import { isTerminal, statusOf } from './status.ts';
import { sameStatus } from './status-patch.ts';

/**
 * Decides. The same input gives the same answer, whoever asks: the kubelet, a simulation, `why`, a test. Actions whose key is under way are
 * never given again, and what was told once is not told twice.
 */
export function decide(observed: Observed, history: History, nowMs: number, node: NodeFacts): Decision {
  const scene = sceneOf(observed, history, nowMs);
  if (scene.end === undefined) {
    const plan = planLife(scene);
    const soon = withStarts(observed, plan);
    return decisionOf(observed, history, scene, plan, statusOf(soon === observed ? scene : { ...scene, observed: soon }, node));
  }
  const status = statusOf(scene, node);
  const published = isTerminal(status.phase) && sameStatus(status, observed.pod.status);
  return decisionOf(observed, history, scene, planEnd(scene, scene.end, published), status);
}

/** The status already counts what is about to start as starting, so that containers which start one after the other show together. */
function withStarts(observed: Observed, { actions }: Plan): Observed {
  const starts = actions.filter((action) => action.do === 'startContainer');
  if (starts.length === 0) return observed;
  const underway = new Set([...observed.underway, ...starts.map(keyOf)]);
  const starting = new Map([...observed.starting, ...starts.map(({ member, attempt }) => [member.spec.name, attempt] as const)]);
  return { ...observed, underway, starting };
}

function decisionOf(observed: Observed, history: History, scene: Scene, plan: Plan, status: PodStatus): Decision {
  const actions = plan.actions.filter((action) => {
    if (action.do === 'tell') return !history.told.has(action.once) && !observed.underway.has(keyOf(action));
    return true;
  });
  const wakeAtMs = plan.wakesAtMs.length === 0 ? undefined : Math.min(...plan.wakesAtMs);
  const quiet = observed.underway.size === 0 && actions.length === 0;
  const gone = observed.removed && observed.containers.length === 0 && observed.sandboxes.length === 0;
  return {
    status,
    actions,
    wakeAtMs,
    reasons: plan.reasons,
    ending: scene.end !== undefined,
    done: quiet && scene.end !== undefined && isTornDown(scene) && !observed.volumesMounted && (observed.removed ? gone : true),
  };
}
