// Proves what APIServices refuse, and what they get without being asked.
import { expect, test } from 'vitest';
import { judgeCreate } from '../../testing/judged-object.ts';

const resource = 'apiservices apiregistration.k8s.io';
const local = { group: 'b.c', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 };
const named = (name: string, spec: object) => judgeCreate(resource, { metadata: { name }, spec });

test('one that is elsewhere is reached by HTTPS unless told', () => {
  const { object, refusals } = named('v1.b.c', { ...local, service: { name: 'a', namespace: 'b' } });
  expect(refusals).toEqual([]);
  expect(object['spec']).toMatchObject({ service: { name: 'a', namespace: 'b', port: 443 } });
});

test.each<[string, object, readonly string[]]>([
  ['v1.b.c', local, []],
  ['v1.', { ...local, group: '' }, []],
  ['v1.b.d', local, ['metadata.name: Invalid value: "v1.b.d": must be `spec.version+"."+spec.group`: "v1.b.c"']],
  [
    'v2.',
    { ...local, group: '', version: 'v2' },
    ['spec.group: Required value: only v1 may have an empty group and it better be legacy kube'],
  ],
  [
    'v1.b.c',
    { ...local, groupPriorityMinimum: 0, versionPriority: 1001, caBundle: 'eA==', insecureSkipTLSVerify: true },
    [
      'spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000',
      'spec.versionPriority: Invalid value: 1001: must be positive and less than 1000',
      'spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle',
      'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
    ],
  ],
  [
    'v1.b.c',
    { ...local, service: { port: 70_000 }, caBundle: 'eA==', insecureSkipTLSVerify: true },
    [
      'spec.service.namespace: Required value',
      'spec.service.name: Required value',
      'spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
      'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
    ],
  ],
])('%s with %j', (name, spec, refusals) => expect(named(name, spec).refusals).toEqual(refusals));
