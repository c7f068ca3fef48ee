// Owns the proof of the pod's transition as stories: each is a pod, what happens to it, and the sequence of what the API showed.
import { expect, test } from 'vitest';
import type { ResizeVerdict } from '../resources/resize.ts';
import { imageAnnotation } from './restart.ts';
import { conditionLine, podOf, stateLine, World } from './world-for-tests.ts';

const second = 1000;

test('a plain pod comes up: volumes and image at once, then the sandbox, then the container', () => {
  const world = new World(podOf({}));
  const first = world.decide();
  expect(first.actions.map((action) => action.do).toSorted()).toEqual(['mountVolumes', 'pullImage']);
  expect(stateLine(first.status, 'c')).toBe('waiting ContainerCreating');
  expect(first.status.phase).toBe('Pending');
  world.settle();
  expect(world.sequence((s) => s.phase ?? '')).toEqual(['Pending', 'Running']);
  expect(world.sequence((s) => conditionLine(s, 'Ready'))).toEqual(['False ContainersNotReady', 'True']);
  expect(world.last?.status.conditions?.map(({ type }) => type)).toEqual([
    'PodReadyToStartContainers',
    'Initialized',
    'Ready',
    'ContainersReady',
    'PodScheduled',
  ]);
});

test('a crash restarts at once, the second waits 10 s, then 20 s, and the back-off shows all the time', () => {
  const world = new World(podOf({}));
  world.settle();
  for (let crash = 0; crash < 3; crash++) {
    world.nowMs += 3 * second;
    world.crash('c');
    world.advance(60 * second);
  }
  expect(world.sequence((s) => stateLine(s, 'c'))).toEqual([
    'waiting ContainerCreating',
    'running',
    'terminated Error exit 1',
    'running',
    'terminated Error exit 1',
    'waiting CrashLoopBackOff',
    'running',
    'terminated Error exit 1',
    'waiting CrashLoopBackOff',
    'running',
  ]);
  const messages = world.statuses.flatMap((s) => s.containerStatuses?.[0]?.state?.waiting?.message ?? []);
  expect([...new Set(messages)]).toEqual([
    'back-off 10s restarting failed container=c pod=p_ns(u-1)',
    'back-off 20s restarting failed container=c pod=p_ns(u-1)',
  ]);
  expect(world.events.filter((text) => text.startsWith('Back-off'))).toEqual([
    'Back-off restarting failed container c in pod p_ns(u-1)',
    'Back-off restarting failed container c in pod p_ns(u-1)',
  ]);
  expect(world.last?.status.containerStatuses?.[0]?.restartCount).toBe(3);
  expect(world.containers.length).toBe(2);
});

test('ten minutes of good run forget the back-off', () => {
  const world = new World(podOf({}));
  world.settle();
  world.crash('c');
  world.nowMs += 601 * second;
  world.crash('c');
  world.advance(0);
  expect(stateLine(world.last?.status ?? {}, 'c')).toBe('running');
});

test.each([
  { policy: 'Never', exit: 0, phase: 'Succeeded', ready: 'False PodCompleted', initialized: 'True PodCompleted' },
  { policy: 'Never', exit: 1, phase: 'Failed', ready: 'False PodFailed', initialized: 'True' },
  { policy: 'OnFailure', exit: 0, phase: 'Succeeded', ready: 'False PodCompleted', initialized: 'True PodCompleted' },
] as const)('restartPolicy $policy and exit $exit end as $phase in two steps', ({ policy, exit, phase, ready, initialized }) => {
  const world = new World(podOf({ restartPolicy: policy }));
  world.settle();
  world.crash('c', exit);
  expect(world.sequence((s) => `${s.phase} ${conditionLine(s, 'Ready')}`).slice(-2)).toEqual([`Running ${ready}`, `${phase} ${ready}`]);
  expect(world.sequence((s) => conditionLine(s, 'PodReadyToStartContainers'))).toEqual(['False', 'True', 'False']);
  expect(world.sequence((s) => conditionLine(s, 'Initialized')).at(-1)).toBe(initialized);
  expect(world.last?.done).toBe(true);
});

