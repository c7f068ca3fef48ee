// Owns the cluster's keys and certificates on disk: a CA of its own, what it signed, the key of service-account tokens. Made once, renewed before they end.
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair, ServingNames } from './key-pair.ts';

const dayMs = 86_400_000;
const renewBeforeDays = 30;

/** All that a control plane needs to prove who it is. */
export interface Pki {
  readonly ca: KeyPair;
  readonly serving: KeyPair;
  readonly admin: KeyPair;
  /** As whom the API server speaks to kubelets. */
  readonly kubeletClient: KeyPair;
  /** The certificate of a node's own server; made where it is missing. */
  kubeletServing(names: ServingNames): Promise<KeyPair>;
  /** As whom a node speaks; made where it is missing. */
  nodeClient(name: string): Promise<KeyPair>;
  /** Private key that signs service-account tokens, PKCS #8 PEM. */
  readonly serviceAccountKey: string;
}

/**
 * Loads the keys in `dir`, making what is missing, what expires within 30 days, and the serving certificate where it lacks a name. The authority and
 * the key of tokens are in `shared`, where other control planes may have theirs as well. Files are readable by their owner only. Throws with the
 * file's name where one is damaged.
 */
export async function openPki(dir: string, names: ServingNames, nowMs: number, shared = dir): Promise<Pki> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  mkdirSync(shared, { recursive: true, mode: 0o700 });
  const ca = (await load(shared, 'ca')) ?? (await save(shared, 'ca', await (await making()).makeCa(nowMs)));
  const covers = (pair: KeyPair, wanted: ServingNames): boolean => {
    const certificate = new X509Certificate(pair.cert);
    return (
      wanted.dns.every((name) => certificate.checkHost(name) !== undefined) &&
      wanted.ips.every((ip) => certificate.checkIP(ip) !== undefined)
    );
  };
  const leaf = async (name: string, make: () => Promise<KeyPair>, fits: (pair: KeyPair) => boolean = () => true): Promise<KeyPair> => {
    const present = await load(dir, name);
    if (present !== undefined && fresh(present, ca, nowMs) && fits(present)) return present;
    return save(dir, name, await make());
  };
  const serving = await leaf(
    'serving',
    async () => (await making()).signServing(ca, names, nowMs),
    (pair) => covers(pair, names),
  );
  const admin = await leaf('admin', async () => (await making()).signClient(ca, { name: 'admin', groups: ['system:masters'] }, nowMs));
  const toKubelets = { name: 'kube-apiserver-kubelet-client', groups: ['system:masters'] };
  const kubeletClient = await leaf('kubelet-client', async () => (await making()).signClient(ca, toKubelets, nowMs));
  return {
    ca,
    serving,
    admin,
    kubeletClient,
    kubeletServing: (wanted) =>
      leaf(
        `kubelet-${wanted.dns[0]}`,
        async () => (await making()).signServing(ca, wanted, nowMs),
        (pair) => covers(pair, wanted),
      ),
    nodeClient: (name) =>
      leaf(`node-${name}`, async () => (await making()).signClient(ca, { name: `system:node:${name}`, groups: ['system:nodes'] }, nowMs)),
    serviceAccountKey: await serviceAccountKey(shared),
  };
}

/** Whether a leaf is of this CA and has more than the renewal time left. */
function fresh(pair: KeyPair, ca: KeyPair, nowMs: number): boolean {
  const certificate = new X509Certificate(pair.cert);
  return certificate.verify(createPublicKey(ca.cert)) && Date.parse(certificate.validTo) - nowMs > renewBeforeDays * dayMs;
}

async function load(dir: string, name: string): Promise<KeyPair | undefined> {
  const [cert, key] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  if (!existsSync(cert) || !existsSync(key)) return undefined;
  const pair = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  try {
    new X509Certificate(pair.cert);
    createPrivateKey(pair.key);
    return pair;
  } catch (error) {
    throw new Error(
      `${cert} or its key is damaged (${error instanceof Error ? error.message : error}). Restore it from a backup, or remove ${dir} to have new ones made: every kubeconfig and token of this cluster then stops working.`,
    );
  }
}

async function save(dir: string, name: string, pair: KeyPair): Promise<KeyPair> {
  writeFileSync(join(dir, `${name}.crt`), pair.cert, { mode: 0o600 });
  writeFileSync(join(dir, `${name}.key`), pair.key, { mode: 0o600 });
  return pair;
}

async function serviceAccountKey(dir: string): Promise<string> {
  const path = join(dir, 'service-account.key');
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const pem = await (await making()).makeKey();
  writeFileSync(path, pem, { mode: 0o600 });
  return pem;
}

const making = (): Promise<typeof import('./certificates.ts')> => import('./certificates.ts');
