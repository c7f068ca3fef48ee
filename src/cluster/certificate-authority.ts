// Owns the certificate authority as the controllers ask it; the code that makes certificates is loaded with the first request.
import { X509Certificate } from 'node:crypto';
import type { CertificateAuthority } from '../controllers/certificates/authority.ts';
import type { KeyPair } from './key-pair.ts';

const making = (): Promise<typeof import('./certificates.ts')> => import('./certificates.ts');

/** The authority with this certificate and key, PEM. */
export function certificateAuthority(ca: KeyPair): CertificateAuthority {
  return {
    async read(pem) {
      const { readRequest, alternativeNames } = await making();
      const request = await readRequest(pem);
      const named = (field: string): readonly string[] => request.subjectName.getField(field);
      const names = alternativeNames(request);
      const of = (type: string): readonly string[] => names.filter((one) => one.type === type).map(({ value }) => value);
      return {
        commonName: named('CN').at(-1) ?? '',
        organizations: named('O'),
        dnsNames: of('dns'),
        emailAddresses: of('email'),
        ipAddresses: of('ip'),
        uris: of('url'),
      };
    },
    async sign(pem, usages, notBeforeMs, notAfterMs) {
      const { readRequest, signRequest } = await making();
      return signRequest(ca, await readRequest(pem), usages, { notBeforeMs, notAfterMs });
    },
    endsMs(pem) {
      try {
        return Date.parse(new X509Certificate(pem).validTo);
      } catch {
        return undefined;
      }
    },
  };
}
