// Owns the proof that continue tokens come back as they went, and that what no server made is refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatContinueToken, parseContinueToken } from './continue-token.ts';

describe('a continue token', () => {
  test('comes back as it went', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.stringMatching(/^[a-z0-9-]{1,20}$/), (revision, name) => {
        const token = { revision, start: `${name}\0` };
        expect(parseContinueToken(formatContinueToken(token))).toEqual(token);
      }),
    );
  });

  test.each([
    ['x', 'illegal base64 data at input byte 0'],
    ['%', 'illegal base64 data at input byte 0'],
    ['e30', 'server does not recognize this encoded version '],
    [
      Buffer.from('{"v":"meta.k8s.io/v1","rv":0,"start":"a"}').toString('base64url'),
      'incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    ],
    [Buffer.from('{"v":"meta.k8s.io/v1","rv":5,"start":"../../x"}').toString('base64url'), '../../x'],
  ])('%j is refused', (text, why) => {
    expect(() => parseContinueToken(text)).toThrow(`invalid continue token: continue key is not valid: ${why}`);
  });
});
