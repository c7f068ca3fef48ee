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

const coordinateBytes = 32;

/**
 * An ECDSA signature of P-256 as JSON web tokens have it: two numbers of 32 bytes, out of an ASN.1 sequence of two integers. OpenSSL would do it
 * too, in the time of a second signature.
 */
function plainSignature(der: Uint8Array): Buffer {
  const plain = Buffer.alloc(2 * coordinateBytes);
  // A sequence of at most 70 bytes: each tag and each length is one byte.
  let at = 2;
  for (let end = coordinateBytes; end <= plain.length; end += coordinateBytes) {
    const length = der[at + 1] ?? 0;
    const start = at + 2;
    at = start + length;
    const number = der.subarray(Math.max(start, at - coordinateBytes), at);
    plain.set(number, end - number.length);
  }
  return plain;
}

/** The token: ES256 for a P-256 key, RS256 for an RSA one. */
export function signClaims(privateKey: KeyObject, claims: object): string {
  const rsa = privateKey.asymmetricKeyType === 'rsa';
  const content = `${part({ alg: rsa ? 'RS256' : 'ES256', kid: idOf(privateKey) })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(content), privateKey);
  return `${content}.${(rsa ? signature : plainSignature(signature)).toString('base64url')}`;
}