test('init containers run in order, a failing one is tried again, then the main container starts', () => {
  const world = new World(
    podOf({
      initContainers: [
        { name: 'i1', image: 'i' },
        { name: 'i2', image: 'i' },
      ],
    }),
  );
  world.settle();
  expect(stateLine(world.last?.status ?? {}, 'c')).toBe('waiting PodInitializing');
  world.crash('i1', 1);
  expect(stateLine(world.last?.status ?? {}, 'i1')).toBe('running');
  world.crash('i1', 0);
  world.crash('i2', 0);
  const messages = world.sequence((s) => s.conditions?.find(({ type }) => type === 'Initialized')?.message ?? 'done');
  expect(messages).toEqual(['containers with incomplete status: [i1 i2]', 'containers with incomplete status: [i2]', 'done']);
  expect(world.sequence((s) => s.phase ?? '')).toEqual(['Pending', 'Running']);
});

test('a sidecar starts before the main container, outlives it, and does not keep a job from ending', () => {
  const world = new World(podOf({ restartPolicy: 'Never', initContainers: [{ name: 's1', image: 'i', restartPolicy: 'Always' }] }));
  world.settle();
  expect(world.actions.filter(({ do: what }) => what === 'startContainer').length).toBe(2);
  world.crash('c', 0);
  expect(world.events).toEqual(['Stopping container s1']);
  expect(world.last?.status.phase).toBe('Succeeded');
});

test('two containers that start together show together', () => {
  const world = new World(
    podOf({
      containers: [
        { name: 'a', image: 'i' },
        { name: 'b', image: 'i' },
      ],
    }),
  );
  world.settle();
  expect(world.sequence((s) => `${stateLine(s, 'a')}, ${stateLine(s, 'b')}`)).toEqual([
    'waiting ContainerCreating, waiting ContainerCreating',
    'running, running',
  ]);
});

test('deletion: containers stop, the terminal status is published, then the object goes', () => {
  const world = new World(podOf({}));
  world.settle();
  world.behaviour['c'] = { onTerm: 33 };
  world.delete();
  world.settle();
  expect(world.sequence((s) => s.phase ?? '')).toEqual(['Pending', 'Running', 'Failed']);
  expect(world.deleted).toBe(true);
  const order = world.actions.map((action) => action.do);
  expect(order.indexOf('stopContainer')).toBeLessThan(order.indexOf('stopSandbox'));
  expect(order.indexOf('unmountVolumes')).toBeLessThan(order.indexOf('deletePod'));
  expect(world.containers).toEqual([]);
  expect(world.sandboxes).toEqual([]);
});

test('sidecars end after the main containers, in reverse', () => {
  const sidecar = (name: string) => ({ name, image: 'i', restartPolicy: 'Always' });
  const world = new World(podOf({ initContainers: [sidecar('s1'), sidecar('s2')] }));
  world.settle();
  world.delete();
  world.settle();
  expect(world.events).toEqual(['Stopping container c', 'Stopping container s2', 'Stopping container s1']);
});

test('all are asked to stop at once; each sidecar waits for those that go before it', () => {
  const sidecar = (name: string) => ({ name, image: 'i', restartPolicy: 'Always' });
  const world = new World(podOf({ initContainers: [sidecar('s1'), sidecar('s2')] }));
  world.settle();
  world.delete();
  const { actions } = world.decide();
  const [c, s1, s2] = ['c', 's1', 's2'].map((name) => world.running(name).id);
  const stops = actions.flatMap((action) => (action.do === 'stopContainer' ? [[action.id, action.after, action.graceSeconds]] : []));
  expect(stops).toEqual([
    [c, [], 5],
    [s2, [c], 5],
    [s1, [c, s2], 5],
  ]);
});

test('a pod deleted before its container existed ends Failed with ContainerStatusUnknown', () => {
  const world = new World(podOf({}));
  world.behaviour['c'] = { create: { reason: 'CreateContainerConfigError', message: 'configmap "nosuch" not found' } };
  world.settle();
  expect(stateLine(world.last?.status ?? {}, 'c')).toBe('waiting CreateContainerConfigError');
  world.delete();
  world.settle();
  expect(world.sequence((s) => stateLine(s, 'c')).at(-1)).toBe('terminated ContainerStatusUnknown exit 137');
  expect(world.statuses.at(-1)?.phase).toBe('Failed');
  expect(conditionLine(world.statuses.at(-1) ?? {}, 'Ready')).toBe('False ContainersNotReady');
});

