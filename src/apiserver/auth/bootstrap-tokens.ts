// Owns bootstrap tokens: Secrets of kube-system by which new nodes introduce themselves.
import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../api/core/v1.ts';
import type { Clock } from '../../base/clock.ts';
import { parseTime } from '../../base/time.ts';
import type { TokenAuthenticator } from './authenticator.ts';
import type { ObjectSource } from './object-source.ts';
import type { User } from './user.ts';

const shape = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupShape = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

function field(secret: Secret, name: string): string {
  return Buffer.from(secret.data?.[name] ?? '', 'base64').toString();
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** The user of a bootstrap token's Secret at `nowMs`; undefined where the Secret does not allow it. Pure. */
export function bootstrapUser(secret: Secret, id: string, password: string, nowMs: number): User | undefined {
  if (secret.type !== 'bootstrap.kubernetes.io/token' || secret.metadata.deletionTimestamp !== undefined) return undefined;
  if (field(secret, 'token-id') !== id || !same(field(secret, 'token-secret'), password)) return undefined;
  const expiration = field(secret, 'expiration');
  const expiresMs = parseTime(expiration);
  if (expiration !== '' && (expiresMs === undefined || nowMs >= expiresMs)) return undefined;
  if (field(secret, 'usage-bootstrap-authentication') !== 'true') return undefined;
  const extra = field(secret, 'auth-extra-groups')
    .split(',')
    .filter((group) => group !== '');
  if (!extra.every((group) => groupShape.test(group))) return undefined;
  return { name: `system:bootstrap:${id}`, groups: [...new Set(['system:bootstrappers', ...extra])].toSorted() };
}

/** Knows the tokens of the Secrets `bootstrap-token-<id>`; `audience` are the server's own audiences. */
export function bootstrapTokens(objects: ObjectSource, clock: Pick<Clock, 'now'>, audience: readonly string[]): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      const [, id, password] = shape.exec(token) ?? [];
      if (id === undefined || password === undefined) return undefined;
      const secret = objects.get({ group: '', resource: 'secrets' }, 'kube-system', `bootstrap-token-${id}`);
      const user = secret === undefined ? undefined : bootstrapUser(secret as unknown as Secret, id, password, clock.now());
      return user === undefined ? undefined : { user, audiences: (audiences ?? audience).filter((name) => audience.includes(name)) };
    },
  };
}
