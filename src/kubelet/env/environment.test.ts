// Owns the proof of the environment: every source, expansion, service variables, and the errors in upstream's words.
import { expect, test } from 'vitest';
import type { Container, Pod, Service } from '../../api/core/v1.ts';
import { valueInEnvFile } from './env-file.ts';
import { environmentOf, type ReferencedObjects } from './environment.ts';
import { expand } from './expand.ts';

const pod = {
  metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { a: 'b' }, annotations: { 'x/y': 'z' } },
  spec: { containers: [], serviceAccountName: 'sa', enableServiceLinks: false },
} as unknown as Pod;
const facts = { nodeName: 'node1', hostIps: ['10.0.0.1'], podIps: ['10.42.0.2'], allocatable: { cpu: '4', memory: '8Gi' } };

const objects: ReferencedObjects = {
  configMap: (name) => (name === 'conf' ? ({ metadata: { name }, data: { color: 'blue', 'not.a.name': 'dotted' } } as never) : undefined),
  secret: (name) => (name === 'hush' ? ({ metadata: { name }, data: { b: Buffer.from('x\ny').toString('base64') } } as never) : undefined),
  services: [],
};

function env(container: Partial<Container>, more: Partial<ReferencedObjects> = {}, of: Pod = pod): Record<string, string> {
  return Object.fromEntries(environmentOf(of, { name: 'c', ...container }, { ...objects, ...more }, facts));
}

test.each([
  ['$(A) and $(MISSING) and $$(A)', 'one and $(MISSING) and $(A)'],
  ['$A', '$A'],
  ['$(A', '$(A'],
  ['$$$(A)', '$one'],
  ['100$', '100$'],
  ['$(X$(A))', '$(X$(A))'],
  ['$(A $(A)', '$(A $(A)'],
  ['$() $(A)', '$() one'],
])('%s expands to %s', (text, expected) => {
  expect(expand(text, (name) => (name === 'A' ? 'one' : undefined))).toBe(expected);
});

test.each<[string, Partial<Container>, Record<string, string>]>([
  [
    'values see earlier ones only',
    { env: [{ name: 'C', value: '$(D)' }, { name: 'D', value: 'late' }, { name: 'E' }] },
    { C: '$(D)', D: 'late', E: '' },
  ],
  ['a key of a config map', { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'conf', key: 'color' } } }] }, { X: 'blue' }],
  [
    'an optional key that is absent',
    { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'conf', key: 'no', optional: true } } }] },
    {},
  ],
  [
    'an optional map that is absent',
    { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'no', key: 'no', optional: true } } }] },
    {},
  ],
  ['a key of a secret', { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'hush', key: 'b' } } }] }, { X: 'x\ny' }],
  [
    'all of a map with a prefix',
    { envFrom: [{ prefix: 'P_', configMapRef: { name: 'conf' } }] },
    { P_color: 'blue', 'P_not.a.name': 'dotted' },
  ],
  [
    'fields',
    {
      env: [
        { name: 'L', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } },
        { name: 'N', valueFrom: { fieldRef: { fieldPath: "metadata.labels['none']" } } },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      ],
    },
    { L: 'b', N: '', IP: '10.42.0.2', NODE: 'node1' },
  ],
  [
    'resources, rounded up',
    {
      resources: { requests: { cpu: '250m', memory: '20Mi' }, limits: { cpu: '1500m' } },
      env: [
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'CPU_M', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
        { name: 'RMEM', valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1M' } } },
        { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Gi' } } },
      ],
    },
    { CPU: '2', CPU_M: '1500', RMEM: '21', MEM: '8' },
  ],
])('%s', (_, container, expected) => {
  expect(env(container)).toEqual(expected);
});

test.each<[Partial<Container>, string]>([
  [{ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'nosuch', key: 'a' } } }] }, 'configmap "nosuch" not found'],
  [{ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'nosuch', key: 'a' } } }] }, 'secret "nosuch" not found'],
  [{ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'hush', key: 'a' } } }] }, "couldn't find key a in Secret ns/hush"],
  [{ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'conf', key: 'a' } } }] }, "couldn't find key a in ConfigMap ns/conf"],
  [{ envFrom: [{ configMapRef: { name: 'nosuch' } }] }, 'configmap "nosuch" not found'],
])('%o is refused: %s', (container, message) => {
  expect(() => env(container)).toThrow(message);
});

