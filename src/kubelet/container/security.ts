// Owns the security settings of sandboxes and containers: users, capabilities, seccomp, masked paths, the non-root check. Pure.
import type { SeccompProfile as ApiSeccomp, Pod } from '../../api/core/v1.ts';
import type { ContainerSecurity, ImageStatus, NamespaceMode, SandboxConfig, SeccompProfile } from '../../runtime/runtime.ts';
import { ConfigError } from '../env/downward.ts';
import { podLabel } from '../pod/members.ts';
import type { Member } from '../pod/model.ts';

const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

function seccompOf(profile: ApiSeccomp | undefined, root: string): SeccompProfile {
  if (profile?.type === 'RuntimeDefault') return { type: 'RuntimeDefault' };
  if (profile?.type === 'Localhost') return { type: 'Localhost', localhostRef: `${root}/seccomp/${profile.localhostProfile ?? ''}` };
  return { type: 'Unconfined' };
}

function pidModeOf(pod: Pod): NamespaceMode {
  if (pod.spec?.hostPID === true) return 'node';
  return pod.spec?.shareProcessNamespace === true ? 'pod' : 'container';
}

/** Throws ConfigError where a container that must not run as root would, or might. */
export function checkNonRoot(pod: Pod, member: Member, image: ImageStatus): void {
  const shared = pod.spec?.securityContext;
  const own = member.spec.securityContext;
  if ((own?.runAsNonRoot ?? shared?.runAsNonRoot) !== true) return;
  const user = own?.runAsUser ?? shared?.runAsUser;
  const where = `(pod: "${podLabel(pod)}", container: ${member.spec.name})`;
  if (user !== undefined) {
    if (user === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image.uid === 0) throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  if (image.uid !== undefined) return;
  const name = image.username ?? '';
  if (name === '') throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  throw new ConfigError(`container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`);
}

/** Who names no user runs as the image's: by that alone, so that the image's group does not count, as upstream has it. */
export function containerSecurity(
  pod: Pod,
  member: Member,
  root: string,
  targetId: string | undefined,
  image: Pick<ImageStatus, 'uid' | 'username'>,
): ContainerSecurity {
  const shared = pod.spec?.securityContext;
  const own = member.spec.securityContext;
  const privileged = own?.privileged === true;
  const user = own?.runAsUser ?? shared?.runAsUser ?? image.uid;
  const username = user === undefined ? image.username : undefined;
  const group = own?.runAsGroup ?? shared?.runAsGroup;
  const groups = [...(shared?.fsGroup === undefined ? [] : [shared.fsGroup]), ...(shared?.supplementalGroups ?? [])];
  const unmasked = privileged || own?.procMount === 'Unmasked';
  return {
    privileged,
    ...(user === undefined ? {} : { runAsUser: user }),
    ...(username === undefined || username === '' ? {} : { runAsUsername: username }),
    ...(group === undefined ? {} : { runAsGroup: group }),
    supplementalGroups: groups,
    readonlyRootFilesystem: own?.readOnlyRootFilesystem === true,
    noNewPrivileges: own?.allowPrivilegeEscalation === false,
    addCapabilities: own?.capabilities?.add ?? [],
    dropCapabilities: own?.capabilities?.drop ?? [],
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: privileged ? { type: 'Unconfined' } : seccompOf(own?.seccompProfile ?? shared?.seccompProfile, root),
    pidMode: pidModeOf(pod),
    ...(targetId === undefined ? {} : { targetId }),
  };
}

export function sandboxSecurity(pod: Pod, root: string): SandboxConfig['security'] {
  const shared = pod.spec?.securityContext;
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return {
    privileged: containers.some(({ securityContext }) => securityContext?.privileged === true),
    ...(shared?.runAsUser === undefined ? {} : { runAsUser: shared.runAsUser }),
    ...(shared?.runAsGroup === undefined ? {} : { runAsGroup: shared.runAsGroup }),
    supplementalGroups: [...(shared?.fsGroup === undefined ? [] : [shared.fsGroup]), ...(shared?.supplementalGroups ?? [])],
    seccomp: seccompOf(shared?.seccompProfile ?? { type: 'RuntimeDefault' }, root),
  };
}

export function sandboxNamespaces(pod: Pod): SandboxConfig['namespaces'] {
  return {
    network: pod.spec?.hostNetwork === true ? 'node' : 'pod',
    pid: pidModeOf(pod),
    ipc: pod.spec?.hostIPC === true ? 'node' : 'pod',
  };
}
