// Owns the pod's conditions: types, order, reasons and messages as upstream words them. Pure.
import type { ContainerStatus as ApiStatus, Pod, PodCondition } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';
import type { Member } from './model.ts';
import { incompleteInits, isInitialized, type Phase } from './phase.ts';

export interface ConditionInput {
  readonly pod: Pod;
  readonly members: readonly Member[];
  readonly statuses: ReadonlyMap<string, ApiStatus>;
  readonly phase: Phase;
  readonly sandboxReady: boolean;
  readonly nowMs: number;
  /** Why the node ends the pod for its own sake; undefined where it does not. */
  readonly disruption: string | undefined;
  /** True while containers run that have to make way for a restart of all. */
  readonly restartsAll: boolean;
  /** What of a resize is still to come. */
  readonly resize: {
    readonly pending?: { readonly reason: string; readonly message: string };
    /** `error`: why it does not go on. */
    readonly inProgress?: { readonly generation: number; readonly error?: string };
  };
}

/** Those that are there only while there is something to tell. */
const passingConditions = ['PodResizePending', 'PodResizeInProgress', 'AllContainersRestarting'] as const;
const lastingConditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'] as const;
/** The types that the kubelet owns, in the order in which they are shown. */
export const ownConditions = [...passingConditions, ...lastingConditions] as const;

type Verdict = { readonly status: 'True' | 'False'; readonly reason?: string; readonly message?: string };

const yes: Verdict = { status: 'True' };

function initialized({ pod, members, statuses, phase }: ConditionInput): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (isInitialized({ members, statuses })) return yes;
  // What was initialized once counts as that, also while its init containers run again.
  if (pod.status?.conditions?.some(({ type, status }) => type === 'Initialized' && status === 'True') === true) return yes;
  const names = incompleteInits(members, statuses).join(' ');
  return { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${names}]` };
}

function containersReady({ members, statuses, phase }: ConditionInput): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const unready = members.filter(({ role, spec }) => (role === 'sidecar' || role === 'main') && statuses.get(spec.name)?.ready !== true);
  if (unready.length === 0) return yes;
  const names = unready.map(({ spec }) => spec.name).join(' ');
  return { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: [${names}]` };
}

function ready(pod: Pod, containers: Verdict): Verdict {
  if (containers.status === 'False') return containers;
  const problems = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = pod.status?.conditions?.find(({ type }) => type === conditionType);
    if (condition === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (condition.status === 'True') return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
  return problems.length === 0 ? yes : { status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') };
}

/** Told of pods that have a rule which restarts all containers, and only of those. */
function restartingAll({ members, phase, restartsAll }: ConditionInput): Verdict | undefined {
  const ruled = members.some(({ spec }) => spec.restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'));
  if (!ruled) return undefined;
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  if (!restartsAll) return { status: 'False' };
  return { status: 'True', reason: 'RestartAllContainersStarted', message: 'container exited with restart policy rule' };
}

/** All conditions: those of others as they are, then the kubelet's own. A transition time changes only with the status. */
export function conditionsOf(input: ConditionInput): readonly PodCondition[] {
  const { pod, nowMs } = input;
  const before = pod.status?.conditions ?? [];
  const containers = containersReady(input);
  const { pending, inProgress } = input.resize;
  const verdicts: Record<(typeof ownConditions)[number], Verdict | undefined> = {
    PodResizePending: pending === undefined ? undefined : { status: 'True', ...pending },
    AllContainersRestarting: restartingAll(input),
    PodResizeInProgress:
      inProgress === undefined ? undefined : inProgress.error === undefined ? yes : { ...yes, reason: 'Error', message: inProgress.error },
    PodReadyToStartContainers: input.sandboxReady ? yes : { status: 'False' },
    Initialized: initialized(input),
    Ready: ready(pod, containers),
    ContainersReady: containers,
    PodScheduled: yes,
  };
  const own = ownConditions.flatMap((type): readonly PodCondition[] => {
    const old = before.find((condition) => condition.type === type);
    const verdict = verdicts[type];
    if (verdict === undefined) return [];
    const since = old !== undefined && old.status === verdict.status ? old.lastTransitionTime : undefined;
    const generation = type === 'PodResizeInProgress' ? inProgress?.generation : pod.metadata.generation;
    return [
      {
        type,
        ...verdict,
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        lastTransitionTime: since ?? formatTime(nowMs),
      },
    ];
  });
  const others = before.filter(({ type }) => !(ownConditions as readonly string[]).includes(type));
  if (input.disruption === undefined) return [...others, ...own];
  const told = others.find(({ type, reason }) => type === 'DisruptionTarget' && reason === 'TerminationByKubelet');
  const target: PodCondition = told ?? {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'TerminationByKubelet',
    message: input.disruption,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    lastTransitionTime: formatTime(nowMs),
  };
  return [target, ...others.filter(({ type }) => type !== 'DisruptionTarget'), ...own];
}
