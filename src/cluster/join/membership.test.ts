// Tests what a machine keeps of having joined: it comes back whole, and what is damaged or has ended is said.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeCa, makeKey, signClient } from '../certificates.ts';
import {
  identityEndsMs,
  readIdentity,
  readMembership,
  refuseControlPlane,
  refuseMember,
  saveIdentity,
  saveMembership,
} from './membership.ts';

const scratch = mkdtempSync(join(tmpdir(), 'peapod-member-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const yearMs = 365 * 86_400_000;
const member = { server: 'https://192.0.2.1:6443', ca: 'x', nodeName: 'far', nodeIp: '192.0.2.2', cgroupRoot: '/kubepods' };

test('it comes back, until its certificate has ended', async () => {
  const dir = join(scratch, 'one');
  expect([readMembership(dir), readIdentity(dir, 0)]).toEqual([undefined, undefined]);
  refuseMember(dir);
  const pair = await signClient(await makeCa(0), { name: 'system:node:far', groups: ['system:nodes'] }, 0);
  saveMembership(dir, member);
  saveIdentity(dir, pair);
  expect(readMembership(dir)).toEqual(member);
  expect(readIdentity(dir, yearMs - 1000)?.key.trim()).toBe(pair.key.trim());
  expect(readIdentity(dir, yearMs + 1000)).toBeUndefined();
  expect(identityEndsMs(dir)).toBe(yearMs);
  expect(() => refuseMember(dir)).toThrow('is that of far, a node of https://192.0.2.1:6443');
  refuseControlPlane(dir);
});

test('what is damaged is said, and how to mend it', async () => {
  const dir = join(scratch, 'two');
  const pair = await signClient(await makeCa(0), { name: 'system:node:far', groups: [] }, 0);
  saveIdentity(dir, { ...pair, key: await makeKey() });
  expect(() => readIdentity(dir, 0)).toThrow('key and certificate differ');
  const path = join(dir, 'pki/kubelet-client.pem');
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, 100));
  expect(() => readIdentity(dir, 0)).toThrow('join again with a token');
  writeFileSync(join(dir, 'membership.json'), '{');
  expect(() => readMembership(dir)).toThrow('is damaged');
  writeFileSync(join(dir, 'pki/ca.key'), '');
  expect(() => refuseControlPlane(dir)).toThrow('holds a cluster of its own');
});