test('an image that cannot be pulled: ErrImagePull, a second later ImagePullBackOff with the error, told again with each regular round', () => {
  const world = new World(podOf({}));
  world.behaviour['c'] = { pull: 'not found' };
  world.advance(25 * second);
  expect(world.sequence((s) => stateLine(s, 'c'))).toEqual([
    'waiting ContainerCreating',
    'waiting ErrImagePull',
    'waiting ImagePullBackOff',
  ]);
  expect(world.last?.status.containerStatuses?.[0]?.state?.waiting?.message).toBe(
    'Back-off pulling image "busybox:1.36": ErrImagePull: not found',
  );
  expect(world.actions.filter(({ do: what }) => what === 'pullImage').length).toBe(2);
  const told = (): number => world.events.filter((text) => text === 'Back-off pulling image "busybox:1.36"').length;
  expect(told()).toBe(2);
  world.advance(10 * second);
  expect([told(), world.actions.filter(({ do: what }) => what === 'pullImage').length]).toEqual([2, 3]);
});

test('while no sandbox can be made no image is asked for again', () => {
  const world = new World(podOf({}));
  world.note({ what: 'sandboxFailed', message: 'no runtime' });
  expect(world.decide().actions.map((action) => action.do)).toEqual(['mountVolumes']);
});

test('a start error: RunContainerError with lastState StartError, once more at once, then CrashLoopBackOff', () => {
  const world = new World(podOf({}));
  world.behaviour['c'] = { startError: 'no such program' };
  world.advance(14 * second);
  expect(world.sequence((s) => `${stateLine(s, 'c')} ${s.containerStatuses?.[0]?.restartCount}`)).toEqual([
    'waiting ContainerCreating 0',
    'waiting RunContainerError 0',
    'waiting RunContainerError 1',
    'waiting CrashLoopBackOff 1',
    'waiting RunContainerError 2',
    'waiting CrashLoopBackOff 2',
  ]);
  expect(world.last?.status.phase).toBe('Running');
  expect(world.last?.status.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
    reason: 'StartError',
    exitCode: 128,
    startedAt: '1970-01-01T00:00:00Z',
  });
});

test('a start error under Never ends the pod', () => {
  const world = new World(podOf({ restartPolicy: 'Never' }));
  world.behaviour['c'] = { startError: 'no such program' };
  world.settle();
  expect(world.sequence((s) => stateLine(s, 'c')).at(-1)).toBe('terminated StartError exit 128');
  expect(world.last?.status.phase).toBe('Failed');
});

test('a failing postStart hook shows PostStartHookError, then the back-off', () => {
  const world = new World(podOf({}));
  world.behaviour['c'] = { postStart: 'it broke' };
  world.advance(5 * second);
  expect(world.sequence((s) => `${stateLine(s, 'c')} ${s.containerStatuses?.[0]?.restartCount}`)).toEqual([
    'waiting ContainerCreating 0',
    'waiting PostStartHookError 0',
    'waiting PostStartHookError 1',
    'waiting CrashLoopBackOff 1',
  ]);
});

test('a liveness failure restarts without showing the end in between, under OnFailure and exit 0 too', () => {
  const world = new World(podOf({ restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'i', livenessProbe: {} }] }));
  world.settle();
  for (let kill = 0; kill < 3; kill++) {
    world.nowMs += 4 * second;
    world.probes.set(world.running('c').id, { liveness: 'failed' });
    world.settle();
  }
  expect(world.sequence((s) => `${stateLine(s, 'c')} ${s.containerStatuses?.[0]?.restartCount}`)).toEqual([
    'waiting ContainerCreating 0',
    'running 0',
    'running 1',
    'running 2',
    'waiting CrashLoopBackOff 2',
  ]);
  expect(world.events[0]).toBe('Container c failed liveness probe, will be restarted');
});

