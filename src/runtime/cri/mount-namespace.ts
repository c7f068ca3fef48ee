// Owns what a mount namespace of Peapod's own takes: whether it is needed, and the commands that make one or enter one. It runs nothing itself.
import { readFileSync, readlinkSync } from 'node:fs';

/** Whether the mount at `/` passes mounts on to others (`mountinfo` as in /proc/self/mountinfo). Pure. */
export function rootIsShared(mountinfo: string): boolean {
  return mountinfo.split('\n').some((line) => {
    const parts = line.split(' ');
    return parts[4] === '/' && parts.slice(6, parts.indexOf('-')).some((field) => field.startsWith('shared:'));
  });
}

/** Whether this process must move into a mount namespace of its own, because mounts made here would not reach containers. */
export function needsMountNamespace(): boolean {
  return !rootIsShared(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/**
 * The command that runs `command` in a new mount namespace whose mounts are shared. The hybrid hierarchy of cgroup v2 beside v1 is hidden in it: crun
 * refuses to work next to it, and nothing here uses it.
 */
export function newMountNamespaceCommand(command: readonly string[]): readonly string[] {
  const script =
    'mount --make-rshared / || exit 1; if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then umount /sys/fs/cgroup/unified 2>/dev/null; fi; exec "$@"';
  return ['unshare', '--mount', '--propagation', 'private', '--', '/bin/sh', '-c', script, 'peapod', ...command];
}

/** The command that runs `command` in the mount namespace of process `pid`. */
export function enterMountNamespaceCommand(pid: number, command: readonly string[]): readonly string[] {
  return ['nsenter', `--mount=/proc/${pid}/ns/mnt`, '--', ...command];
}

/** Whether process `pid` is in this process's mount namespace; undefined where there is no such process or it may not be looked at. */
export function sharesMountNamespace(pid: number): boolean | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt');
  } catch {
    return undefined;
  }
}
