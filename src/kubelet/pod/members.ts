// Owns how a pod's containers are named and grouped, and which instances the runtime has of each. Pure.
import type { Container, Pod, PodSpec } from '../../api/core/v1.ts';
import type { ContainerStatus, SandboxStatus } from '../../runtime/runtime.ts';
import type { Member, Role } from './model.ts';

const known = new WeakMap<PodSpec, readonly Member[]>();

/** The pod's containers in the order in which they start: init containers and sidecars as listed, then the others, then ephemeral ones. */
export function membersOf({ spec }: Pod): readonly Member[] {
  if (spec === undefined) return [];
  const before = known.get(spec);
  if (before !== undefined) return before;
  const members = listed(spec);
  known.set(spec, members);
  return members;
}

function listed(spec: PodSpec): readonly Member[] {
  const member = (role: Role, list: string) => (container: Container) => ({
    role,
    spec: container,
    fieldPath: `spec.${list}{${container.name}}`,
  });
  return [
    ...(spec.initContainers ?? []).map((container) =>
      member(container.restartPolicy === 'Always' ? 'sidecar' : 'init', 'initContainers')(container),
    ),
    ...spec.containers.map(member('main', 'containers')),
    ...((spec.ephemeralContainers ?? []) as readonly Container[]).map(member('ephemeral', 'ephemeralContainers')),
  ];
}

/** The container whose processes a container for debugging is to see; undefined where it names none. */
export function targetOf({ role, spec }: Member): string | undefined {
  const name = role === 'ephemeral' ? (spec as { readonly targetContainerName?: string }).targetContainerName : undefined;
  return name === '' ? undefined : name;
}

/** Instances of one container, oldest first. */
export function attemptsOf(containers: readonly ContainerStatus[], name: string): readonly ContainerStatus[] {
  const own = containers.filter((container) => container.metadata.name === name);
  if (own.length < 2) return own;
  return own.sort((a, b) => a.metadata.attempt - b.metadata.attempt || a.createdAtMs - b.createdAtMs);
}

/** The sandbox that counts: the newest. */
export function newestSandbox(sandboxes: readonly SandboxStatus[]): SandboxStatus | undefined {
  if (sandboxes.length < 2) return sandboxes[0];
  return sandboxes.toSorted((a, b) => b.metadata.attempt - a.metadata.attempt || b.createdAtMs - a.createdAtMs)[0];
}

/** True where containers can be started in it: alive, and with an address unless it shares the node's network. */
export function isUsable(sandbox: SandboxStatus | undefined): boolean {
  return sandbox !== undefined && sandbox.state === 'ready' && (sandbox.hostNetwork || sandbox.ips.length > 0);
}

/** `name_namespace(uid)`, as messages name a pod. */
export function podLabel(pod: Pod): string {
  const { name, namespace, uid } = pod.metadata;
  return `${name}_${namespace}(${uid})`;
}
