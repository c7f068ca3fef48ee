// Proves what claims for devices, classes and slices refuse, and what of them may change.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

const group = 'resource.k8s.io';
const claims = `resourceclaims ${group}`;
const request = { name: 'r', exactly: { deviceClassName: 'c' } };
const devices = (change: object): Record<string, unknown> => ({ spec: { devices: { requests: [request], ...change } } });

test('a claim for nothing is taken as it is', () => {
  const { object, refusals } = judgeCreate(claims, {});
  expect(refusals).toEqual([]);
  expect(object['spec']).toEqual({ devices: { requests: null } });
});

test.each([
  [
    'a request for nothing',
    { requests: [{ name: 'r' }] },
    ['spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required'],
  ],
  ['a request twice', { requests: [request, request] }, ['spec.devices.requests[1]: Duplicate value: "r"']],
  [
    'a count of all',
    { requests: [{ name: 'r', exactly: { deviceClassName: 'c', allocationMode: 'All', count: 2 } }] },
    ["spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"],
  ],
  [
    'a selector that is no answer',
    { requests: [{ name: 'r', exactly: { deviceClassName: 'c', selectors: [{ cel: { expression: 'device.driver' } }] } }] },
    [
      'spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string',
    ],
  ],
  [
    'a constraint on a stranger',
    { constraints: [{ requests: ['q'], matchAttribute: 'a.b/c' }] },
    [
      'spec.devices.constraints[0].requests[0]: Invalid value: "q": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
    ],
  ],
  [
    'an attribute of nobody',
    { constraints: [{ matchAttribute: 'c' }] },
    [
      'spec.devices.constraints[0].matchAttribute: Invalid value: "c": a fully qualified name must be a domain and a name separated by a slash',
    ],
  ],
  ['configuration for nobody', { config: [{}] }, ['spec.devices.config[0].opaque: Required value']],
])('a claim with %s is refused', (_, change, refusals) => expect(judgeCreate(claims, devices(change)).refusals).toEqual(refusals));

test('what a claim asks for stays, and it is used only where it was given something', () => {
  const made = judgeCreate(claims, devices({}));
  const [refusal = ''] = judgeUpdate(claims, made, devices({ requests: [{ ...request, name: 's' }] })).refusals;
  expect(refusal).toMatch(/^spec: Invalid value: .*: field is immutable$/);
  const status = { reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] };
  expect(judgeUpdate(claims, made, { status }, 'status').refusals).toEqual([
    'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
  ]);
});

const slices = `resourceslices ${group}`;
const slice = {
  driver: 'd.example.com',
  pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
  nodeName: 'n',
  devices: [{ name: 'd' }],
};

test.each([
  [
    'no place',
    { nodeName: undefined },
    ['spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'],
  ],
  [
    'two places',
    { allNodes: true },
    [
      'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
    ],
  ],
  ['a device twice', { devices: [{ name: 'd' }, { name: 'd' }] }, ['spec.devices[1]: Duplicate value: "d"']],
  [
    'a place of a device alone',
    { devices: [{ name: 'd', nodeName: 'm' }] },
    [
      'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    ],
  ],
])('a slice with %s is refused', (_, change, refusals) =>
  expect(judgeCreate(slices, { spec: { ...slice, ...change } }).refusals).toEqual(refusals),
);

test('an attribute has one value', () => {
  const spec = { ...slice, devices: [{ name: 'd', attributes: { a: { bool: true, int: 1 } } }] };
  expect(judgeCreate(slices, { spec }).refusals).toEqual([
    expect.stringMatching(/^spec\.devices\[0\]\.attributes\[a\]: Invalid value: .*: exactly one value must be specified$/),
  ]);
});

test('a slice stays with its driver, pool and node', () => {
  const made = judgeCreate(slices, { spec: slice });
  const spec = { ...slice, driver: 'e.example.com', nodeName: 'm' };
  expect(judgeUpdate(slices, made, { spec }).refusals).toEqual([
    'spec.driver: Invalid value: "e.example.com": field is immutable',
    'spec.nodeName: Invalid value: "m": field is immutable',
  ]);
});
