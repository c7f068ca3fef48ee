// Proves what annotations of pods and templates may say, that they agree with the fields, and which of them stay.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

const containers = [{ name: 'c', image: 'a' }];
const seccomp = 'container.seccomp.security.alpha.kubernetes.io/c';
const armor = 'container.apparmor.security.beta.kubernetes.io/c';
const mirror = 'kubernetes.io/config.mirror';

test.each([
  ['a profile outside', { [seccomp]: 'localhost//a' }, {}, `.${seccomp}: Invalid value: "/a": must be a relative path`],
  ['an unknown profile', { [seccomp]: 'x' }, {}, `.${seccomp}: Invalid value: "x": must be a valid seccomp profile`],
  [
    'another seccomp type',
    { [seccomp]: 'unconfined' },
    { seccompProfile: { type: 'RuntimeDefault' } },
    'seccompProfile.type: Forbidden: seccomp type in annotation and field must match',
  ],
  [
    'another seccomp profile',
    { [seccomp]: 'localhost/a' },
    { seccompProfile: { type: 'Localhost', localhostProfile: 'b' } },
    'seccompProfile.localhostProfile: Forbidden: seccomp profile in annotation and field must match',
  ],
  ['the same by its old name', { [seccomp]: 'docker/default' }, { seccompProfile: { type: 'RuntimeDefault' } }, undefined],
  [
    'another AppArmor type',
    { [armor]: 'unconfined' },
    { appArmorProfile: { type: 'RuntimeDefault' } },
    'appArmorProfile.type: Forbidden: apparmor type in annotation and field must match',
  ],
  [
    'another AppArmor profile',
    { [armor]: 'localhost/a' },
    { appArmorProfile: { type: 'Localhost', localhostProfile: 'b' } },
    'appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match',
  ],
  ['the same AppArmor profile', { [armor]: 'localhost/a' }, { appArmorProfile: { type: 'Localhost', localhostProfile: 'a' } }, undefined],
])('pods and templates that name %s', (_, annotations, securityContext, refusal) => {
  const spec = { containers: [{ ...containers[0], securityContext }] };
  const pod = judgeCreate('pods', { metadata: { annotations }, spec });
  const template = judgeCreate('podtemplates', { template: { metadata: { annotations }, spec } });
  for (const { refusals } of [pod, template])
    expect(refusals).toEqual(refusal === undefined ? [] : [expect.stringMatching(new RegExp(`${refusal.replaceAll(/[./]/g, '.')}$`))]);
});

test.each([
  ['added', {}, { [mirror]: 'x' }, 'may not add mirror pod annotation'],
  ['changed', { [mirror]: 'x' }, { [mirror]: 'y' }, 'may not remove or update mirror pod annotation'],
  ['removed', { [armor]: 'unconfined' }, {}, 'may not remove or update AppArmor annotations'],
])('an annotation that is %s later', (_, before, after, refusal) => {
  const made = judgeCreate('pods', { metadata: { annotations: before }, spec: { nodeName: 'n', containers } });
  const change = { metadata: { ...made.object.metadata, annotations: after } };
  for (const path of ['', 'status'] as const)
    expect(judgeUpdate('pods', made, change, path).refusals).toEqual([expect.stringContaining(`Forbidden: ${refusal}`)]);
});
