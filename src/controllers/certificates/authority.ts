// Owns what the controllers ask of a certificate authority; making certificates is somebody else's.

/** What a certificate request says of itself. */
export interface RequestFacts {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
}

/** An authority. Texts are PEM, times epoch milliseconds. */
export interface CertificateAuthority {
  /** Rejects where the text is no request, or its signature is not its key's. */
  read(requestPem: string): Promise<RequestFacts>;
  sign(requestPem: string, usages: readonly string[], notBeforeMs: number, notAfterMs: number): Promise<string>;
  /** When a certificate ends; undefined where the text is none. */
  endsMs(certificatePem: string): number | undefined;
}
