// Owns that a client may come with its intermediate authorities, over a real handshake, and that those may do no more than they are allowed to.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { BasicConstraintsExtension, ExtendedKeyUsageExtension, type Extension, X509CertificateGenerator } from '@peculiar/x509';
import { beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { listen, type RequestHandler } from '../http/listener.ts';
import { clientCertificates } from './client-certificates.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const notBefore = new Date(systemClock.now() - 60_000);
const notAfter = new Date(systemClock.now() + 3_600_000);

interface Signer {
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly pem: string;
}

async function signed(name: string, extensions: Extension[], by?: Signer): Promise<Signer & { readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    subject: name,
    issuer: by?.name ?? name,
    publicKey: keys.publicKey,
    signingKey: by?.keys.privateKey ?? keys.privateKey,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions,
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { name, keys, pem: `${certificate.toString('pem')}\n`, key: `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n` };
}

const authority = (pathLength?: number): Extension[] => [new BasicConstraintsExtension(true, pathLength, true)];
const client = [new ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2'])];
let root: Signer;
let narrow: Signer;
let serving: Signer & { readonly key: string };

beforeAll(async () => {
  root = await signed('CN=root', authority());
  narrow = await signed('CN=narrow', authority(0));
  serving = await signed('CN=localhost', []);
});

/** Who the server takes the client for. */
async function nameOver(cert: string, key: string): Promise<string | undefined> {
  const certificates = clientCertificates([root.pem, narrow.pem], systemClock);
  const tls = { cert: serving.pem, key: serving.key, ca: root.pem + narrow.pem };
  const answerName: RequestHandler = (exchange, certificate) => {
    const user = certificate === undefined ? undefined : certificates.authenticateCertificate(certificate);
    exchange.answer(200, {}, Buffer.from(user?.name ?? ''));
  };
  const server = await listen({ tls, port: 0 }, answerName, systemClock);
  const answer = Promise.withResolvers<string>();
  const asked = request({ port: server.port, host: '127.0.0.1', cert, key, rejectUnauthorized: false, agent: false }, (reply) => {
    text(reply).then(answer.resolve, answer.reject);
  });
  asked.on('error', answer.reject);
  asked.end();
  const name = await answer.promise;
  await server.close();
  return name === '' ? undefined : name;
}

test('through one and through two intermediates', async () => {
  const first = await signed('CN=first', authority(), root);
  const second = await signed('CN=second', authority(0), first);
  const near = await signed('CN=near', client, first);
  const far = await signed('CN=far', client, second);
  expect(await nameOver(near.pem + first.pem, near.key)).toBe('near');
  expect(await nameOver(far.pem + second.pem + first.pem, far.key)).toBe('far');
  expect(await nameOver(far.pem, far.key)).toBeUndefined();
});

test('not through one that is no authority, or further than an authority lets', async () => {
  const leaf = await signed('CN=leaf', client, root);
  const below = await signed('CN=below', client, leaf);
  expect(await nameOver(below.pem + leaf.pem, below.key)).toBeUndefined();
  const between = await signed('CN=between', authority(), narrow);
  const tooFar = await signed('CN=toofar', client, between);
  expect(await nameOver(tooFar.pem + between.pem, tooFar.key)).toBeUndefined();
});
