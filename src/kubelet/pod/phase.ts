// Owns a pod's phase, from its containers' statuses alone. Pure.
import type { ContainerStatus as ApiStatus } from '../../api/core/v1.ts';
import type { Member } from './model.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface PhaseInput {
  readonly members: readonly Member[];
  readonly statuses: ReadonlyMap<string, ApiStatus>;
  /** True where nothing will start any more: then ended containers decide. */
  readonly over: boolean;
  /** True where a failed init container is not tried again, whatever else happens. */
  readonly initsFinal: boolean;
}

/** True once every init container has completed and every sidecar has started, or a main container has run in this sandbox. */
export function isInitialized({ members, statuses }: Pick<PhaseInput, 'members' | 'statuses'>): boolean {
  return incompleteInits(members, statuses).length === 0 || mainHasStarted(members, statuses);
}

/** Names of the init containers and sidecars that hold the pod back. */
export function incompleteInits(members: readonly Member[], statuses: PhaseInput['statuses']): readonly string[] {
  return members
    .filter(({ role, spec }) => {
      const status = statuses.get(spec.name);
      if (role === 'init') return status?.ready !== true;
      return role === 'sidecar' && status?.started !== true;
    })
    .map(({ spec }) => spec.name);
}

function mainHasStarted(members: readonly Member[], statuses: PhaseInput['statuses']): boolean {
  return members.some(({ role, spec }) => {
    const status = role === 'main' ? statuses.get(spec.name) : undefined;
    const { state, lastState } = status ?? {};
    if (state?.running !== undefined || state?.terminated !== undefined) return true;
    return lastState?.terminated !== undefined && state?.waiting?.reason !== 'PodInitializing';
  });
}

/** The phase as upstream works it out. */
export function phaseOf({ members, statuses, over, initsFinal }: PhaseInput): Phase {
  const failedInit = members.some(({ role, spec }) => {
    const terminated = role === 'init' ? statuses.get(spec.name)?.state?.terminated : undefined;
    return terminated !== undefined && terminated.exitCode !== 0;
  });
  // In a new sandbox they run again, whatever ran before.
  const initializing = members.some(({ role, spec }) => role === 'init' && statuses.get(spec.name)?.state?.running !== undefined);
  if (initializing && !over) return 'Pending';
  if (!isInitialized({ members, statuses })) return over && initsFinal && failedInit ? 'Failed' : 'Pending';
  const mains = members.filter(({ role }) => role === 'main').map(({ spec }) => statuses.get(spec.name));
  const running = mains.filter((status) => status?.state?.running !== undefined).length;
  const ended = mains.filter((status) => status?.state?.terminated !== undefined);
  const stopped = ended.length + mains.filter((s) => s?.state?.waiting !== undefined && s.lastState?.terminated !== undefined).length;
  if (running + stopped < mains.length) return 'Pending';
  if (running > 0 || !over) return 'Running';
  return ended.length === mains.length && ended.every((status) => status?.state?.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed';
}
