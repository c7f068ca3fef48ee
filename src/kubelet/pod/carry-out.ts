// Owns which effect an action is. What an action leaves in the worker itself (mounted volumes, things told) is the worker's.
import type { Action } from './model.ts';
import type { PodEffects } from './pod-effects.ts';

/** Carries out an action on the node; those that are no effects there resolve at once. */
export async function carryOut(effects: PodEffects, action: Action): Promise<void> {
  switch (action.do) {
    case 'runSandbox':
      return effects.runSandbox(action);
    case 'stopSandbox':
      return effects.stopSandbox(action);
    case 'removeSandbox':
      return effects.removeSandbox(action);
    case 'pullImage':
      return effects.pullImage(action);
    case 'startContainer':
      return effects.startContainer(action);
    case 'stopContainer':
      return effects.stopContainer(action);
    case 'removeContainer':
      return effects.removeContainer(action);
    case 'resizeContainer':
      return effects.resizeContainer(action);
    case 'resizePod':
      return effects.resizePod(action);
    case 'deletePod':
      return effects.deletePod();
    case 'mountVolumes':
    case 'unmountVolumes':
    case 'tell':
    case 'end':
    case 'allocate':
    case 'resized':
      return;
  }
}