test('services: host and ports of the namespace, the API in any case, none for headless ones', () => {
  const service = (namespace: string, name: string, clusterIP: string, ports: NonNullable<Service['spec']>['ports']): Service =>
    ({ metadata: { namespace, name }, spec: { clusterIP, ports } }) as Service;
  const services = [
    service('default', 'kubernetes', '10.96.0.1', [{ name: 'https', port: 443 }]),
    service('ns', 'my-shop', '10.96.0.9', [
      { name: 'http', port: 80 },
      { name: 'admin', port: 9000, protocol: 'UDP' },
    ]),
    service('ns', 'headless', 'None', [{ port: 80 }]),
    service('other', 'far', '10.96.0.8', [{ port: 80 }]),
  ];
  const linked = { ...pod, spec: { ...pod.spec, containers: [], enableServiceLinks: true } } as Pod;
  const got = env({}, { services }, linked);
  expect(got).toMatchObject({
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_SERVICE_PORT_HTTPS: '443',
    KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
  });
  expect(got).toMatchObject({
    MY_SHOP_SERVICE_PORT: '80',
    MY_SHOP_SERVICE_PORT_ADMIN: '9000',
    MY_SHOP_PORT_9000_UDP: 'udp://10.96.0.9:9000',
  });
  expect(Object.keys(got).some((name) => /^(HEADLESS|FAR)/.test(name))).toBe(false);
  expect(Object.keys(env({}, { services }))).not.toContain('MY_SHOP_SERVICE_PORT');
});

test.each<[string, string, string]>([
  ["A='one'", 'A', 'one'],
  ["# said\n\n  A='one two' # why\nB='3'", 'B', '3'],
  ["A='one\ntwo'\nB='x'", 'A', 'one\ntwo'],
  ["A='one\ntwo'\nB='x'", 'B', 'x'],
  ["A='one'\r\nB='x'\r\n", 'B', 'x'],
  ["A='one'", 'C', ''],
  ["A= 'one'\nB='2'", 'A', ''],
  ["A= one\nB='2'", 'B', '2'],
  ["A='1'\nnonsense", 'A', '1'],
])('in the file %j %s is %j', (text, key, value) => {
  expect(valueInEnvFile(text, key)).toBe(value);
});

test.each(["A='1'\nnonsense", '=1', "A ='1'", 'A=1', "A='1", "A='1' 2"])('the file %j is none', (text) => {
  expect(() => valueInEnvFile(text, 'B')).toThrow("couldn't parse env file");
});

test.each<[string, Partial<ReferencedObjects>, boolean, string]>([
  ['no such volume', {}, true, 'cannot find the volume "v" referenced by FileKeyRef'],
  ['no such file', { file: () => ({ path: '/n/f', text: undefined }) }, true, "couldn't parse env file"],
  ['no such key', { file: () => ({ path: '/n/f', text: "B='1'" }) }, false, 'environment variable key "A" not found in file "/n/f"'],
  ['an empty value', { file: () => ({ path: '/n/f', text: "A=''" }) }, false, 'environment variable key "A" not found in file "/n/f"'],
])('a variable of a file: %s', (_, from, optional, message) => {
  const container = { env: [{ name: 'X', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'f', key: 'A', optional } } }] };
  expect(() => env(container as never, from)).toThrow(message);
});

const limited = (name: string, limits?: Record<string, string>) => ({ name, ...(limits === undefined ? {} : { resources: { limits } }) });

test.each<[string, object, object, string]>([
  ["the node's, where there is no limit", {}, { resource: 'limits.cpu' }, '4'],
  ["the node's, where the limit is 0", { containers: [limited('c', { cpu: '0' })] }, { resource: 'limits.cpu', containerName: 'c' }, '4'],
  ["the pod's, where it has one", { resources: { limits: { cpu: '2' } } }, { resource: 'limits.cpu' }, '2'],
  ['none, of an init container that is named', { initContainers: [limited('i')] }, { resource: 'limits.cpu', containerName: 'i' }, '0'],
  ['none, of huge pages', {}, { resource: 'limits.hugepages-2Mi' }, '0'],
])('a limit is %s', (_, spec, resourceFieldRef, expected) => {
  const bounded = { ...pod, spec: { ...pod.spec, ...spec } } as unknown as Pod;
  expect(env({ env: [{ name: 'X', valueFrom: { resourceFieldRef } }] } as never, {}, bounded)['X']).toBe(expected);
});
