// Owns the proof that tokens are signed as others check them, whatever the numbers of a signature look like.
import { generateKeyPairSync, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { signClaims } from './jws.ts';

/** One signature in 64 has a number shorter than 32 bytes, every other one a byte more for the sign. */
const enoughToMeetShortNumbers = 600;

test('every signature is one of 64 bytes that verifies', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (let serial = 0; serial < enoughToMeetShortNumbers; serial++) {
    const [head, claims, signature = ''] = signClaims(privateKey, { serial }).split('.');
    const raw = Buffer.from(signature, 'base64url');
    expect(raw).toHaveLength(64);
    expect(verify('sha256', Buffer.from(`${head}.${claims}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw)).toBe(true);
  }
});

test('an RSA key signs RS256', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [head = '', claims, signature = ''] = signClaims(privateKey, { a: 1 }).split('.');
  expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toMatchObject({ alg: 'RS256' });
  expect(verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
});
