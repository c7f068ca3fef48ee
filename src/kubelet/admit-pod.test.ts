// Owns the proof of which pods a node refuses, and in which words.
import { expect, test } from 'vitest';
import type { Node, Pod } from '../api/core/v1.ts';
import { refusalOf } from './admit-pod.ts';

const nodeOf = (...pressures: readonly string[]): Node =>
  ({
    metadata: { name: 'node1', labels: {} },
    status: {
      allocatable: { cpu: '2', memory: '4Gi', pods: '2' },
      conditions: pressures.map((type) => ({ type, status: 'True' })),
    },
  }) as unknown as Node;
const podOf = (spec: object, annotations: Record<string, string> = {}): Pod =>
  ({ metadata: { name: 'p', annotations }, spec: { containers: [{ name: 'c' }], ...spec } }) as unknown as Pod;
const asks = (cpu: string): object => ({ containers: [{ name: 'c', resources: { requests: { cpu, memory: '1Mi' } } }] });
const apparmor = 'Cannot enforce AppArmor: AppArmor is not enabled on the host';

test.each<[string, Pod, Node, readonly Pod[], { reason: string; message: string } | undefined]>([
  ['a plain pod', podOf({}), nodeOf(), [], undefined],
  [
    'a sysctl that is not safe',
    podOf({ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }),
    nodeOf(),
    [],
    { reason: 'SysctlForbidden', message: 'forbidden sysctl: "kernel.msgmax" not allowlisted' },
  ],
  [
    'AppArmor of the pod',
    podOf({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }),
    nodeOf(),
    [],
    { reason: 'AppArmor', message: apparmor },
  ],
  ['AppArmor unconfined', podOf({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }), nodeOf(), [], undefined],
  [
    'AppArmor by annotation',
    podOf({}, { 'container.apparmor.security.beta.kubernetes.io/c': 'localhost/x' }),
    nodeOf(),
    [],
    { reason: 'AppArmor', message: apparmor },
  ],
  [
    'strict groups',
    podOf({ securityContext: { supplementalGroupsPolicy: 'Strict' } }),
    nodeOf(),
    [],
    { reason: 'SupplementalGroupsPolicyNotSupported', message: 'SupplementalGroupsPolicy=Strict is not supported in this node' },
  ],
  [
    'more than there is',
    podOf(asks('1500m')),
    nodeOf(),
    [podOf(asks('1'))],
    { reason: 'OutOfcpu', message: "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000" },
  ],
  [
    'a third pod of two',
    podOf({}),
    nodeOf(),
    [podOf({}), podOf({})],
    { reason: 'OutOfpods', message: "Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2" },
  ],
  [
    'best effort where memory is scarce',
    podOf({}),
    nodeOf('MemoryPressure'),
    [],
    { reason: 'Evicted', message: 'The node had condition: [MemoryPressure]. ' },
  ],
  ['one that asks for memory there', podOf(asks('1m')), nodeOf('MemoryPressure'), [], undefined],
  [
    'one that tolerates it',
    podOf({ tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' }] }),
    nodeOf('MemoryPressure'),
    [],
    undefined,
  ],
  [
    'any where disk is scarce',
    podOf(asks('1m')),
    nodeOf('DiskPressure'),
    [],
    { reason: 'Evicted', message: 'The node had condition: [DiskPressure]. ' },
  ],
  ['a critical one', podOf({ priority: 2_000_000_000 }), nodeOf('DiskPressure'), [], undefined],
])('%s', (_, pod, node, others, refusal) => {
  expect(refusalOf(pod, node, others)).toEqual(refusal);
});
