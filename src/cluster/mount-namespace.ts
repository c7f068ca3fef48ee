// Owns being in the right mount namespace: where `/` is private, Peapod and its containerd live in a shared one of their own, made once and entered again.
import { readFileSync, readlinkSync } from 'node:fs';
import { findProgram } from '../runtime/cri/containerd.ts';

/** How to come into the right namespace: nothing to do, or a command to become. */
export type NamespaceStep = { readonly step: 'stay' } | { readonly step: 'become'; readonly command: readonly string[] };

/** What is known before deciding. Namespaces are the links in /proc/PID/ns/mnt. */
export interface NamespaceFacts {
  readonly rootShared: boolean;
  readonly ownNamespace: string;
  /** The containerd of this data directory that still runs, with its namespace. */
  readonly containerd: { readonly pid: number; readonly namespace: string } | undefined;
}

/** Decides. `program` is what to run again in the other namespace. Pure. */
export function namespaceStep(facts: NamespaceFacts, program: readonly string[]): NamespaceStep {
  if (facts.containerd !== undefined) {
    if (facts.containerd.namespace === facts.ownNamespace) return { step: 'stay' };
    return { step: 'become', command: ['nsenter', `--mount=/proc/${facts.containerd.pid}/ns/mnt`, '--', ...program] };
  }
  return facts.rootShared
    ? { step: 'stay' }
    : { step: 'become', command: ['unshare', '--mount', '--propagation', 'shared', '--', ...program] };
}

/** The mount namespace of a process, or undefined where it is gone. */
export function namespaceOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

/** Whether `/` is shared in this process's namespace. */
export function rootIsShared(): boolean {
  return / \/ \/ .* shared:\d+/.test(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Becomes another program in this process: same pid, same terminal. Never returns. */
export function become(command: readonly string[]): never {
  const [name = '', ...args] = command;
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is missing (Debian: apt-get install util-linux)`);
  if (process.execve === undefined) throw new Error('this Node cannot replace itself; Node 24 or newer is needed');
  const env = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  process.execve(path, [name, ...args], env);
  throw new Error(`${path} could not be started`);
}
