// Proves what ingresses, their classes, network policies, service ranges and addresses refuse, and what of them may change.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

const ingresses = 'ingresses networking.k8s.io';
const service = { name: 's', port: { number: 80 } };
const withPath = (path: object): object => ({ spec: { rules: [{ http: { paths: [{ backend: { service }, ...path }] } }] } });

test.each([
  ['nothing to do', { spec: {} }, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
  ['a path without a type', withPath({ path: '/' }), ['spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified']],
  [
    'an unknown type of path',
    withPath({ path: '/', pathType: 'Glob' }),
    ['spec.rules[0].http.paths[0].pathType: Unsupported value: "Glob": supported values: "Exact", "ImplementationSpecific", "Prefix"'],
  ],
  [
    'a path that climbs',
    withPath({ path: '/a/..', pathType: 'Exact' }),
    [`spec.rules[0].http.paths[0].path: Invalid value: "/a/..": cannot end with '/..'`],
  ],
  [
    'a port by name and by number',
    { spec: { defaultBackend: { service: { name: 's', port: { name: 'web', number: 80 } } } } },
    ['spec.defaultBackend: Invalid value: "": cannot set both port name & port number'],
  ],
  [
    'a resource without a kind',
    { spec: { defaultBackend: { resource: { kind: '', name: 'a/b' } } } },
    [
      'spec.defaultBackend.resource.kind: Required value: kind is required',
      `spec.defaultBackend.resource.name: Invalid value: "a/b": may not contain '/'`,
    ],
  ],
])('an ingress with %s is refused', (_, body, refusals) =>
  expect(judgeCreate(ingresses, body as Record<string, unknown>).refusals).toEqual(refusals),
);

test('an ingress that names its class by annotation is taken with a warning, and only when it is new', () => {
  const body = { metadata: { annotations: { 'kubernetes.io/ingress.class': 'x' } }, spec: { defaultBackend: { service } } };
  const made = judgeCreate(ingresses, body);
  expect(made.warnings).toEqual([`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`]);
  expect(judgeUpdate(ingresses, made, {}).warnings).toEqual([]);
});
test('the address of an ingress is checked with its status', () => {
  const made = judgeCreate(ingresses, { spec: { defaultBackend: { service } } });
  const status = { loadBalancer: { ingress: [{ ip: 'x' }, { hostname: '1.2.3.4' }] } };
  expect(judgeUpdate(ingresses, made, { status }, 'status').refusals).toEqual([
    'status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
  ]);
});

test.each([
  [{ controller: 'nope' }, ['spec.controller: Invalid value: "nope": must be a domain-prefixed path (such as "acme.io/foo")']],
  [
    { controller: 'a.b/c d' },
    [`spec.controller: Invalid value: "c d": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$\\u0026'()*+,;=:]+')`],
  ],
  [{ controller: 'a.b/c', parameters: { kind: 'K', name: 'n' } }, []],
  [
    { controller: 'a.b/c', parameters: { kind: '', name: 'n', scope: 'World' } },
    [
      'spec.parameters.kind: Required value: kind is required',
      'spec.parameters.scope: Unsupported value: "World": supported values: "Cluster", "Namespace"',
    ],
  ],
])('the class %j', (spec, refusals) =>
  expect(judgeCreate('ingressclasses networking.k8s.io', { spec }).refusals.map((text) => text.replace('&', '\\u0026'))).toEqual(refusals),
);

const policies = 'networkpolicies networking.k8s.io';
test.each([
  [
    { ingress: [{ ports: [{ port: 90, endPort: 80 }] }] },
    'spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`',
  ],
  [{ egress: [{ to: [{}] }] }, 'spec.egress[0].to[0]: Required value: must specify a peer'],
  [{ egress: [{ to: [{ ipBlock: { cidr: '' } }] }] }, 'spec.egress[0].to[0].ipBlock.cidr: Required value'],
  [
    { egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/7'] } }] }] },
    'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "10.0.0.0/7": must be a strict subset of `cidr`',
  ],
])('the network policy %j', (spec, refusal) =>
  expect(judgeCreate(policies, { spec: { podSelector: {}, ...spec } }).refusals).toEqual([refusal]),
);

test('a service range may gain the other family and nothing else', () => {
  const resource = 'servicecidrs networking.k8s.io';
  const made = judgeCreate(resource, { spec: { cidrs: ['10.97.0.0/24'] } });
  const changed = (cidrs: readonly string[]): readonly string[] => judgeUpdate(resource, made, { spec: { cidrs } }).refusals;
  expect(changed(['10.97.0.0/24', 'fd00::/64'])).toEqual([]);
  expect(changed(['10.98.0.0/24'])).toEqual(['spec.cidrs[0]: Invalid value: "10.98.0.0/24": field is immutable']);
  expect(changed([])).toEqual(['spec.cidrs: Invalid value: []: field is immutable']);
});
test('an address belongs to one parent for good', () => {
  const resource = 'ipaddresses networking.k8s.io';
  const made = judgeCreate(resource, { metadata: { name: '10.96.0.9' }, spec: { parentRef: { resource: 'services', name: 's' } } });
  expect(made.refusals).toEqual([]);
  expect(judgeUpdate(resource, made, { spec: { parentRef: { resource: 'services', name: 't' } } }).refusals).toEqual([
    'spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"","Name":"t"}: field is immutable',
  ]);
});

test('a resource that stands for a backend has a kind and a name', () => {
  const spec = { defaultBackend: { resource: { kind: '', name: '' } } };
  expect(judgeCreate('ingresses networking.k8s.io', { spec }).refusals).toEqual([
    'spec.defaultBackend.resource.kind: Required value: kind is required',
    'spec.defaultBackend.resource.name: Required value: name is required',
  ]);
});