test('a lost sandbox is made anew, its containers with restartCount 1', () => {
  const world = new World(podOf({}));
  world.settle();
  world.sandboxes = world.sandboxes.map((sandbox) => ({ ...sandbox, state: 'notReady' }));
  world.settle();
  expect(world.events).toEqual(['Pod sandbox changed, it will be killed and re-created.', 'Stopping container c']);
  expect(world.sequence((s) => `${stateLine(s, 'c')} ${s.containerStatuses?.[0]?.restartCount}`).slice(1)).toEqual([
    'running 0',
    'running 1',
  ]);
});

test('a lost sandbox under Never ends the pod', () => {
  const world = new World(podOf({ restartPolicy: 'Never' }));
  world.settle();
  world.sandboxes = world.sandboxes.map((sandbox) => ({ ...sandbox, state: 'notReady' }));
  world.settle();
  expect(world.events).toEqual(['Stopping container c']);
  expect(world.last?.status.phase).toBe('Succeeded');
});

test('the deadline ends the pod: its reason shows once everything has stopped', () => {
  const world = new World(podOf({ activeDeadlineSeconds: 3 }));
  world.advance(4 * second);
  expect(world.sequence((s) => `${s.phase} ${s.reason ?? ''}`)).toEqual(['Pending ', 'Running ', 'Failed DeadlineExceeded']);
  expect(conditionLine(world.last?.status ?? {}, 'Ready')).toBe('False PodFailed');
  expect(world.events.filter((text) => text.startsWith('Pod was active')).length).toBe(4);
});

test('a pod that is deleted shows the end of its containers together with its own', () => {
  const world = new World(podOf({}));
  world.settle();
  world.delete();
  world.settle();
  expect(world.sequence((s) => `${s.phase} ${stateLine(s, 'c')} ${conditionLine(s, 'Ready')}`).slice(-2)).toEqual([
    'Running running True',
    'Succeeded terminated Completed exit 0 False PodCompleted',
  ]);
});

test('a pod deleted while its init container runs was never ready to fail', () => {
  const world = new World(podOf({ initContainers: [{ name: 'i', image: 'i' }] }));
  world.behaviour['i'] = { onTerm: 5 };
  world.settle();
  world.delete();
  world.settle();
  expect(world.statuses.at(-1)?.phase).toBe('Failed');
  expect(conditionLine(world.statuses.at(-1) ?? {}, 'Ready')).toBe('False ContainersNotReady');
});

test('an object that others hold by finalizers is asked for again every ten seconds only', () => {
  const world = new World(podOf({ restartPolicy: 'Never' }));
  world.settle();
  world.crash('c', 0);
  world.delete();
  expect(world.decide().actions.map((action) => action.do)).toEqual(['deletePod']);
  world.note({ what: 'deleteAsked' });
  expect(world.decide()).toMatchObject({ actions: [], wakeAtMs: world.nowMs + 10_000 });
  world.nowMs += 10_000;
  expect(world.decide().actions.map((action) => action.do)).toEqual(['deletePod']);
});

test.each<[string, (world: World) => void, string]>([
  ['while its init container runs', () => {}, 'waiting PodInitializing'],
  ['after its init container has completed', (world) => world.exit(world.running('i').id, 0), 'terminated ContainerStatusUnknown exit 137'],
])('a main container that never started, of a pod that ends %s', (_, before, state) => {
  const world = new World(podOf({ activeDeadlineSeconds: 3, initContainers: [{ name: 'i', image: 'i' }] }));
  world.behaviour['c'] = { pull: 'not found' };
  world.settle();
  world.nowMs += 1000;
  before(world);
  world.advance(4 * second);
  expect(world.last?.status.phase).toBe('Failed');
  expect(stateLine(world.last?.status ?? {}, 'i')).toBe('terminated Completed exit 0');
  expect(stateLine(world.last?.status ?? {}, 'c')).toBe(state);
});

test('a container that ends before it was ever shown was running all the same', () => {
  const world = new World(podOf({ restartPolicy: 'Never' }));
  while (!world.containers.some(({ state }) => state === 'running')) for (const action of world.decide().actions) world.carryOut(action);
  world.exit(world.running('c').id, 0);
  world.settle();
  expect(world.sequence((s) => s.phase ?? '')).toEqual(['Running', 'Succeeded']);
});

