// Owns the names of the keys that sign tokens.
import { createHash, type KeyObject } from 'node:crypto';

/** A digest of the key. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}
