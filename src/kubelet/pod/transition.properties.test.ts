// Owns the proof of what holds for every pod and every order of events: one live instance a container, nothing starts in a finished pod, a restart of the
// kubelet changes nothing, and a deleted pod goes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Container } from '../../api/core/v1.ts';
import { type Action, keyOf } from './model.ts';
import { isTerminal } from './status.ts';
import { podOf, World } from './world-for-tests.ts';

/** A world in which actions take their time: they are under way until a step completes them. */
class SlowWorld extends World {
  readonly pending: Action[] = [];

  /** One look: publishes, and puts what is to be done under way. */
  look(): void {
    const decision = this.decide();
    this.last = decision;
    for (const action of decision.actions) {
      const key = keyOf(action);
      expect(this.underway.has(key), `${key} twice at once`).toBe(false);
      if (isTerminal(this.pod.status?.phase)) expect(['startContainer', 'runSandbox', 'pullImage']).not.toContain(action.do);
      if (action.do === 'startContainer') {
        const alive = this.containers.filter(({ metadata, state }) => metadata.name === action.member.spec.name && state === 'running');
        expect(alive, 'a second instance beside a living one').toEqual([]);
      }
      if (action.do === 'tell' || action.do === 'end') this.carryOut(action);
      else {
        this.underway.add(key);
        if (action.do === 'startContainer') this.starting.set(action.member.spec.name, action.attempt);
        this.pending.push(action);
      }
    }
    this.pod = { ...this.pod, status: decision.status };
  }

  complete(index: number): void {
    const [action] = this.pending.splice(index % Math.max(1, this.pending.length), 1);
    if (action === undefined) return;
    this.underway.delete(keyOf(action));
    if (action.do === 'startContainer') this.starting.delete(action.member.spec.name);
    const lostSandbox = action.do === 'startContainer' && this.sandboxes.find(({ id }) => id === action.sandbox.id)?.state !== 'ready';
    if (lostSandbox)
      this.note({ what: 'startFailed', container: action.member.spec.name, reason: 'CreateContainerError', message: 'no sandbox' });
    else this.carryOut(action);
  }

  rest(): void {
    for (let step = 0; step < 200; step++) {
      const before = JSON.stringify(this.pod.status);
      this.look();
      if (this.pending.length === 0 && this.last?.actions.length === 0 && before === JSON.stringify(this.pod.status)) return;
      while (this.pending.length > 0) this.complete(0);
    }
    throw new Error('the world does not come to rest');
  }
}

const container = (name: string): fc.Arbitrary<Container> =>
  fc.record({ name: fc.constant(name), image: fc.constant('i'), livenessProbe: fc.constant({}) });

const pods = fc
  .record({
    restartPolicy: fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const),
    init: fc.boolean(),
    sidecar: fc.boolean(),
    second: fc.boolean(),
    c: container('c'),
    d: container('d'),
  })
  .map(({ restartPolicy, init, sidecar, second, c, d }) =>
    podOf({
      restartPolicy,
      initContainers: [
        ...(init ? [{ name: 'i', image: 'i' }] : []),
        ...(sidecar ? [{ name: 's', image: 'i', restartPolicy: 'Always' }] : []),
      ],
      containers: second ? [c, d] : [c],
    }),
  );

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ step: fc.constant('complete' as const), index: fc.nat(5) }) },
    { weight: 3, arbitrary: fc.record({ step: fc.constant('exit' as const), index: fc.nat(5), code: fc.constantFrom(0, 1, 137) }) },
    { weight: 2, arbitrary: fc.record({ step: fc.constant('wait' as const), seconds: fc.nat(40) }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('probe' as const), index: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('sandbox' as const) }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('delete' as const) }) },
  ),
  { maxLength: 40 },
);

type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

function take(world: SlowWorld, step: Step): void {
  const running = world.containers.filter(({ state }) => state === 'running');
  switch (step.step) {
    case 'complete':
      return world.complete(step.index);
    case 'exit': {
      const instance = running[step.index % Math.max(1, running.length)];
      if (instance !== undefined) world.exit(instance.id, step.code);
      return;
    }
    case 'wait':
      world.nowMs += step.seconds * 1000;
      return;
    case 'probe': {
      const instance = running[step.index % Math.max(1, running.length)];
      if (instance !== undefined) world.probes.set(instance.id, { liveness: 'failed' });
      return;
    }
    case 'sandbox':
      world.sandboxes = world.sandboxes.map((sandbox) => ({ ...sandbox, state: 'notReady' }));
      return;
    case 'delete':
      if (world.pod.metadata.deletionTimestamp === undefined) world.delete();
      return;
  }
}

test('one live instance a container, and nothing starts once the phase is terminal', () => {
  fc.assert(
    fc.property(pods, steps, (pod, list) => {
      const world = new SlowWorld(pod);
      for (const step of list) {
        world.look();
        take(world, step);
      }
      world.rest();
      const names = world.containers.filter(({ state }) => state === 'running').map(({ metadata }) => metadata.name);
      expect(new Set(names).size).toBe(names.length);
    }),
    { numRuns: 150 },
  );
});

test('a kubelet that restarts decides the same as the one before: it touches no running container', () => {
  fc.assert(
    fc.property(pods, steps, (pod, list) => {
      const world = new SlowWorld(pod);
      for (const step of list) {
        world.look();
        take(world, step);
      }
      // A failed start that waits for its retry is forgotten by a restart: let it be over.
      world.rest();
      world.nowMs += 15_000;
      world.rest();
      const running = world.containers.filter(({ state }) => state === 'running').map(({ id }) => id);
      const before = world.last?.status;
      const waits = world.last?.wakeAtMs;
      world.restartKubelet();
      world.rest();
      expect(world.containers.filter(({ state }) => state === 'running').map(({ id }) => id)).toEqual(running);
      expect(world.last?.status.phase).toBe(before?.phase);
      expect(world.last?.wakeAtMs).toBe(waits);
    }),
    { numRuns: 150 },
  );
});

test('a deleted pod goes, whatever happened before', () => {
  fc.assert(
    fc.property(pods, steps, (pod, list) => {
      const world = new SlowWorld(pod);
      for (const step of list) {
        world.look();
        take(world, step);
      }
      if (world.pod.metadata.deletionTimestamp === undefined) world.delete();
      world.rest();
      expect({ deleted: world.deleted, containers: world.containers, sandboxes: world.sandboxes }).toEqual({
        deleted: true,
        containers: [],
        sandboxes: [],
      });
      expect(world.last?.done).toBe(true);
    }),
    { numRuns: 150 },
  );
});
