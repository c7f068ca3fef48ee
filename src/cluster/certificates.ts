// Owns making X.509 certificates and keys in memory. Loaded only when something has to be made: start-ups mostly read.
import 'reflect-metadata';
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { KeyPair, ServingNames } from './key-pair.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
const caLifeDays = 3650;
const leafLifeDays = 365;

/** A client certificate: the name becomes the user, the groups its groups. */
export async function signClient(
  ca: KeyPair,
  user: { readonly name: string; readonly groups: readonly string[] },
  nowMs: number,
): Promise<KeyPair> {
  const subject = [...user.groups.map((group) => ({ O: [group] })), { CN: [user.name] }];
  return sign(ca, subject, [new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2'])], nowMs);
}

/** A server certificate for these names. */
export function signServing(ca: KeyPair, names: ServingNames, nowMs: number): Promise<KeyPair> {
  const alternatives = [
    ...names.dns.map((value) => ({ type: 'dns' as const, value })),
    ...names.ips.map((value) => ({ type: 'ip' as const, value })),
  ];
  return sign(
    ca,
    [{ CN: ['peapod'] }],
    [new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']), new x509.SubjectAlternativeNameExtension(alternatives)],
    nowMs,
  );
}

/** A new certificate authority. */
export async function makeCa(nowMs: number): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`peapod-ca-${randomBytes(3).toString('hex')}`] }],
    notBefore: new Date(nowMs - 5 * 60_000),
    notAfter: new Date(nowMs + caLifeDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
}

async function sign(ca: KeyPair, subject: x509.JsonName, extensions: readonly x509.Extension[], nowMs: number): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const issuer = new x509.X509Certificate(ca.cert);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(ca.key), algorithm, false, ['sign']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject,
    issuer: issuer.subject,
    notBefore: new Date(nowMs - 5 * 60_000),
    notAfter: new Date(nowMs + leafLifeDays * dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...extensions,
    ],
  });
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function serial(): string {
  return createHash('sha256')
    .update(randomBytes(32))
    .digest('hex')
    .slice(0, 30)
    .replace(/^[89a-f]/, '7');
}

/** A new P-256 key, PKCS #8 PEM. */
export async function makeKey(): Promise<string> {
  return pemOf((await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])).privateKey);
}

const usageFlags: Readonly<Record<string, x509.KeyUsageFlags>> = {
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'content commitment': x509.KeyUsageFlags.nonRepudiation,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
  'key agreement': x509.KeyUsageFlags.keyAgreement,
  'data encipherment': x509.KeyUsageFlags.dataEncipherment,
  'cert sign': x509.KeyUsageFlags.keyCertSign,
  'crl sign': x509.KeyUsageFlags.cRLSign,
  'encipher only': x509.KeyUsageFlags.encipherOnly,
  'decipher only': x509.KeyUsageFlags.decipherOnly,
  signing: x509.KeyUsageFlags.digitalSignature,
};
const extendedUsages: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
};

/** A certificate request that was read and whose signature is its key's. Throws where it is not. */
export async function readRequest(pem: string): Promise<x509.Pkcs10CertificateRequest> {
  const request = new x509.Pkcs10CertificateRequest(x509.PemConverter.decodeFirst(pem));
  if (!(await request.verify())) throw new Error("the request's signature is not its key's");
  return request;
}

/** The alternative names of a request. */
export function alternativeNames(request: x509.Pkcs10CertificateRequest): readonly { readonly type: string; readonly value: string }[] {
  const extension = request.extensions.find((one) => one instanceof x509.SubjectAlternativeNameExtension);
  return extension === undefined ? [] : extension.names.items.map(({ type, value }) => ({ type, value }));
}

/** The certificate that a request asks for: its subject and names, the usages and times that are given. It ends with the authority at the latest. */
export async function signRequest(
  ca: KeyPair,
  request: x509.Pkcs10CertificateRequest,
  usages: readonly string[],
  { notBeforeMs, notAfterMs }: { readonly notBeforeMs: number; readonly notAfterMs: number },
): Promise<string> {
  const issuer = new x509.X509Certificate(ca.cert);
  const der = x509.PemConverter.decodeFirst(ca.key);
  const signingAlgorithm = issuer.publicKey.algorithm.name === 'ECDSA' ? algorithm : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, signingAlgorithm, false, ['sign']);
  const flags = usages.reduce((all, usage) => all | (usageFlags[usage] ?? 0), 0);
  const extended = usages.flatMap((usage) => extendedUsages[usage] ?? []);
  const names = request.extensions.filter((one) => one instanceof x509.SubjectAlternativeNameExtension);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: request.subjectName,
    issuer: issuer.subject,
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(Math.min(notAfterMs, issuer.notAfter.getTime())),
    signingAlgorithm,
    publicKey: request.publicKey,
    signingKey,
    extensions: [
      ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
      ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...names,
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** A fresh key and a request for a certificate as this node's kubelet, PEM. */
export async function makeNodeRequest(nodeName: string): Promise<{ readonly key: string; readonly request: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const name: x509.JsonName = [{ O: ['system:nodes'] }, { CN: [`system:node:${nodeName}`] }];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm });
  return { key: await pemOf(keys.privateKey), request: `${request.toString('pem')}\n` };
}
