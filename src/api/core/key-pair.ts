// Owns telling why a certificate and a key in PEM make no TLS identity, in the words of the server's own TLS library.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

interface Block {
  readonly type: string;
  readonly pem: string;
}

/** The PEM blocks of a text; what lies between them is skipped. */
export function pemBlocks(text: string): readonly Block[] {
  const shape = /-----BEGIN ([^\n-]*)-----\r?\n[\s\S]*?-----END \1-----/g;
  return [...text.matchAll(shape)].map(([pem, type = '']) => ({ type, pem }));
}

function missingCertificate(types: readonly string[]): string {
  if (types.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (types.length === 1 && types[0]?.endsWith('PRIVATE KEY') === true)
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${types.join(' ')}]`;
}

function missingKey(types: readonly string[]): string {
  if (types.length === 0) return 'tls: failed to find any PEM data in key input';
  if (types.length === 1 && types[0] === 'CERTIFICATE') return 'tls: found a certificate rather than a key in the PEM for the private key';
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${types.join(' ')}]`;
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    // Which of the library's many complaints it was makes no difference here: there is one answer to all of them.
    return undefined;
  }
}

/** Why the two do not belong together; empty where they do. */
export function keyPairError(certificates: string, keys: string): string {
  const found = pemBlocks(certificates);
  const chain = found.filter(({ type }) => type === 'CERTIFICATE');
  const [first] = chain;
  if (first === undefined) return missingCertificate(found.map(({ type }) => type));
  const keyBlocks = pemBlocks(keys);
  const held = keyBlocks.find(({ type }) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'));
  if (held === undefined) return missingKey(keyBlocks.map(({ type }) => type));
  const certificate = attempt(() => new X509Certificate(first.pem));
  if (certificate === undefined) return 'x509: malformed certificate';
  const key: KeyObject | undefined = attempt(() => createPrivateKey(held.pem));
  if (key === undefined) return 'tls: failed to parse private key';
  if (certificate.publicKey.asymmetricKeyType !== key.asymmetricKeyType) return 'tls: private key type does not match public key type';
  return certificate.checkPrivateKey(key) ? '' : 'tls: private key does not match public key';
}
