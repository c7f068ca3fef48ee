// Owns the proof of the pod's full table: every state crossed with every event, and what the very next decision is. A missing cell does not compile.
import { expect, test } from 'vitest';
import { podOf, stateLine, World } from './world-for-tests.ts';

type State =
  | 'new'
  | 'creating'
  | 'running'
  | 'starting'
  | 'configError'
  | 'pullFailed'
  | 'crashLoop'
  | 'initRunning'
  | 'succeeded'
  | 'failed'
  | 'deleting'
  | 'deadline';
type Event =
  | 'nothing'
  | 'exit 0'
  | 'exit 1'
  | 'OOM kill'
  | 'liveness fails'
  | 'sandbox dies'
  | 'deleted'
  | 'gone from the API'
  | 'kubelet restarts'
  | 'ten minutes pass';

const states: Record<State, () => World> = {
  new: () => new World(podOf({})),
  creating: () => {
    const world = new World(podOf({}));
    world.underway = new Set(['volumes', 'sandbox', 'image/c']);
    return world;
  },
  running: () => up(new World(podOf({}))),
  starting: () => {
    const world = up(new World(podOf({})));
    world.containers = world.containers.map((instance) => ({ ...instance, state: 'created', startedAtMs: 0 }));
    world.pod = { ...world.pod, status: {} };
    world.underway = new Set(['start/c']);
    world.starting = new Map([['c', 0]]);
    return world;
  },
  configError: () => {
    const world = new World(podOf({}));
    world.behaviour['c'] = { create: { reason: 'CreateContainerConfigError', message: 'secret "s" not found' } };
    return up(world);
  },
  pullFailed: () => {
    const world = new World(podOf({}));
    world.behaviour['c'] = { pull: 'not found' };
    return up(world);
  },
  crashLoop: () => {
    const world = up(new World(podOf({})));
    world.crash('c');
    world.crash('c');
    world.advance(2500);
    return world;
  },
  initRunning: () => up(new World(podOf({ initContainers: [{ name: 'i', image: 'i' }] }))),
  succeeded: () => ended(0),
  failed: () => ended(1),
  deleting: () => {
    const world = up(new World(podOf({})));
    world.delete();
    world.underway = new Set([`stop/${world.running('c').id}`]);
    return world;
  },
  deadline: () => {
    const world = up(new World(podOf({ activeDeadlineSeconds: 60 })));
    world.note({ what: 'ended', ending: { reason: 'DeadlineExceeded', message: 'too long' } });
    return world;
  },
};

function up(world: World): World {
  world.settle();
  return world;
}

function ended(exitCode: number): World {
  const world = up(new World(podOf({ restartPolicy: 'Never' })));
  world.crash('c', exitCode);
  return world;
}

function exits(world: World, exitCode: number, reason?: string): void {
  for (const instance of world.containers) if (instance.state === 'running') world.exit(instance.id, exitCode, reason);
}

const events: Record<Event, (world: World) => void> = {
  nothing: () => {},
  'exit 0': (world) => exits(world, 0),
  'exit 1': (world) => exits(world, 1),
  'OOM kill': (world) => exits(world, 137, 'OOMKilled'),
  'liveness fails': (world) => {
    for (const instance of world.containers) world.probes.set(instance.id, { liveness: 'failed' });
  },
  'sandbox dies': (world) => {
    world.sandboxes = world.sandboxes.map((sandbox) => ({ ...sandbox, state: 'notReady' }));
  },
  deleted: (world) => world.delete(),
  'gone from the API': (world) => {
    world.removed = true;
  },
  'kubelet restarts': (world) => world.restartKubelet(),
  'ten minutes pass': (world) => {
    world.nowMs += 600_000;
  },
};

/** `phase / state of the first container / actions`. */
function next(world: World): string {
  const { status, actions } = world.decide();
  const name = world.pod.spec?.initContainers?.[0]?.name ?? 'c';
  return `${status.phase} / ${stateLine(status, name)} / ${actions.map((action) => action.do).join(' ') || '-'}`;
}

