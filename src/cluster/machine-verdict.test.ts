// Owns the table of machines and what Peapod does on each.
import { expect, test } from 'vitest';
import type { MachineFacts } from './machine.ts';
import { checksOf, decideRuntime } from './machine-verdict.ts';

const whole: MachineFacts = {
  platform: 'linux',
  arch: 'x64',
  root: true,
  apt: true,
  containerd: '/usr/bin/containerd',
  runc: '/usr/sbin/runc',
  crun: undefined,
  cniDir: '/usr/lib/cni',
  nft: '/usr/sbin/nft',
  ip: '/sbin/ip',
  conntrack: '/usr/sbin/conntrack',
  mount: '/bin/mount',
  cgroups: 'v2',
  rootShared: true,
  sysResource: true,
  sysAdmin: true,
  memoryBytes: 8e9,
};

test.each([
  ['everything there', 'auto', {}, { runtime: 'cri' }],
  ['asked for simulated', 'simulated', {}, { runtime: 'simulated', reason: undefined }],
  [
    'nothing installed, root with apt',
    'auto',
    { containerd: undefined, nft: undefined },
    { runtime: 'cri', install: ['containerd', 'nftables'] },
  ],
  ['only crun', 'auto', { runc: undefined, crun: '/usr/bin/crun' }, { runtime: 'cri' }],
] as const)('%s', (_, choice, differs, expected) => {
  expect(decideRuntime(choice, { ...whole, ...differs }, undefined)).toEqual(expected);
});

test('without root, auto falls back to simulated containers and says why and what to do', () => {
  const decision = decideRuntime('auto', { ...whole, root: false, sysAdmin: false }, undefined);
  expect(decision).toEqual({ runtime: 'simulated', reason: 'the right to make namespaces: not root (run as root (sudo ./peapod up))' });
});

test('without root, cri is refused with the reason', () => {
  expect(decideRuntime('cri', { ...whole, root: false }, undefined)).toMatchObject({
    runtime: 'impossible',
    reason: expect.stringContaining('not root'),
  });
});

test('root without apt cannot install: simulated, naming what is missing', () => {
  expect(decideRuntime('auto', { ...whole, apt: false, containerd: undefined }, undefined)).toMatchObject({
    runtime: 'simulated',
    reason: expect.stringContaining('containerd: missing'),
  });
});

test("a runtime of the person's own needs no containerd here", () => {
  expect(decideRuntime('cri', { ...whole, containerd: undefined, runc: undefined, cniDir: undefined }, 'unix:///run/x.sock')).toEqual({
    runtime: 'cri',
  });
});

test('every failing check says what to do', () => {
  const bare = {
    ...whole,
    platform: 'darwin',
    root: false,
    sysAdmin: false,
    cgroups: 'none',
    containerd: undefined,
    runc: undefined,
    cniDir: undefined,
    nft: undefined,
    ip: undefined,
    mount: undefined,
  } as const;
  for (const check of checksOf(bare).filter(({ ok, needed }) => needed && !ok)) expect(check.mend, check.name).toBeTruthy();
});
