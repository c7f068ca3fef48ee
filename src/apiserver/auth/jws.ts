// Owns signing claims as a compact JSON web token. At once, without threads: a cluster in virtual time must not wait for real ones.
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { keyId } from './key-id.ts';

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Working out a key's id costs as much as signing with it. */
const ids = new WeakMap<KeyObject, string>();

function idOf(privateKey: KeyObject): string {
  const known = ids.get(privateKey) ?? keyId(createPublicKey(privateKey));
  ids.set(privateKey, known);
  return known;
}

/** The token: ES256 for a P-256 key, RS256 for an RSA one. */
export function signClaims(privateKey: KeyObject, claims: object): string {
  const rsa = privateKey.asymmetricKeyType === 'rsa';
  const content = `${part({ alg: rsa ? 'RS256' : 'ES256', kid: idOf(privateKey) })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(content), rsa ? privateKey : { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${content}.${signature.toString('base64url')}`;
}
