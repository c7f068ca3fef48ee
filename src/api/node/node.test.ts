// Proves what runtime and priority classes refuse, also later.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

test('a changed runtime class is judged as a whole', () => {
  const resource = 'runtimeclasses node.k8s.io';
  const made = judgeCreate(resource, { handler: 'h' });
  const { refusals } = judgeUpdate(resource, made, { handler: 'i', overhead: { podFixed: { cpu: '-1' } } });
  expect(refusals).toEqual([
    'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    'handler: Invalid value: "i": field is immutable',
  ]);
});

test.each([
  ['', 'preemptionPolicy: Required value'],
  ['Nope', 'preemptionPolicy: Unsupported value: "Nope": supported values: "PreemptLowerPriority", "Never"'],
])('a priority class that preempts by %j', (preemptionPolicy, refusal) => {
  expect(judgeCreate('priorityclasses scheduling.k8s.io', { value: 1, preemptionPolicy }).refusals).toEqual([refusal]);
});

test('whoever selects nodes by labels that are out of use is told', () => {
  const selector = { 'beta.kubernetes.io/os': 'linux', 'node-role.kubernetes.io/master': '' };
  expect(judgeCreate('runtimeclasses node.k8s.io', { handler: 'h', scheduling: { nodeSelector: selector } }).warnings).toEqual([
    'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead',
    'scheduling.nodeSelector: use "node-role.kubernetes.io/control-plane" instead',
  ]);
});
