// Owns finding out whom to trust: the cluster's own kubeconfig, read by nobody, vouched for by the token and by the hash of the authority's key.
import { createHash, X509Certificate } from 'node:crypto';
import type { ConfigMap } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import { httpClient } from '../../client/http-client.ts';
import { type ClientConfig, KubeconfigError, parseKubeconfig } from '../../client/kubeconfig.ts';
import { resources } from '../../client/resources.ts';
import { detachedSignature, signaturePrefix } from '../../controllers/bootstrap-token/plan.ts';
import { OptionError } from '../option-error.ts';
import { type BootstrapToken, tokenText } from './bootstrap-token.ts';
import { JoinError, onTheWay } from './join-error.ts';
import { infoMap } from './join-objects.ts';

/** `sha256:` and the hex of a certificate's public key (SubjectPublicKeyInfo), as kubeadm prints it. */
export function caHashOf(pem: string): string {
  const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

/** A hash as a person gives it, in lower case. Throws OptionError. */
export function parseCaHash(text: string): string {
  const hash = text.toLowerCase();
  if (!/^sha256:[0-9a-f]{64}$/.test(hash))
    throw new OptionError(`--ca-hash takes sha256: and 64 hex digits, as peapod token create prints it, not '${text}'`);
  return hash;
}

/** The authority that a cluster-info vouches for. Throws JoinError with what is wrong. Pure. */
export function trustedCa(map: ConfigMap, token: BootstrapToken, caHashes: readonly string[]): string {
  const { kubeconfig: content, [`${signaturePrefix}${token.id}`]: signature } = map.data ?? {};
  if (content === undefined) throw new JoinError('the cluster tells nothing of itself: run peapod token create on its control plane');
  if (signature === undefined)
    throw new JoinError(
      `the cluster does not know a token with the id ${token.id}: it has expired, was deleted, or is another cluster's. Make a new one: peapod token create`,
    );
  if (signature !== detachedSignature(content, token.id, token.secret))
    throw new JoinError('the token is wrong: its second part is not the one that the cluster knows');
  const ca = caIn(content);
  const hash = caHashOf(ca);
  if (!caHashes.includes(hash))
    throw new JoinError(
      `the authority of the cluster that answers has the hash ${hash}, not ${caHashes.join(' or ')}: it is another cluster, or somebody is in between`,
    );
  return ca;
}

function caIn(content: string): string {
  try {
    const data = parseKubeconfig(content, 'cluster-info').clusters?.[0]?.cluster?.['certificate-authority-data'] ?? '';
    const pem = Buffer.from(data, 'base64').toString();
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    const why = error instanceof KubeconfigError ? error.message : 'it names no authority';
    throw new JoinError(`what the cluster tells of itself cannot be used: ${why}`);
  }
}

/** A signature appears a moment after its token. */
const signedWithinMs = 2000;
const lookEveryMs = 200;
const answerWithinMs = 10_000;

/**
 * The authority of the cluster at `server`. It is asked without trust first; then once more with the trust that was gained, and must say the same.
 * Rejects with JoinError.
 */
export async function discoverCa(
  server: string,
  token: BootstrapToken,
  caHashes: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): Promise<string> {
  const untilMs = clock.now() + signedWithinMs;
  for (;;) {
    const told = await clusterInfo({ server, insecureSkipTlsVerify: true }, signal);
    const isSigned = told.data?.[`${signaturePrefix}${token.id}`] !== undefined;
    if (!isSigned && clock.now() < untilMs) {
      await clock.sleep(lookEveryMs, signal);
      continue;
    }
    const ca = trustedCa(told, token, caHashes);
    const again = await clusterInfo({ server, ca }, signal);
    if (again.data?.['kubeconfig'] === told.data?.['kubeconfig']) return ca;
    throw new JoinError(`${server} says one thing to strangers and another to those who check its certificate: somebody is in between`);
  }
}

async function clusterInfo(access: ClientConfig, signal: AbortSignal): Promise<ConfigMap> {
  const client = httpClient(access);
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
    return await client.get(resources.configMaps, infoMap, { signal: within });
  } catch (error) {
    if (hasReason(error, 'NotFound', 'Forbidden', 'Unauthorized'))
      throw new JoinError(`${access.server} is not ready for machines to join: run peapod token create on its control plane`);
    throw onTheWay(access.server, error);
  } finally {
    await client.close().catch(() => {});
  }
}

/** The text of a join command. */
export function joinCommand(server: string, token: BootstrapToken, caHash: string): string {
  return `./peapod join ${server} --token ${tokenText(token)} --ca-hash ${caHash}`;
}