test('readiness gates hold Ready back, not ContainersReady', () => {
  const world = new World(podOf({ readinessGates: [{ conditionType: 'example.com/one' }] }));
  world.settle();
  expect(conditionLine(world.last?.status ?? {}, 'Ready')).toBe('False ReadinessGatesNotReady');
  expect(conditionLine(world.last?.status ?? {}, 'ContainersReady')).toBe('True');
  const conditions = [...(world.pod.status?.conditions ?? []), { type: 'example.com/one', status: 'True' }];
  world.pod = { ...world.pod, status: { ...world.pod.status, conditions } };
  world.settle();
  expect(conditionLine(world.last?.status ?? {}, 'Ready')).toBe('True');
  expect(world.last?.status.conditions?.[0]?.type).toBe('example.com/one');
});

test('OOMKilled is told', () => {
  const world = new World(podOf({}));
  world.settle();
  world.crash('c', 137, 'OOMKilled');
  expect(world.sequence((s) => stateLine(s, 'c'))).toContain('terminated OOMKilled exit 137');
});

const cpu = (requests: string, limits: string) => ({ requests: { cpu: requests }, limits: { cpu: limits } });

function resizable(restartPolicy: string): World {
  const resizePolicy = [{ resourceName: 'cpu', restartPolicy }];
  const world = new World(podOf({ containers: [{ name: 'c', image: 'busybox:1.36', resources: cpu('100m', '200m'), resizePolicy }] }));
  world.settle();
  return world;
}

/** Asks for other resources, with what the node says to that. */
function want(world: World, requests: string, limits: string, verdict: ResizeVerdict): void {
  const containers = (world.pod.spec?.containers ?? []).map((container) => ({ ...container, resources: cpu(requests, limits) }));
  const metadata = { ...world.pod.metadata, generation: 2 };
  world.pod = { ...world.pod, metadata };
  world.resize = { wanted: { ...world.pod, spec: { ...world.pod.spec, containers } }, verdict };
  world.settle();
}

const containerOf = (world: World) => world.last?.status.containerStatuses?.[0];

test('a resize that fits is set aside, given to the container, and told', () => {
  const world = resizable('NotRequired');
  want(world, '150m', '300m', { verdict: 'fits' });
  expect(containerOf(world)).toMatchObject({ restartCount: 0, resources: cpu('150m', '300m'), allocatedResources: { cpu: '150m' } });
  const text = '{"containers":[{"name":"c","resources":{"limits":{"cpu":"300m"},"requests":{"cpu":"150m"}}}],"generation":2}';
  expect(world.events).toEqual([`Pod resize started: ${text}`, `Pod resize completed: ${text}`]);
  expect(world.last?.status.conditions?.map(({ type }) => type)).not.toContain('PodResizeInProgress');
});

test('while a container has not got it yet, the resize is in progress and the status shows what it has', () => {
  const world = resizable('NotRequired');
  world.underway.add(`resize/${world.running('c').id}`);
  want(world, '150m', '300m', { verdict: 'fits' });
  expect(containerOf(world)).toMatchObject({ resources: cpu('100m', '200m'), allocatedResources: { cpu: '150m' } });
  expect(conditionLine(world.last?.status ?? {}, 'PodResizeInProgress')).toBe('True');
  world.underway.clear();
  world.settle();
  expect(containerOf(world)).toMatchObject({ resources: cpu('150m', '300m') });
  expect(conditionLine(world.last?.status ?? {}, 'PodResizeInProgress')).toBe('');
});

test('a resource that needs a restart for it restarts the container', () => {
  const world = resizable('RestartContainer');
  want(world, '150m', '300m', { verdict: 'fits' });
  expect(containerOf(world)).toMatchObject({ restartCount: 1, resources: cpu('150m', '300m') });
  expect(world.events).toContain('Container c resize requires restart');
});

