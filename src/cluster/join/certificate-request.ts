// Owns asking the cluster for a node's certificate: a key that never leaves this machine, a request, and waiting for what becomes of it.
import { createPublicKey, X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest } from '../../api/certificates/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import type { KeyPair } from '../key-pair.ts';
import { JoinError } from './join-error.ts';

/** What becomes of a request: wait on, or its certificate. Throws JoinError where it was refused. Pure. */
export function outcomeOf({ metadata, status }: CertificateSigningRequest): string | undefined {
  const refusal = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
  if (refusal !== undefined)
    throw new JoinError(`the certificate request ${metadata.name} was ${refusal.type.toLowerCase()}: ${refusal.message ?? refusal.reason}`);
  return status?.certificate ? Buffer.from(status.certificate, 'base64').toString() : undefined;
}

/** What is needed to ask. `client`: as a token's user the first time, as the node itself later. */
export interface RequestParts {
  readonly client: Client;
  readonly nodeName: string;
  readonly clock: Clock;
  /** Told once, with the request's name, when nobody has approved it for a while. */
  onWaiting?(name: string): void;
}

const lookEveryMs = 250;
const tellAfterMs = 5000;

/** A fresh key and the certificate that the cluster gave for it. Rejects with JoinError where it is refused, with StatusError for what the API says. */
export async function requestNodeCertificate({ client, nodeName, clock, onWaiting }: RequestParts, signal: AbortSignal): Promise<KeyPair> {
  const { makeNodeRequest } = await import('../certificates.ts');
  const { key, request } = await makeNodeRequest(nodeName);
  const made = await client.create(
    resources.certificateSigningRequests,
    {
      metadata: { generateName: 'csr-' },
      spec: {
        request: Buffer.from(request).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['digital signature', 'client auth'],
      },
    } as unknown as CertificateSigningRequest,
    { signal },
  );
  const { name } = made.metadata;
  const tellAtMs = clock.now() + tellAfterMs;
  let told = false;
  for (;;) {
    const cert = outcomeOf(await lookUp(client, name, signal));
    if (cert !== undefined) {
      if (!createPublicKey(cert).equals(createPublicKey(key)))
        throw new JoinError('the cluster signed another key than the one it was given');
      return { cert, key };
    }
    if (!told && clock.now() >= tellAtMs) {
      told = true;
      onWaiting?.(name);
    }
    await clock.sleep(lookEveryMs, signal);
  }
}

async function lookUp(client: Client, name: string, signal: AbortSignal): Promise<CertificateSigningRequest> {
  try {
    return await client.get(resources.certificateSigningRequests, { name }, { signal });
  } catch (error) {
    if (hasReason(error, 'NotFound')) throw new JoinError(`the certificate request ${name} was deleted before it was signed`);
    throw error;
  }
}

/** From when to when a certificate is good, in milliseconds. */
export function lifeOfCertificate(pem: string): { readonly fromMs: number; readonly toMs: number } {
  const { validFrom, validTo } = new X509Certificate(pem);
  return { fromMs: Date.parse(validFrom), toMs: Date.parse(validTo) };
}
