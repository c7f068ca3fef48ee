// Proves what storage classes, drivers, capacities and attachments refuse, and what of them may change.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

const classes = 'storageclasses storage.k8s.io';
const made = judgeCreate(classes, { provisioner: 'a.b/c', parameters: { x: 'y' } });

test.each([
  [{ provisioner: 'A.b/C' }, []],
  [{ provisioner: 'p', reclaimPolicy: 'Recycle' }, ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"']],
  [
    { provisioner: 'p', allowedTopologies: [{ matchLabelExpressions: [{ key: 'a', values: [] }] }, {}, {}] },
    [
      'allowedTopologies[0].matchLabelExpressions[0].values: Required value',
      'allowedTopologies[2].matchLabelExpressions: Duplicate value: ""',
    ],
  ],
])('the class %j', (body, refusals) => expect(judgeCreate(classes, body).refusals).toEqual(refusals));

test.each([
  [{ parameters: { x: 'z' } }, ['parameters: Forbidden: updates to parameters are forbidden.']],
  [{ provisioner: 'q' }, ['provisioner: Forbidden: updates to provisioner are forbidden.']],
  [{ reclaimPolicy: 'Retain' }, ['reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.']],
  [{ volumeBindingMode: 'WaitForFirstConsumer' }, ['volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable']],
  [{ allowVolumeExpansion: true }, []],
])('a class changed to %j', (change, refusals) => expect(judgeUpdate(classes, made, change).refusals).toEqual(refusals));

const drivers = 'csidrivers storage.k8s.io';
test('a driver counts generations from its first change on', () => {
  const driver = judgeCreate(drivers, { spec: {} });
  expect([driver.refusals, driver.object.metadata.generation]).toEqual([[], undefined]);
  const changed = judgeUpdate(drivers, driver, { spec: { requiresRepublish: true } });
  expect([changed.refusals, changed.object.metadata.generation]).toEqual([[], 1]);
  expect(judgeUpdate(drivers, driver, { spec: { attachRequired: false } }).refusals).toEqual([
    'spec.attachedRequired: Invalid value: false: field is immutable',
  ]);
});
test.each([
  [
    { nodeAllocatableUpdatePeriodSeconds: 9 },
    'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
  ],
  [
    { tokenRequests: [{ audience: 'a', expirationSeconds: 4294967297 }] },
    'spec.tokenRequests[0].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
  ],
])('the driver %j', (spec, refusal) => expect(judgeCreate(drivers, { spec }).refusals).toEqual([refusal]));

test('the keys of a driver on a node are shown together where one is wrong', () => {
  const driver = { name: 'a.b', nodeID: 'n', topologyKeys: ['zone', 'a b'] };
  expect(judgeCreate('csinodes storage.k8s.io', { spec: { drivers: [driver] } }).refusals[0]).toMatch(
    /^spec\.drivers\[0\]: Invalid value: \["zone","a b"\]: name part must consist/,
  );
});

test('of a driver on a node only the count may change', () => {
  const resource = 'csinodes storage.k8s.io';
  const node = judgeCreate(resource, { spec: { drivers: [{ name: 'a.b', nodeID: 'n', topologyKeys: ['zone'] }] } });
  const changed = (driver: object): readonly string[] =>
    judgeUpdate(resource, node, { spec: { drivers: [{ name: 'a.b', nodeID: 'n', topologyKeys: ['zone'], ...driver }] } }).refusals;
  expect(node.refusals).toEqual([]);
  expect(changed({ allocatable: { count: 5 } })).toEqual([]);
  expect(changed({ nodeID: 'm' })).toEqual([
    'spec.drivers: Invalid value: {"Name":"a.b","NodeID":"m","TopologyKeys":["zone"],"Allocatable":null}: field is immutable',
  ]);
});

const attachments = 'volumeattachments storage.k8s.io';
const csi = { driver: 'a.b', volumeHandle: 'h' };
test.each([
  [
    { attacher: 'A_b', nodeName: 'n', source: { persistentVolumeName: 'p' } },
    [expect.stringMatching(/^spec.attacher: Invalid value: "A_b"/)],
  ],
  [
    { attacher: 'a.b', nodeName: 'n', source: { persistentVolumeName: '' } },
    ['spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName'],
  ],
  [{ attacher: 'a.b', nodeName: 'n', source: { inlineVolumeSpec: { accessModes: ['ReadWriteOnce'], csi } } }, []],
  [
    { attacher: 'a.b', nodeName: 'n', source: { inlineVolumeSpec: { accessModes: ['ReadWriteOnce'], csi, storageClassName: 'c' } } },
    ['spec.source.inlineVolumeSpec.storageClassName: Forbidden: may not be specified in the context of inline volumes'],
  ],
])('the attachment %j', (spec, refusals) => expect(judgeCreate(attachments, { spec }).refusals).toEqual(refusals));
test('the status of an attachment changes nothing else', () => {
  const one = judgeCreate(attachments, { spec: { attacher: 'a.b', nodeName: 'n', source: { persistentVolumeName: 'p' } } });
  const told = judgeUpdate(
    attachments,
    one,
    { metadata: { ...one.object.metadata, labels: { a: 'b' } }, status: { attached: true } },
    'status',
  );
  expect([told.refusals, told.object.metadata.labels, told.object['status']]).toEqual([[], undefined, { attached: true }]);
});

test('a driver that asks for tokens is told to take them from the secrets, and nothing is handed over without being asked for', () => {
  const drivers = 'csidrivers storage.k8s.io';
  const asking = { tokenRequests: [{ audience: 'a' }] };
  const told = [expect.stringMatching(/^spec.serviceAccountTokenInSecrets is unset; /)];
  const made = judgeCreate(drivers, { spec: asking });
  expect(made.warnings).toEqual(told);
  expect(judgeUpdate(drivers, made, { spec: { ...asking, podInfoOnMount: true } }).warnings).toEqual([]);
  expect(judgeUpdate(drivers, made, { spec: { tokenRequests: [{ audience: 'b' }] } }).warnings).toEqual(told);
  expect(judgeCreate(drivers, { spec: { ...asking, serviceAccountTokenInSecrets: false } }).warnings).toEqual([]);
  expect(judgeCreate(drivers, { spec: { serviceAccountTokenInSecrets: true } }).refusals).toEqual([
    'spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no tokenRequests are specified',
  ]);
});

test('any change of a driver counts', () => {
  const made = judgeCreate('csidrivers storage.k8s.io', { spec: {} });
  expect(judgeUpdate('csidrivers storage.k8s.io', made, { spec: { podInfoOnMount: true } }).object.metadata.generation).toBe(1);
});

test('whoever places storage by labels that are out of use is told', () => {
  const zone = 'failure-domain.beta.kubernetes.io/zone';
  const why = 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead';
  const allowedTopologies = [
    {
      matchLabelExpressions: [
        { key: 'a', values: ['b'] },
        { key: zone, values: ['b'] },
      ],
    },
  ];
  const made = judgeCreate('storageclasses storage.k8s.io', { provisioner: 'p', allowedTopologies });
  expect(made.warnings).toEqual([`allowedTopologies[0].matchLabelExpressions[1].key: ${why}`]);
  const nodeTopology = { matchLabels: { [zone]: 'z' }, matchExpressions: [{ key: zone, operator: 'Exists' }] };
  expect(judgeCreate('csistoragecapacities storage.k8s.io', { storageClassName: 's', nodeTopology }).warnings).toEqual([
    `nodeTopology.matchExpressions[0].key: ${zone} is ${why}`,
    `nodeTopology.matchLabels.${zone}: ${why}`,
  ]);
});