test('a resize of the pod as a whole reaches its cgroup, and a failure of it waits in the condition', () => {
  const cpu = (amount: string) => ({ requests: { cpu: amount } });
  const world = new World(podOf({ resources: cpu('100m') }));
  world.settle();
  world.underway.add('resize');
  world.resize = { wanted: { ...world.pod, spec: { ...world.pod.spec, resources: cpu('200m') } }, verdict: { verdict: 'fits' } };
  world.settle();
  expect(conditionLine(world.last?.status ?? {}, 'PodResizeInProgress')).toBe('True');
  expect(world.last?.status.resources).toEqual(cpu('100m'));
  world.underway.clear();
  world.note({ what: 'resizeFailed', message: 'cannot decrease memory limits: …' });
  world.settle();
  expect(conditionLine(world.last?.status ?? {}, 'PodResizeInProgress')).toBe('True Error');
  expect(world.actions.map((action) => action.do)).not.toContain('resizePod');
  world.advance(10_000);
  expect(world.actions.map((action) => action.do)).toContain('resizePod');
  expect(world.last?.status.resources).toEqual(cpu('200m'));
  expect(conditionLine(world.last?.status ?? {}, 'PodResizeInProgress')).toBe('');
});

test.each(['Deferred', 'Infeasible'] as const)('a resize that is %s waits in a condition and changes nothing', (reason) => {
  const world = resizable('NotRequired');
  want(world, '5', '6', { verdict: 'pending', reason, message: 'no room' });
  expect(conditionLine(world.last?.status ?? {}, 'PodResizePending')).toBe(`True ${reason}`);
  expect(containerOf(world)).toMatchObject({ resources: cpu('100m', '200m'), allocatedResources: { cpu: '100m' } });
  expect(world.events).toEqual([expect.stringContaining(`Pod resize ${reason}: {`)]);
});

test('a container for debugging has no word on whether it has started', () => {
  const world = new World(podOf({ ephemeralContainers: [{ name: 'dbg', image: 'i' }] } as never));
  world.settle();
  expect(world.last?.status.ephemeralContainerStatuses?.[0]).not.toHaveProperty('started');
});

test.each([
  { exit: 0, phase: 'Succeeded', reason: undefined },
  { exit: 1, phase: 'Failed', reason: 'Evicted' },
])('a pod that is evicted and whose container exits $exit is $phase', ({ exit, phase, reason }) => {
  const world = new World(podOf({}));
  world.settle();
  world.behaviour['c'] = { onTerm: exit };
  world.note({
    what: 'ended',
    ending: { reason: 'Evicted', message: 'The node was low on resource: memory. ', disruption: 'The node was low on resource: memory. ' },
  });
  world.settle();
  expect(world.sequence((s) => conditionLine(s, 'Ready')).slice(-2)).toEqual([
    'True',
    exit === 0 ? 'False PodCompleted' : 'False PodFailed',
  ]);
  expect(world.last?.status).toMatchObject({ phase, ...(reason === undefined ? {} : { reason }) });
  expect(conditionLine(world.last?.status ?? {}, 'DisruptionTarget')).toBe('True TerminationByKubelet');
  expect(world.last?.status.conditions?.[0]?.type).toBe('DisruptionTarget');
});

test('a rule that restarts all containers: the others are stopped, then everything runs again from the first init container', () => {
  const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }];
  const world = new World(
    podOf({
      restartPolicy: 'Never',
      initContainers: [{ name: 'i', image: 'i' }],
      containers: [
        { name: 'c', image: 'i', restartPolicy: 'Never', restartPolicyRules: rules },
        { name: 'd', image: 'i' },
      ],
    } as never),
  );
  world.settle();
  world.crash('i', 0);
  world.nowMs += second;
  expect(conditionLine(world.last?.status ?? {}, 'AllContainersRestarting')).toBe('False');
  world.behaviour['d'] = { onTerm: 0 };
  world.crash('c', 42);
  world.nowMs += second;
  world.settle();
  expect(world.sequence((s) => conditionLine(s, 'AllContainersRestarting'))).toEqual([
    'False',
    'True RestartAllContainersStarted',
    'False',
  ]);
  expect(world.events).toContain('killing');
  expect(world.running('i').metadata.attempt).toBe(1);
  expect(world.sequence((s) => ['i', 'c', 'd'].map((name) => stateLine(s, name)).join(', ')).slice(-4)).toEqual([
    'terminated Completed exit 0, running, running',
    'terminated Completed exit 0, terminated Error exit 42, running',
    'waiting RestartingAllContainers, waiting RestartingAllContainers, waiting RestartingAllContainers',
    'running, waiting PodInitializing, waiting PodInitializing',
  ]);
  const [, c] = [...(world.last?.status.initContainerStatuses ?? []), ...(world.last?.status.containerStatuses ?? [])];
  expect(c).toMatchObject({ restartCount: 1, lastState: { terminated: { reason: 'RestartingAllContainers', exitCode: 137 } } });
  expect(world.sequence((s) => s.phase ?? '')).toEqual(['Pending', 'Running', 'Pending']);
  expect(world.sequence((s) => conditionLine(s, 'Initialized')).at(-1)).toBe('True');
  world.crash('i', 0);
  expect([world.running('c').metadata.attempt, world.running('d').metadata.attempt]).toEqual([1, 1]);
  expect(world.last?.status.containerStatuses?.[0]?.lastState?.terminated?.reason).toBe('RestartingAllContainers');
  world.crash('c', 1);
  world.crash('d', 0);
  expect(world.last?.status.phase).toBe('Failed');
});

