// Owns the forms in which keys and certificates travel through cluster/.

/** A certificate and its private key, PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Names and addresses that the serving certificate must hold. */
export interface ServingNames {
  readonly dns: readonly string[];
  readonly ips: readonly string[];
}
