// Tests which containers may leave their end behind: those that something restarts.
import { expect, test } from 'vitest';
import { containerTransitionCauses } from './container-transitions.ts';
import type { Container, Pod } from './v1.ts';

const rule = (action: string) => ({ restartPolicyRules: [{ action, exitCodes: { operator: 'In', values: [42] } }] });

function causes(exitCode: number, container: object, other: object = {}, restartPolicy = 'Never'): number {
  const containers = [
    { name: 'c', image: 'i', ...container },
    { name: 'd', image: 'i', ...other },
  ] as readonly Container[];
  const pod = (state: object): Pod =>
    ({ metadata: { name: 'p' }, spec: { restartPolicy, containers }, status: { containerStatuses: [{ name: 'c', state }] } }) as never;
  return containerTransitionCauses(pod({ waiting: {} }), pod({ terminated: { exitCode } })).length;
}

test.each<[string, number, number]>([
  ['one that is never restarted', causes(0, {}), 1],
  ['one that failed, under OnFailure', causes(1, {}, {}, 'OnFailure'), 0],
  ['one that succeeded, under OnFailure', causes(0, {}, {}, 'OnFailure'), 1],
  ['one that a rule restarts', causes(42, rule('Restart')), 0],
  ['one that no rule speaks of', causes(1, rule('Restart')), 1],
  ['one of a pod whose containers may all be restarted', causes(0, {}, rule('RestartAllContainers')), 0],
])('%s', (_, found, expected) => expect(found).toBe(expected));
