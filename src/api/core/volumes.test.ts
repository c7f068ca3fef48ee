// Proves what persistent volumes and claims refuse, warn of and keep, and the checks that volumes of pods share with them.
import { describe, expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

const usual = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] };
const refusalsOf = (spec: object): readonly string[] => judgeCreate('persistentvolumes', { spec: { ...usual, ...spec } }).refusals;

test.each([
  [{ nfs: { server: 's', path: 'p' } }, ['spec.nfs.path: Invalid value: "p": must be an absolute path']],
  [
    { gcePersistentDisk: { pdName: '', partition: 300 } },
    [
      'spec.persistentDisk.pdName: Required value',
      'spec.persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive',
    ],
  ],
  [{ fc: { targetWWNs: ['x'] } }, ['spec.fc.lun: Required value: lun is required if targetWWNs is specified']],
  [{ iscsi: { targetPortal: 't', iqn: 'nope', lun: 1 } }, ['spec.iscsi.iqn: Invalid value: "nope": must be valid format']],
  [
    { flexVolume: { driver: 'd', options: { 'kubernetes.io/x': 'y' } } },
    ['spec.flexVolume.options[kubernetes.io/x]: Invalid value: "kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved'],
  ],
  [
    { quobyte: { registry: 'r', volume: 'v' } },
    ['spec.quobyte.registry: Invalid value: "r": must be a host:port pair or multiple pairs separated by commas'],
  ],
  [
    { flocker: { datasetName: 'a', datasetUUID: 'b' } },
    ['spec.flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously'],
  ],
  [{ cinder: { volumeID: 'v', secretRef: { name: 's' } } }, ['spec.cinder.secretRef.namespace: Required value']],
  [
    { azureDisk: { diskName: 'd', diskURI: 'u', kind: 'Managed' } },
    [
      'spec.azureDisk.diskURI: Unsupported value: "u": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
    ],
  ],
  [
    { csi: { driver: 'a.b', volumeHandle: 'h', nodePublishSecretRef: { name: 'x' } } },
    ['spec.csi.nodePublishSecretRef.namespace: Required value'],
  ],
  [
    { hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' },
    [`spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'`],
  ],
  [{ hostPath: { path: '/a' }, nodeAffinity: {} }, ['spec.nodeAffinity.required: Required value: must specify required node constraints']],
  [
    { hostPath: { path: '/a' }, volumeAttributesClassName: 'c' },
    ['spec.csi: Required value: has to be specified when using volumeAttributesClassName'],
  ],
])('the volume %j', (spec, refusals) => expect(refusalsOf(spec)).toEqual(refusals));

test('a volume of an old kind is taken with a warning', () => {
  const spec = {
    ...usual,
    rbd: { monitors: ['m'], image: 'i' },
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }] }] } },
  };
  expect(judgeCreate('persistentvolumes', { spec }).warnings).toEqual([
    'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
    'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
  ]);
});
test('a secret for growing may be added to a volume, where its bytes are may not change', () => {
  const csi = { driver: 'a.b', volumeHandle: 'h' };
  const made = judgeCreate('persistentvolumes', { spec: { ...usual, csi } });
  const changed = (next: object): readonly string[] =>
    judgeUpdate('persistentvolumes', made, { spec: { ...usual, csi: { ...csi, ...next } } }).refusals;
  expect(changed({ controllerExpandSecretRef: { name: 's', namespace: 'n' } })).toEqual([]);
  expect(changed({ volumeHandle: 'i' })).toEqual([
    'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
  ]);
});

describe('claims', () => {
  const resource = 'persistentvolumeclaims';
  const claim = { accessModes: ['ReadWriteOnce'], storageClassName: 'c', resources: { requests: { storage: '1Gi' } } };
  const sources = (spec: object): unknown => {
    const { dataSource, dataSourceRef } = judgeCreate(resource, { spec: { ...claim, ...spec } }).object['spec'] as Record<string, unknown>;
    return [dataSource, dataSourceRef];
  };
  const clone = { apiGroup: null, kind: 'PersistentVolumeClaim', name: 'x' };
  const other = { apiGroup: 'a.b', kind: 'Thing', name: 'x' };
  test.each([
    [{ dataSource: clone }, [clone, clone]],
    [{ dataSourceRef: other }, [other, other]],
    [{ dataSource: other }, [undefined, undefined]],
    [{ dataSourceRef: { ...other, namespace: 'm' } }, [undefined, undefined]],
  ])('what a volume starts with: %j', (spec, both) => expect(sources(spec)).toEqual(both));

  const made = judgeCreate(resource, { spec: claim });
  const bound = { ...made, object: { ...made.object, status: { phase: 'Bound', capacity: { storage: '1Gi' } } } };
  const fixed =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  const sized = (storage: string): object => ({ ...claim, resources: { requests: { storage } } });
  test.each([
    [made, { ...claim, volumeName: 'v' }, []],
    [made, sized('2Gi'), [fixed]],
    [bound, sized('2Gi'), []],
    [bound, sized('1Mi'), ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity']],
    [bound, { ...claim, volumeAttributesClassName: 'fast' }, []],
    [made, { ...claim, volumeMode: 'Block' }, [fixed, 'volumeMode: Invalid value: "Block": field is immutable']],
  ])('change %#', (old, spec, refusals) => expect(judgeUpdate(resource, old, { spec }).refusals).toEqual(refusals));

  test('bytes that are not whole are told', () =>
    expect(judgeCreate(resource, { spec: sized('1500m') }).warnings).toEqual([
      'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ]));
});

test('the nodes of a volume stay, but labels in beta may become the ones that took their place', () => {
  const choosing = (key: string, value = 'linux'): object => ({
    ...usual,
    csi: { driver: 'd', volumeHandle: 'h' },
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [value] }] }] } },
  });
  const made = judgeCreate('persistentvolumes', { spec: choosing('beta.kubernetes.io/os') });
  const changed = (spec: object): readonly string[] => judgeUpdate('persistentvolumes', made, { spec }).refusals;
  expect(changed(choosing('kubernetes.io/os'))).toEqual([]);
  for (const other of [choosing('kubernetes.io/os', 'windows'), choosing('kubernetes.io/arch')])
    expect(changed(other)).toEqual([
      expect.stringMatching(/^nodeAffinity: .*: field is immutable, except for updating from beta label to GA$/),
    ]);
});

test('what is reported of a claim names resources that there are, and amounts that may be', () => {
  const made = judgeCreate('persistentvolumeclaims', {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } },
  });
  const status = { capacity: { storage: '-5' }, allocatedResources: { cpu: '1' }, allocatedResourceStatuses: { storage: 'Nope' } };
  expect(judgeUpdate('persistentvolumeclaims', made, { status }, 'status').refusals).toEqual([
    'status.capacity[storage]: Invalid value: -5: must be a valid resource quantity',
    'status.allocatedResourceStatus: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
    'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
  ]);
});

test('the secrets of a service account are kept by name, also later', () => {
  const made = judgeCreate('serviceaccounts', {});
  const { object } = judgeUpdate('serviceaccounts', made, { secrets: [{ name: 'a', namespace: 'b' }] });
  expect(object['secrets']).toEqual([{ name: 'a' }]);
});
