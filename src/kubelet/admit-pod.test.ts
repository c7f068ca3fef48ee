// Owns the proof of which pods a node refuses, and in which words.
import { expect, test } from 'vitest';
import type { Node, Pod } from '../api/core/v1.ts';
import { admissionOf } from './admit-pod.ts';

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

const tainted = (effect: string): Node => ({ ...nodeOf(), spec: { taints: [{ key: 'k', effect }] } }) as unknown as Node;

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
    'a safe sysctl in its other spelling',
    podOf({ securityContext: { sysctls: [{ name: 'kernel/shm_rmid_forced', value: '1' }] } }),
    nodeOf(),
    [],
    undefined,
  ],
  [
    'a sysctl that is not safe in its other spelling',
    podOf({ securityContext: { sysctls: [{ name: 'net/ipv4/conf/eth0.1/rp_filter', value: '1' }] } }),
    nodeOf(),
    [],
    { reason: 'SysctlForbidden', message: 'forbidden sysctl: "net.ipv4.conf.eth0/1.rp_filter" not allowlisted' },
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
    'another system',
    podOf({ os: { name: 'windows' } }),
    nodeOf(),
    [],
    { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" },
  ],
  [
    'a label of another system',
    { ...podOf({}), metadata: { name: 'p', labels: { 'kubernetes.io/os': 'windows' } } } as unknown as Pod,
    nodeOf(),
    [],
    {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    },
  ],
  [
    'a taint that ends pods',
    podOf({}),
    tainted('NoExecute'),
    [],
    { reason: 'TaintToleration', message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate" },
  ],
  ['a taint that only the scheduler minds', podOf({}), tainted('NoSchedule'), [], undefined],
  ['a taint that it tolerates', podOf({ tolerations: [{ operator: 'Exists' }] }), tainted('NoExecute'), [], undefined],
  [
    'huge pages where there are none',
    podOf({ containers: [{ name: 'c', resources: { limits: { 'hugepages-2Mi': '4Mi' } } }] }),
    nodeOf(),
    [],
    { reason: 'OutOfhugepages-2Mi', message: "Node didn't have enough resource: hugepages-2Mi, requested: 4194304, used: 0, capacity: 0" },
  ],
  [
    'a critical pod that nobody can make way for',
    podOf({ ...asks('3'), priority: 2_000_000_000 }),
    nodeOf(),
    [podOf(asks('1'))],
    {
      reason: 'UnexpectedAdmissionError',
      message:
        'Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 1000), ]',
    },
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
  expect(admissionOf(pod, node, others).refusal).toEqual(refusal);
});

test.each<[string, readonly [string, string, object?][], readonly string[]]>([
  [
    'the smallest that will do',
    [
      ['small', '600m'],
      ['big', '900m'],
    ],
    ['small'],
  ],
  [
    'the least protected first',
    [
      ['burstable', '600m'],
      ['guaranteed', '700m', { limits: { cpu: '700m', memory: '1Mi' } }],
    ],
    ['burstable'],
  ],
  [
    'as many as it takes',
    [
      ['a', '300m'],
      ['b', '400m'],
      ['c', '400m'],
    ],
    ['c', 'a'],
  ],
])('a critical pod has others make way: %s', (_, others, victims) => {
  const running = others.map(([name, cpu, more = {}]) => {
    const containers = [{ name: 'c', resources: { requests: { cpu, memory: '1Mi' }, ...more } }];
    return { metadata: { name }, spec: { containers } } as unknown as Pod;
  });
  const used = others.reduce((sum, [, cpu]) => sum + Number.parseInt(cpu, 10), 0);
  const critical = podOf({ ...asks(`${2000 - used + 550}m`), priority: 2_000_000_000 });
  const node = { ...nodeOf(), status: { allocatable: { cpu: '2', memory: '4Gi', pods: '9' } } } as unknown as Node;
  expect(admissionOf(critical, node, running).preempt?.map(({ metadata }) => metadata.name)).toEqual(victims);
});
