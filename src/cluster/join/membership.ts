// Owns what a machine that joined keeps of it: where the cluster is, whom it trusts, who it is. With it the machine comes back without a token.
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KeyPair } from '../key-pair.ts';
import { OptionError } from '../option-error.ts';
import { pathsOf } from '../paths.ts';

/** A machine's place in a cluster. */
export interface Membership {
  readonly server: string;
  /** Where else the API was served when the machine heard of it last (`https://ADDRESS:PORT`). */
  readonly otherServers?: readonly string[];
  /** PEM. */
  readonly ca: string;
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly cgroupRoot: string;
  /** The share of the pod range that its network was made of last; absent: none yet. */
  readonly podCidr?: string;
}

const fileOf = (dataDir: string): string => join(dataDir, 'membership.json');
/** The certificate and its key in one file, so that they always belong together. */
const identityOf = (dataDir: string): string => join(pathsOf(dataDir).pki, 'kubelet-client.pem');

/** Undefined where the directory is nobody's, or a cluster's own. */
export function readMembership(dataDir: string): Membership | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(dataDir), 'utf8')) as Membership;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OptionError(`${fileOf(dataDir)} is damaged: remove it and join again with a token`);
  }
}

export function saveMembership(dataDir: string, membership: Membership): void {
  replace(fileOf(dataDir), `${JSON.stringify(membership, undefined, 2)}\n`);
}

/** As whom the machine speaks; undefined where it has not joined, or its certificate has ended. Throws OptionError where the file is damaged. */
export function readIdentity(dataDir: string, nowMs: number): KeyPair | undefined {
  const path = identityOf(dataDir);
  if (!existsSync(path)) return undefined;
  try {
    const text = readFileSync(path, 'utf8');
    const cert = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/.exec(text)?.[0] ?? '';
    const key = text.replace(cert, '');
    if (!createPublicKey(cert).equals(createPublicKey(createPrivateKey(key)))) throw new Error('key and certificate differ');
    return Date.parse(new X509Certificate(cert).validTo) > nowMs ? { cert, key } : undefined;
  } catch (error) {
    throw new OptionError(
      `${path} is damaged (${error instanceof Error ? error.message : error}): remove it and join again with a token from peapod token create`,
    );
  }
}

export function saveIdentity(dataDir: string, { cert, key }: KeyPair): void {
  replace(identityOf(dataDir), `${cert.trim()}\n${key.trim()}\n`);
}

/** Throws OptionError where a control plane lives in the directory. */
export function refuseControlPlane(dataDir: string): void {
  const { store, pki } = pathsOf(dataDir);
  if (existsSync(store) || existsSync(join(pki, 'ca.key')))
    throw new OptionError(`${dataDir} holds a cluster of its own: choose another --data-dir, or remove it first (peapod down --delete)`);
}

/** Throws OptionError where a machine that joined elsewhere keeps its place there. */
export function refuseMember(dataDir: string): void {
  const member = readMembership(dataDir);
  if (member !== undefined)
    throw new OptionError(
      `${dataDir} is that of ${member.nodeName}, a node of ${member.server}: start it with peapod join, or choose another --data-dir`,
    );
}

function replace(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** When the certificate that a data directory holds ends, epoch milliseconds; undefined where it holds none. */
export function identityEndsMs(dataDir: string): number | undefined {
  const identity = readIdentity(dataDir, 0);
  return identity === undefined ? undefined : Date.parse(new X509Certificate(identity.cert).validTo);
}
