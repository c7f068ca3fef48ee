// Owns whether and when an ended container starts again: restart policies, rules by exit code, and the crash back-off. Pure.
import type { Pod } from '../../api/core/v1.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import type { KillCause, Member } from './model.ts';

/** The annotation of a container that holds the back-off (ms) which a crash of this instance waits. */
export const backoffAnnotation = 'peapod.io/restart-backoff-ms';

/** The annotation of a container that holds the image's name as the spec had it when the instance was made. */
export const imageAnnotation = 'peapod.io/spec-image';

const baseMs = 10_000;
const maxMs = 300_000;

/** What follows from the end of an instance. */
export interface Restart {
  /** The instant from which the next instance may start. */
  readonly atMs: number;
  /** How long the crash has to wait; 0: at once. */
  readonly delayMs: number;
  /** The back-off to keep with the next instance. */
  readonly nextBackoffMs: number;
}

/** The restart policy that holds for a container. */
export function policyOf(pod: Pod, member: Member): 'Always' | 'OnFailure' | 'Never' {
  const own = member.spec.restartPolicy;
  if (member.role === 'ephemeral') return 'Never';
  if (member.role === 'sidecar') return 'Always';
  const policy = own === 'Always' || own === 'OnFailure' || own === 'Never' ? own : (pod.spec?.restartPolicy ?? 'Always');
  return member.role === 'init' && policy === 'Always' ? 'OnFailure' : policy;
}

/** The first rule of a container that speaks of this end; undefined where none does. */
function ruleFor({ spec }: Member, { exitCode }: ContainerStatus): NonNullable<Member['spec']['restartPolicyRules']>[number] | undefined {
  return spec.restartPolicyRules?.find(({ exitCodes }) => {
    const listed = exitCodes?.values?.includes(exitCode) ?? false;
    return (exitCodes?.operator !== 'NotIn') === listed;
  });
}

/** True where an instance's end is to restart every container of the pod, init containers included. */
export function restartsAll(member: Member, ended: ContainerStatus, cause: KillCause | undefined): boolean {
  return cause === undefined && ended.state === 'exited' && ruleFor(member, ended)?.action === 'RestartAllContainers';
}

/** True where an instance that ended so is to be followed by another. */
export function restarts(pod: Pod, member: Member, ended: ContainerStatus, cause: KillCause | undefined): boolean {
  const policy = policyOf(pod, member);
  // An init container that succeeded has done its work, whatever a rule says.
  if (member.role === 'init' && cause === undefined && ended.exitCode === 0) return false;
  if (ruleFor(member, ended)?.action.startsWith('Restart')) return true;
  // A container that the kubelet itself stopped is wanted, whatever it exited with.
  if (cause === 'definition' || cause === 'resize' || cause === 'restartAll') return true;
  if (cause !== undefined) return policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && ended.exitCode !== 0);
}

/** The instant an instance ended; where the runtime does not say, the instant it was made. */
export function endedAtMs(ended: ContainerStatus): number {
  return ended.finishedAtMs > 0 ? ended.finishedAtMs : ended.createdAtMs;
}

/** A container's end is shown for so long before its back-off is; a start that failed for less, as it shows as waiting already. */
const endShownMs = 2500;
const failedStartShownMs = 1000;

/** When the back-off of an instance shows instead of its end. */
export function backoffShownAtMs(ended: ContainerStatus, failedHook: boolean): number {
  return endedAtMs(ended) + (failedHook || ended.reason === 'StartError' ? failedStartShownMs : endShownMs);
}

/**
 * When an ended instance may be followed by the next: the first crash at once, then 10 s doubling to 300 s, forgotten after 600 s without a
 * crash. An instance that failed a probe is measured by the end of the one before it, as upstream does, so a slow one restarts at once.
 */
export function restartAfter(ended: ContainerStatus, before: ContainerStatus | undefined, cause: KillCause | undefined): Restart {
  const kept = Number(ended.annotations[backoffAnnotation] ?? 0) || 0;
  const at = endedAtMs(ended);
  const probed = cause === 'liveness' || cause === 'startup';
  if (cause === 'sandbox' || cause === 'definition' || cause === 'resize' || cause === 'restartAll' || (probed && before === undefined))
    return { atMs: at, delayMs: 0, nextBackoffMs: kept };
  const backoff = at - ended.createdAtMs > 2 * maxMs ? 0 : kept;
  const next = backoff === 0 ? baseMs : Math.min(maxMs, backoff * 2);
  const atOnce = backoff === 0 || (probed && before !== undefined && at - endedAtMs(before) >= backoff);
  if (atOnce) return { atMs: at, delayMs: 0, nextBackoffMs: next };
  return { atMs: at + backoff, delayMs: backoff, nextBackoffMs: next };
}