test('before a restart of all is through, what ended earlier is told as it was', () => {
  const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }];
  const containers = [
    { name: 'c', image: 'i', restartPolicy: 'Never', restartPolicyRules: rules },
    { name: 'd', image: 'i' },
  ];
  const world = new World(podOf({ containers } as never));
  world.settle();
  world.crash('d', 3);
  world.nowMs += second;
  world.exit(world.running('c').id, 42);
  const ended = () => world.decide().status.containerStatuses?.[1]?.lastState?.terminated?.exitCode;
  expect(ended()).toBe(3);
  world.nowMs += 1;
  world.settle();
  expect(ended()).toBe(137);
});

test.each([
  ['one that runs', (world: World) => world.running('c').id, () => {}],
  ['one that has ended', (world: World) => world.containers[0]?.id, (world: World) => world.exit(world.running('c').id, 1)],
  ['none', () => '', (world: World) => world.containers.splice(0)],
])('a container for debugging is to see the processes of %s', (_, idOf, happen) => {
  const world = new World(podOf({ restartPolicy: 'Never' }));
  world.settle();
  happen(world);
  const expected = idOf(world);
  const ephemeralContainers = [{ name: 'e', image: 'i', targetContainerName: 'c' }];
  world.pod = {
    ...world.pod,
    spec: { ...world.pod.spec, containers: [...world.pod.spec.containers, { name: 'd', image: 'i' }], ephemeralContainers },
  };
  world.settle();
  const targets = world.actions.flatMap((action) =>
    action.do === 'startContainer' && action.member.role === 'ephemeral' ? [action.targetId] : [],
  );
  expect(targets).toEqual([expected]);
});

test('a pull that failed is told of before its back-off, however late it is looked at', () => {
  const world = new World(podOf({}));
  world.behaviour['c'] = { pull: 'not found' };
  const [mount, pull] = world.decide().actions;
  for (const action of [mount, pull]) if (action !== undefined) world.carryOut(action);
  world.nowMs += 5 * second;
  world.settle();
  expect(world.sequence((s) => stateLine(s, 'c'))).toEqual(['waiting ErrImagePull', 'waiting ImagePullBackOff']);
});

test('a restart of all does not wait, however often', () => {
  const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'NotIn', values: [0] } }];
  const world = new World(podOf({ containers: [{ name: 'c', image: 'i', restartPolicy: 'Never', restartPolicyRules: rules }] } as never));
  world.settle();
  for (let attempt = 1; attempt <= 3; attempt++) {
    world.nowMs += second;
    world.crash('c', 1);
    world.nowMs += 1;
    world.settle();
    expect(world.running('c').metadata.attempt).toBe(attempt);
  }
});

test('an init container that succeeded is done, whatever its rules say', () => {
  const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [0, 3] } }];
  const world = new World(
    podOf({ initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Never', restartPolicyRules: rules }] } as never),
  );
  world.settle();
  world.crash('i', 3);
  expect(world.running('i').metadata.attempt).toBe(1);
  world.crash('i', 0);
  expect(world.running('c').metadata.attempt).toBe(0);
});

