// Proves what services, quotas and limit ranges refuse, what of them may change, and what is told of services that are accepted.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

const ports = [{ port: 80 }];
const refusalsOf = (resource: string, body: object): readonly string[] => judgeCreate(resource, body as Record<string, unknown>).refusals;

test.each([
  ['no ports', { type: 'ClusterIP' }, ['spec.ports: Required value']],
  [
    'a type nobody knows',
    { type: 'Nope', ports },
    ['spec.type: Unsupported value: "Nope": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
  ],
  ['no name outside', { type: 'ExternalName' }, ['spec.externalName: Required value']],
  [
    'a headless node port',
    { type: 'NodePort', clusterIP: 'None', clusterIPs: ['None'], ports },
    ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services'],
  ],
  ['no name for one of two ports', { ports: [{ port: 80, name: 'a' }, { port: 81 }] }, ['spec.ports[1].name: Required value']],
  [
    'two ports that are one',
    {
      ports: [
        { port: 80, name: 'a' },
        { port: 80, name: 'b' },
      ],
    },
    ['spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80'],
  ],
])('a service with %s is refused', (_, spec, refusals) => {
  const given = refusalsOf('services', { spec });
  for (const refusal of refusals) expect(given).toContainEqual(expect.stringContaining(refusal.slice(0, 60)));
  expect(given).toHaveLength(refusals.length);
});

test('an address of a service stays, and its status speaks of load balancers only', () => {
  const made = judgeCreate('services', { spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports } });
  const spec = { ...(made.object['spec'] as object), clusterIP: '10.96.0.8', clusterIPs: ['10.96.0.8'] };
  expect(judgeUpdate('services', made, { spec }).refusals).toEqual([
    'spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set',
  ]);
  const status = { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } };
  expect(judgeUpdate('services', made, { status }, 'status').refusals).toEqual([
    "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
  ]);
});

test('what does nothing or goes out of use is told', () => {
  expect(judgeCreate('services', { spec: { externalName: 'a.b', trafficDistribution: 'PreferClose', ports } }).warnings).toEqual([
    'spec.externalName is ignored when spec.type is not "ExternalName"',
    'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
  ]);
});

test.each([
  [
    'a scope that fits nothing counted',
    { hard: { configmaps: 1 }, scopes: ['BestEffort'] },
    ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
  ],
  [
    'opposite scopes',
    { hard: { pods: 1 }, scopes: ['BestEffort', 'NotBestEffort'] },
    ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes'],
  ],
  [
    'a resource nobody counts',
    { hard: { nope: 1 } },
    [
      'spec.hard[nope]: Invalid value: "nope": must be a standard resource type or fully qualified',
      'spec.hard[nope]: Invalid value: "nope": must be a standard resource for quota',
    ],
  ],
  ['less than nothing', { hard: { pods: -1 } }, ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0']],
])('a quota with %s is refused', (_, spec, refusals) => expect(refusalsOf('resourcequotas', { spec })).toEqual(refusals));

test('the scopes of a quota stay', () => {
  const made = judgeCreate('resourcequotas', { spec: { hard: { pods: '1' }, scopes: ['BestEffort'] } });
  expect(judgeUpdate('resourcequotas', made, { spec: { hard: { pods: '1' } } }).refusals).toEqual([
    'spec.scopes: Invalid value: null: field is immutable',
  ]);
});

test.each([
  [
    'a type nobody knows',
    [{ type: 'Nope' }],
    ['spec.limits[0].type: Invalid value: "Nope": must be a standard limit type or fully qualified'],
  ],
  [
    'defaults for pods',
    [{ type: 'Pod', default: { cpu: '1' } }],
    ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
  ],
  [
    'more at least than at most',
    [{ type: 'Pod', min: { cpu: '2' }, max: { cpu: '1' } }],
    ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
  ],
  [
    'claims without a size',
    [{ type: 'PersistentVolumeClaim' }],
    ['spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided'],
  ],
])('a limit range with %s is refused', (_, limits, refusals) => expect(refusalsOf('limitranges', { spec: { limits } })).toEqual(refusals));

test('the families of a service stay, and a second address goes only with the policy for it', () => {
  const two = {
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1', 'fd00::1'],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'PreferDualStack',
  };
  const made = judgeCreate('services', { spec: { ...two, ports } });
  const changed = (part: object): readonly string[] =>
    judgeUpdate('services', made, { spec: { ...(made.object['spec'] as object), ...part } }).refusals;
  expect(changed({ ipFamilies: ['IPv6', 'IPv4'] })).toEqual([
    'spec.ipFamilies[0]: Invalid value: ["IPv6","IPv4"]: may not change once set',
    'spec.ipFamilies[0]: Invalid value: ["IPv6","IPv4"]: may not change once set',
  ]);
  expect(changed({ clusterIPs: ['10.0.0.1'] })).toEqual([
    'spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be set to \'SingleStack\' when releasing the secondary clusterIP',
  ]);
  expect(changed({ clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })).toEqual([]);
});

test.each([
  ['an array', '[]', 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ['nothing', '', 'unexpected end of JSON input'],
  ['null', 'null', undefined],
])('the registry secret of a text that is %s', (_, text, refusal) => {
  const data = { '.dockercfg': Buffer.from(text).toString('base64') };
  const shown = `data[.dockercfg]: Invalid value: "<secret contents redacted>": ${refusal}`;
  expect(refusalsOf('secrets', { type: 'kubernetes.io/dockercfg', data })).toEqual(refusal === undefined ? [] : [shown]);
});
