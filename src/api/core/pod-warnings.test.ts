// Proves what writers of pods and templates are told of specs that are accepted all the same.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

const container = { name: 'c', image: 'a' };
const warningsOf = (spec: object, metadata: object = {}): readonly string[] =>
  judgeCreate('pods', { metadata, spec: { containers: [container], ...spec } }).warnings;
const term = { topologyKey: 'zone' };

test.each([
  [
    { nodeSelector: { 'node-role.kubernetes.io/master': '' } },
    ['spec.nodeSelector[node-role.kubernetes.io/master]: use "node-role.kubernetes.io/control-plane" instead'],
  ],
  [{ hostAliases: [{ ip: '1.2.3.4' }, { ip: '1.2.3.4' }] }, ['spec.hostAliases[1].ip: duplicate ip "1.2.3.4"']],
  [
    { affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] } } },
    [
      'spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod',
    ],
  ],
  [
    {
      volumes: [
        {
          name: 'v',
          configMap: {
            name: 'm',
            items: [
              { key: 'a', path: 'x' },
              { key: 'b', path: 'x/y' },
            ],
          },
        },
      ],
    },
    ['volume "v" (ConfigMap "m"): overlapping paths: "x/y" with "x"'],
  ],
  [
    {
      volumes: [
        {
          name: 'v',
          projected: {
            sources: [
              { serviceAccountToken: { path: 't' } },
              { downwardAPI: { items: [{ path: 't/u', fieldRef: { fieldPath: 'metadata.name' } }] } },
            ],
          },
        },
      ],
    },
    ['volume "v" (Projected DownwardAPI): overlapping paths: "t/u" with "t"'],
  ],
  [
    { containers: [{ ...container, ports: [{ containerPort: 80, hostIP: '1.2.3.4' }] }] },
    ['spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:1.2.3.4}'],
  ],
  [
    { dnsConfig: { nameservers: ['FD00::1'] } },
    ['spec.dnsConfig.nameservers[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")'],
  ],
])('%j', (spec, warnings) => expect(warningsOf(spec)).toEqual(warnings));

const profile = 'container.apparmor.security.beta.kubernetes.io/c';
const told = `metadata.annotations[${profile}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
test('an AppArmor annotation becomes the field, and is told of even where the pod is refused', () => {
  const good = judgeCreate('pods', { metadata: { annotations: { [profile]: 'localhost/p' } }, spec: { containers: [container] } });
  expect(good.warnings).toEqual([told]);
  expect(good.object['spec']).toMatchObject({
    containers: [{ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } } }],
  });
  const bad = judgeCreate('pods', { metadata: { annotations: { [profile]: 'nope' } }, spec: { containers: [container] } });
  expect([bad.warnings, bad.refusals.length]).toEqual([[told], 1]);
});

test('templates are told of when they are new or changed, with the way to them', () => {
  const template = { metadata: { labels: { a: 'b' }, annotations: { [profile]: 'unconfined' } }, spec: { containers: [container] } };
  const spec = { selector: { matchLabels: { a: 'b' } }, template };
  const made = judgeCreate('deployments apps', { metadata: { name: 'a.b' }, spec });
  expect(made.warnings).toEqual([
    `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]`,
    `spec.template.${told}`,
  ]);
  expect(judgeUpdate('deployments apps', made, { spec: { ...spec, replicas: 3 } }).warnings).toEqual([`spec.template.${told}`]);
  expect(judgeUpdate('deployments apps', made, {}).warnings).toEqual([]);
});