test.each([
  ['Never', ['c'], 'Stopping container c'],
  ['Never', ['c', 'd'], 'Container c failed liveness probe'],
  ['OnFailure', ['c', 'd'], 'Container c failed liveness probe, will be restarted'],
] as const)('under %s, of the containers %j, a liveness probe that fails is told as %s', (restartPolicy, names, message) => {
  const world = new World(podOf({ restartPolicy, containers: names.map((name) => ({ name, image: 'i' })) }));
  world.settle();
  world.probes.set(world.running('c').id, { liveness: 'failed' });
  world.settle();
  expect(world.events).toContain(message);
});

test('a sidecar of another image is stopped once it has started up, and told as an init container', () => {
  const sidecar = { name: 's', image: 'i', restartPolicy: 'Always', startupProbe: {} };
  const world = new World(podOf({ initContainers: [sidecar] } as never));
  world.settle();
  const { id } = world.running('s');
  world.containers = world.containers.map((one) => ({ ...one, annotations: { ...one.annotations, [imageAnnotation]: 'older' } }));
  world.settle();
  expect(world.running('s').id).toBe(id);
  world.probes.set(id, { startup: 'passed' });
  world.settle();
  expect(world.events).toContain('Init container s definition changed');
});

test('in a new sandbox init containers run again: the pod stays initialized, and what ended shows as that until then', () => {
  const world = new World(podOf({ initContainers: [{ name: 'i', image: 'i' }] }));
  world.settle();
  world.crash('i', 0);
  world.nowMs += second;
  world.behaviour['c'] = { onTerm: 1 };
  world.sandboxes = world.sandboxes.map((sandbox) => ({ ...sandbox, state: 'notReady' }));
  world.settle();
  expect(world.sequence((s) => `${s.phase}: ${stateLine(s, 'i')}, ${stateLine(s, 'c')}`).slice(-2)).toEqual([
    'Running: terminated Completed exit 0, running',
    'Pending: running, terminated Error exit 1',
  ]);
  expect(world.last?.status.initContainerStatuses?.[0]).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 0 } } });
  expect(world.sequence((s) => conditionLine(s, 'Initialized'))).toEqual(['False ContainersNotInitialized', 'True']);
  world.crash('i', 0);
  expect(world.last?.status.phase).toBe('Running');
});

test('a deletion that comes while the sandbox is made waits for the start that was begun', () => {
  const world = new World(podOf({}));
  const [mount, pull] = world.decide().actions;
  for (const action of [mount, pull]) if (action !== undefined) world.carryOut(action);
  world.underway.add('sandbox');
  world.delete();
  expect(world.decide()).toMatchObject({ ending: false, actions: [] });
  world.underway.clear();
  world.carryOut({ do: 'runSandbox', attempt: 0 });
  world.settle();
  expect(world.actions.map((action) => action.do)).toContain('startContainer');
  expect(world.sequence((s) => s.phase ?? '').at(-1)).toBe('Succeeded');
  expect(world.deleted).toBe(true);
});

test('a deletion that comes while an image is pulled waits for nothing', () => {
  const world = new World(podOf({}));
  world.volumesMounted = true;
  world.underway = new Set(['sandbox', 'image/c']);
  world.delete();
  expect(world.decide().ending).toBe(true);
});

test('while a container is being started again, the two instances before it are kept: they tell what shows until then', () => {
  const world = new World(podOf({ containers: [{ name: 'c', image: 'i', livenessProbe: {} }] }));
  world.settle();
  for (let kill = 0; kill < 3; kill++) {
    world.nowMs += 4 * second;
    world.probes.set(world.running('c').id, { liveness: 'failed' });
    world.settle();
  }
  world.nowMs += 10 * second;
  const shown = (): string => stateLine(world.decide().status, 'c');
  expect(shown()).toBe('waiting CrashLoopBackOff');
  for (const action of world.decide().actions) world.carryOut(action);
  world.underway.add('start/c');
  world.starting.set('c', 3);
  for (let round = 0; round < 3; round++) {
    for (const action of world.decide().actions) if (action.do === 'removeContainer') world.carryOut(action);
    world.containers = world.containers.some(({ metadata }) => metadata.attempt === 3)
      ? world.containers
      : [
          ...world.containers,
          {
            ...(world.containers.at(-1) as (typeof world.containers)[number]),
            id: 'next',
            metadata: { name: 'c', attempt: 3 },
            state: 'running',
          },
        ];
  }
  expect(shown()).toBe('waiting CrashLoopBackOff');
});
