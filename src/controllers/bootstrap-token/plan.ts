// Owns bootstrap tokens' Secrets: when they are over, and by which signatures the cluster's own kubeconfig is vouched for. Pure.
import { createHmac } from 'node:crypto';
import type { ConfigMap, Secret } from '../../api/core/v1.ts';
import { parseTime } from '../../base/time.ts';

export const bootstrapType = 'bootstrap.kubernetes.io/token';
export const signaturePrefix = 'jws-kubeconfig-';

function field({ data }: Secret, name: string): string {
  return Buffer.from(data?.[name] ?? '', 'base64').toString();
}

/** In how many milliseconds a token ends; 0: it has; undefined: never. A time that cannot be read counts as over. */
export function endsInMs(secret: Secret, nowMs: number): number | undefined {
  const text = field(secret, 'expiration');
  if (text === '') return undefined;
  const endsMs = parseTime(text);
  return endsMs === undefined ? 0 : Math.max(0, endsMs - nowMs);
}

/** The id and secret of a token that may sign now; undefined where it may not. */
export function signingToken(secret: Secret, nowMs: number): { readonly id: string; readonly secret: string } | undefined {
  const [id, own] = [field(secret, 'token-id'), field(secret, 'token-secret')];
  if (secret.type !== bootstrapType || secret.metadata.name !== `bootstrap-token-${id}` || own === '') return undefined;
  if (field(secret, 'usage-bootstrap-signing') !== 'true' || endsInMs(secret, nowMs) === 0) return undefined;
  return { id, secret: own };
}

/** A signature without its content (RFC 7515, appendix F): HMAC SHA-256 under the token's secret. */
export function detachedSignature(content: string, id: string, secret: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: id })).toString('base64url');
  const signed = `${header}.${Buffer.from(content).toString('base64url')}`;
  return `${header}..${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** The config map with the signatures of these tokens and no others; undefined where it has just those, or nothing to sign. */
export function planSignatures(map: ConfigMap, secrets: readonly Secret[], nowMs: number): Readonly<Record<string, string>> | undefined {
  const { data = {} } = map;
  const content = data['kubeconfig'];
  if (content === undefined) return undefined;
  const kept = Object.entries(data).filter(([name]) => !name.startsWith(signaturePrefix));
  const tokens = secrets.flatMap((secret) => signingToken(secret, nowMs) ?? []);
  const signed = tokens.map(({ id, secret }) => [`${signaturePrefix}${id}`, detachedSignature(content, id, secret)] as const);
  const next = Object.fromEntries([...kept, ...signed]);
  const same = Object.keys(next).length === Object.keys(data).length && Object.entries(next).every(([name, text]) => data[name] === text);
  return same ? undefined : next;
}
