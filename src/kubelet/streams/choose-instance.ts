// Owns which instance of a container a person means who asks for its log, and the words for when there is none. Pure.
import type { ContainerStatus as ApiContainerStatus, Pod } from '../../api/core/v1.ts';
import { badRequest, StatusError } from '../../api/status-error.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import type { FoundPod } from '../pod-lookup.ts';

/** The instances of a container by its name, the newest first. */
export function instancesOf({ containers }: FoundPod, name: string): readonly ContainerStatus[] {
  return containers
    .filter(({ metadata }) => metadata.name === name)
    .sort((a, b) => b.metadata.attempt - a.metadata.attempt || b.createdAtMs - a.createdAtMs);
}

function isSpecified({ spec }: Pod, name: string): boolean {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])];
  return all.some((container) => container.name === name);
}

function statusOf({ status }: Pod, name: string): ApiContainerStatus | undefined {
  const all = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  return all.find((container) => container.name === name);
}

/** `containerd://ID` without the scheme. */
const bareId = (containerId: string | undefined): string | undefined => containerId?.replace(/^[^:]*:\/\//, '');

const waits: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

/** Throws NotFound where the pod has no such container. */
export function requireContainer(pod: Pod, name: string): void {
  if (!isSpecified(pod, name)) throw new StatusError('NotFound', `container "${name}" not found in pod "${pod.metadata.name}"`);
}

/**
 * The instance whose log is meant: the one that runs, else the last that did; with `previous` the one before. The runtime's word goes before the
 * published status, which lags. Throws BadRequest in upstream's words where there is none.
 */
export function logInstance(found: FoundPod, name: string, previous: boolean): ContainerStatus {
  const { pod } = found;
  requireContainer(pod, name);
  const instances = instancesOf(found, name);
  const status = statusOf(pod, name);
  const [newest] = instances;
  const what = `container "${name}" in pod "${pod.metadata.name}"`;
  if (previous) {
    const lastId = bareId(status?.lastState?.terminated?.containerID);
    const last =
      instances.find(({ id }) => id === lastId) ??
      (newest?.state === 'exited' ? undefined : instances.find(({ state }) => state === 'exited'));
    if (last === undefined) throw badRequest(`previous terminated ${what} not found`);
    return last;
  }
  const begun = instances.find(({ state }) => state === 'running' || state === 'exited');
  if (begun !== undefined) return begun;
  if (status === undefined) throw badRequest(`${what} is not available`);
  const { waiting, terminated } = status.state ?? {};
  if (terminated !== undefined || status.lastState?.terminated !== undefined) throw badRequest(`${what} is terminated`);
  if (waiting === undefined) throw badRequest(`${what} is waiting to start - no logs yet`);
  const { reason = '' } = waiting;
  throw badRequest(`${what} is waiting to start: ${waits[reason] ?? reason}`);
}

/** The instance that runs now. Throws NotFound where none does. */
export function runningInstance(found: FoundPod, name: string): ContainerStatus {
  const running = instancesOf(found, name).find(({ state }) => state === 'running');
  if (running === undefined) throw new StatusError('NotFound', `container not found ("${name}")`);
  return running;
}
