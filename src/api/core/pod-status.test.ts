// Proves what a pod's status may say of addresses, claims, users and devices.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

const one = { name: 'c', image: '', imageID: '', ready: true, restartCount: 0 };
const spec = {
  containers: [{ name: 'c', image: 'a', resources: { requests: { cpu: '1' }, claims: [{ name: 'x', request: 'r' }] } }],
  resourceClaims: [{ name: 'x', resourceClaimName: 'y' }],
};

test.each<[string, object, readonly string[]]>([
  ['one address a family', { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] }, []],
  [
    'two addresses of a family',
    { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] },
    ['status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.2"}]: may specify no more than one IP for each IP family'],
  ],
  [
    'an address of the host twice',
    { hostIP: 'fd00::1', hostIPs: [{ ip: 'fd00::1' }, { ip: '10.0.0.1' }, { ip: '10.0.0.1' }] },
    [
      'status.hostIPs: Invalid value: [{"IP":"fd00::1"},{"IP":"10.0.0.1"},{"IP":"10.0.0.1"}]: may specify no more than one IP for each IP family',
      'status.hostIPs[2]: Duplicate value: {"IP":"10.0.0.1"}',
    ],
  ],
  [
    'a claim that the pod does not have',
    { resourceClaimStatuses: [{ name: 'z' }] },
    ['status.resourceClaimStatuses[0].name: Invalid value: "z": must match the name of an entry in `spec.resourceClaims`'],
  ],
  [
    'a user below zero',
    { containerStatuses: [{ ...one, user: { linux: { uid: -1, gid: 0 } } }] },
    ['status.containerStatuses[0].linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive'],
  ],
  ['a device of a claim', { containerStatuses: [{ ...one, allocatedResourcesStatus: [{ name: 'claim:x/r', resources: [] }] }] }, []],
  [
    'a device that was not asked for, twice, in a state nobody knows',
    {
      containerStatuses: [
        {
          ...one,
          allocatedResourcesStatus: [
            {
              name: 'memory',
              resources: [
                { resourceID: 'a', health: 'Bad' },
                { resourceID: 'a', health: 'Healthy' },
              ],
            },
          ],
        },
      ],
    },
    [
      'status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: "memory": must match one of the container\'s resource requests',
      'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].health: Unsupported value: "Bad": supported values: "Healthy", "Unhealthy", "Unknown"',
      'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].resourceID: Duplicate value: "a"',
    ],
  ],
])('a status with %s', (_, status, refusals) => {
  const made = judgeCreate('pods', { spec });
  expect(made.refusals).toEqual([]);
  expect(judgeUpdate('pods', made, { status }, 'status').refusals).toEqual(refusals);
});

test.each<[string, object, readonly string[]]>([
  [
    'a part of a claim that is used whole, and a claim that is not there',
    { containers: [{ name: 'c', image: 'a', resources: { claims: [{ name: 'x', request: 'r' }, { name: 'x' }, { name: 'z' }] } }] },
    [
      'spec.containers[0].resources.claims[1]: Duplicate value: "x"',
      'spec.containers[0].resources.claims[2]: Not found: "z": must be one of the names in pod.spec.resourceClaims: x',
    ],
  ],
  [
    'variables from nowhere',
    { containers: [{ name: 'c', image: 'a', envFrom: [{ configMapRef: {} }, { secretRef: { name: 'a-' } }] }] },
    ['spec.containers[0].envFrom[0].configMapRef.name: Required value'],
  ],
  [
    'what Windows does not have',
    { os: { name: 'windows' }, securityContext: { seLinuxChangePolicy: 'Recursive', sysctls: [] } },
    ['spec.securityContext.seLinuxChangePolicy: Forbidden: cannot be set for a windows pod'],
  ],
  [
    'a host process of two minds',
    {
      hostNetwork: true,
      securityContext: { windowsOptions: { hostProcess: true } },
      containers: [{ name: 'c', image: 'a', securityContext: { windowsOptions: { hostProcess: false } } }],
    },
    [
      'spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true',
    ],
  ],
  ['an operating system without a name', { os: { name: '' } }, ['spec.os.name: Required value: cannot be empty']],
])('a spec with %s', (_, part, refusals) => {
  const { resourceClaims } = spec;
  expect(judgeCreate('pods', { spec: { containers: [{ name: 'c', image: 'a' }], resourceClaims, ...part } }).refusals).toEqual(refusals);
});
