// Owns who a client certificate speaks for: CN is the name, O the groups. It trusts only the authorities it is given, at the clock's time.
import { X509Certificate } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { CertificateAuthenticator, Credentials } from './authenticator.ts';
import type { User } from './user.ts';

const clientAuth = '1.3.6.1.5.5.7.3.2';
const anyUsage = '2.5.29.37.0';

function parse(certificate: NonNullable<Credentials['clientCertificate']>): X509Certificate | undefined {
  if (certificate instanceof X509Certificate) return certificate;
  try {
    return new X509Certificate(certificate);
  } catch {
    return undefined;
  }
}

/** One attribute of a subject as Node writes it: a line each, or joined by `+` in one line, with backslash escapes. */
function attributesOf(subject: string, name: string): readonly string[] {
  return subject
    .split(/\n|(?<!\\)\+/)
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1).replace(/\\([0-9A-Fa-f]{2}|.)/g, (_, escaped: string) => literal(escaped)));
}

function literal(escaped: string): string {
  return escaped.length === 2 ? String.fromCharCode(Number.parseInt(escaped, 16)) : escaped;
}

function signedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  try {
    return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  } catch {
    return false;
  }
}

// Node shows no intermediate authorities to a server, but OpenSSL has followed them by the end of the handshake.
const followed = new WeakSet<X509Certificate>();

/** Says that a handshake has led this certificate, through what the client sent along, back to the authorities that the authenticator trusts. */
export function vouchForChain(certificate: X509Certificate): void {
  followed.add(certificate);
}

/**
 * Accepts certificates that one of `authorities` (PEM, one or several in a text) signed, itself or through intermediate ones that a handshake has
 * followed, valid now, meant for clients.
 */
export function clientCertificates(authorities: readonly string[], clock: Pick<Clock, 'now'>): CertificateAuthenticator {
  const pems = authorities.flatMap((text) => text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []);
  const trusted = pems.map((pem) => new X509Certificate(pem));
  // Asking a certificate for its times is a call into OpenSSL and a date to be read, at every request.
  const lives = new WeakMap<X509Certificate, { readonly fromMs: number; readonly toMs: number }>();
  const valid = (certificate: X509Certificate): boolean => {
    let life = lives.get(certificate);
    if (life === undefined) {
      life = { fromMs: Date.parse(certificate.validFrom), toMs: Date.parse(certificate.validTo) };
      lives.set(certificate, life);
    }
    const nowMs = clock.now();
    return life.fromMs <= nowMs && nowMs <= life.toMs;
  };
  const users = new WeakMap<X509Certificate, User>();
  return {
    authenticateCertificate(presented) {
      const certificate = parse(presented);
      if (certificate === undefined || !valid(certificate)) return undefined;
      const known = users.get(certificate);
      if (known !== undefined) return known;
      const direct = trusted.some((authority) => valid(authority) && signedBy(certificate, authority));
      if (!direct && !followed.has(certificate)) return undefined;
      const usages = certificate.keyUsage as readonly string[] | undefined;
      if (usages !== undefined && !usages.includes(clientAuth) && !usages.includes(anyUsage)) return undefined;
      const [name] = attributesOf(certificate.subject, 'CN');
      if (name === undefined || name === '') return undefined;
      const fingerprint = createFingerprint(certificate);
      const user: User = {
        name,
        groups: attributesOf(certificate.subject, 'O'),
        extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
      };
      users.set(certificate, user);
      return user;
    },
  };
}

function createFingerprint(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