const table: Record<State, Record<Event, string>> = {
  new: {
    nothing: 'Pending / waiting ContainerCreating / mountVolumes pullImage',
    'exit 0': 'Pending / waiting ContainerCreating / mountVolumes pullImage',
    'exit 1': 'Pending / waiting ContainerCreating / mountVolumes pullImage',
    'OOM kill': 'Pending / waiting ContainerCreating / mountVolumes pullImage',
    'liveness fails': 'Pending / waiting ContainerCreating / mountVolumes pullImage',
    'sandbox dies': 'Pending / waiting ContainerCreating / mountVolumes pullImage',
    deleted: 'Failed / terminated ContainerStatusUnknown exit 137 / -',
    'gone from the API': 'Failed / terminated ContainerStatusUnknown exit 137 / -',
    'kubelet restarts': 'Pending / waiting ContainerCreating / mountVolumes pullImage',
    'ten minutes pass': 'Pending / waiting ContainerCreating / mountVolumes pullImage',
  },
  creating: {
    nothing: 'Pending / waiting ContainerCreating / -',
    'exit 0': 'Pending / waiting ContainerCreating / -',
    'exit 1': 'Pending / waiting ContainerCreating / -',
    'OOM kill': 'Pending / waiting ContainerCreating / -',
    'liveness fails': 'Pending / waiting ContainerCreating / -',
    'sandbox dies': 'Pending / waiting ContainerCreating / -',
    deleted: 'Pending / waiting ContainerCreating / -',
    'gone from the API': 'Pending / waiting ContainerCreating / -',
    'kubelet restarts': 'Pending / waiting ContainerCreating / mountVolumes pullImage',
    'ten minutes pass': 'Pending / waiting ContainerCreating / -',
  },
  running: {
    nothing: 'Running / running / -',
    'exit 0': 'Running / terminated Completed exit 0 / pullImage',
    'exit 1': 'Running / terminated Error exit 1 / pullImage',
    'OOM kill': 'Running / terminated OOMKilled exit 137 / pullImage',
    'liveness fails': 'Running / running / stopContainer',
    'sandbox dies': 'Running / running / tell stopContainer',
    deleted: 'Running / running / stopContainer',
    'gone from the API': 'Running / running / stopContainer',
    'kubelet restarts': 'Running / running / -',
    'ten minutes pass': 'Running / running / -',
  },
  starting: {
    nothing: 'Pending / waiting ContainerCreating / -',
    'exit 0': 'Pending / waiting ContainerCreating / -',
    'exit 1': 'Pending / waiting ContainerCreating / -',
    'OOM kill': 'Pending / waiting ContainerCreating / -',
    'liveness fails': 'Pending / waiting ContainerCreating / -',
    'sandbox dies': 'Pending / waiting ContainerCreating / tell',
    deleted: 'Pending / waiting ContainerCreating / -',
    'gone from the API': 'Pending / waiting ContainerCreating / -',
    'kubelet restarts': 'Pending / waiting ContainerCreating / removeContainer',
    'ten minutes pass': 'Pending / waiting ContainerCreating / -',
  },
  configError: {
    nothing: 'Pending / waiting CreateContainerConfigError / -',
    'exit 0': 'Pending / waiting CreateContainerConfigError / -',
    'exit 1': 'Pending / waiting CreateContainerConfigError / -',
    'OOM kill': 'Pending / waiting CreateContainerConfigError / -',
    'liveness fails': 'Pending / waiting CreateContainerConfigError / -',
    'sandbox dies': 'Pending / waiting CreateContainerConfigError / runSandbox',
    deleted: 'Pending / waiting CreateContainerConfigError / stopSandbox',
    'gone from the API': 'Pending / waiting CreateContainerConfigError / stopSandbox',
    'kubelet restarts': 'Pending / waiting ContainerCreating / pullImage',
    'ten minutes pass': 'Pending / waiting CreateContainerConfigError / pullImage',
  },
  pullFailed: {
    nothing: 'Pending / waiting ErrImagePull / -',
    'exit 0': 'Pending / waiting ErrImagePull / -',
    'exit 1': 'Pending / waiting ErrImagePull / -',
    'OOM kill': 'Pending / waiting ErrImagePull / -',
    'liveness fails': 'Pending / waiting ErrImagePull / -',
    'sandbox dies': 'Pending / waiting ErrImagePull / runSandbox',
    deleted: 'Pending / waiting ErrImagePull / stopSandbox',
    'gone from the API': 'Pending / waiting ErrImagePull / stopSandbox',
    'kubelet restarts': 'Pending / waiting ContainerCreating / pullImage',
    'ten minutes pass': 'Pending / waiting ImagePullBackOff / pullImage',
  },
  crashLoop: {
    nothing: 'Running / waiting CrashLoopBackOff / -',
    'exit 0': 'Running / waiting CrashLoopBackOff / -',
    'exit 1': 'Running / waiting CrashLoopBackOff / -',
    'OOM kill': 'Running / waiting CrashLoopBackOff / -',
    'liveness fails': 'Running / waiting CrashLoopBackOff / -',
    'sandbox dies': 'Running / waiting CrashLoopBackOff / tell runSandbox',
    deleted: 'Running / terminated Error exit 1 / stopSandbox',
    'gone from the API': 'Running / terminated Error exit 1 / stopSandbox',
    'kubelet restarts': 'Running / waiting CrashLoopBackOff / tell',
    'ten minutes pass': 'Running / waiting CrashLoopBackOff / pullImage',
  },
  initRunning: {
    nothing: 'Pending / running / -',
    'exit 0': 'Pending / terminated Completed exit 0 / pullImage',
    'exit 1': 'Pending / terminated Error exit 1 / pullImage',
    'OOM kill': 'Pending / terminated OOMKilled exit 137 / pullImage',
    'liveness fails': 'Pending / running / -',
    'sandbox dies': 'Pending / running / tell stopContainer',
    deleted: 'Pending / running / stopContainer',
    'gone from the API': 'Pending / running / stopContainer',
    'kubelet restarts': 'Pending / running / -',
    'ten minutes pass': 'Pending / running / -',
  },
  succeeded: {
    nothing: 'Succeeded / terminated Completed exit 0 / -',
    'exit 0': 'Succeeded / terminated Completed exit 0 / -',
    'exit 1': 'Succeeded / terminated Completed exit 0 / -',
    'OOM kill': 'Succeeded / terminated Completed exit 0 / -',
    'liveness fails': 'Succeeded / terminated Completed exit 0 / -',
    'sandbox dies': 'Succeeded / terminated Completed exit 0 / -',
    deleted: 'Succeeded / terminated Completed exit 0 / deletePod',
    'gone from the API': 'Succeeded / terminated Completed exit 0 / removeContainer',
    'kubelet restarts': 'Succeeded / terminated Completed exit 0 / -',
    'ten minutes pass': 'Succeeded / terminated Completed exit 0 / -',
  },
  failed: {
    nothing: 'Failed / terminated Error exit 1 / -',
    'exit 0': 'Failed / terminated Error exit 1 / -',
    'exit 1': 'Failed / terminated Error exit 1 / -',
    'OOM kill': 'Failed / terminated Error exit 1 / -',
    'liveness fails': 'Failed / terminated Error exit 1 / -',
    'sandbox dies': 'Failed / terminated Error exit 1 / -',
    deleted: 'Failed / terminated Error exit 1 / deletePod',
    'gone from the API': 'Failed / terminated Error exit 1 / removeContainer',
    'kubelet restarts': 'Failed / terminated Error exit 1 / -',
    'ten minutes pass': 'Failed / terminated Error exit 1 / -',
  },
  deleting: {
    nothing: 'Running / running / -',
    'exit 0': 'Running / running / stopSandbox',
    'exit 1': 'Running / running / stopSandbox',
    'OOM kill': 'Running / running / stopSandbox',
    'liveness fails': 'Running / running / -',
    'sandbox dies': 'Running / running / -',
    deleted: 'Running / running / -',
    'gone from the API': 'Running / running / -',
    'kubelet restarts': 'Running / running / stopContainer',
    'ten minutes pass': 'Running / running / -',
  },
  deadline: {
    nothing: 'Running / running / tell stopContainer',
    'exit 0': 'Running / running / tell tell stopSandbox',
    'exit 1': 'Running / running / tell tell stopSandbox',
    'OOM kill': 'Running / running / tell tell stopSandbox',
    'liveness fails': 'Running / running / tell stopContainer',
    'sandbox dies': 'Running / running / tell stopContainer',
    deleted: 'Running / running / stopContainer',
    'gone from the API': 'Running / running / stopContainer',
    'kubelet restarts': 'Running / running / -',
    'ten minutes pass': 'Running / running / tell stopContainer',
  },
};

const cells = (Object.keys(states) as State[]).flatMap((state) =>
  (Object.keys(events) as Event[]).map((event) => ({ state, event, expected: table[state]?.[event] })),
);

test.each(cells)('$state × $event', ({ state, event, expected }) => {
  const world = states[state]();
  events[event](world);
  expect(next(world)).toBe(expected);
});
