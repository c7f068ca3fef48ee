// Owns what becomes of a token that was made for an account by itself, as clusters did once, and that nobody uses any more. Pure; upstream's rules.
import type { Pod, Secret, ServiceAccount } from '../../api/core/v1.ts';
import { parseTime } from '../../base/time.ts';
import { accountOf, uidAnnotation } from '../service-account-token/plan.ts';

export const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
export const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
/** Since when uses are noted, as a day under the key `since`. */
export const trackingMap = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };

const dayMs = 86_400_000;

/** What is known beside the Secret: its account, and the Secrets that pods of the namespace name. */
export interface Observed {
  readonly account: ServiceAccount | undefined;
  readonly mounted: ReadonlySet<string>;
}

/** `invalidate`: the label with today's day is put on it, and it is believed no more; `remove`: it has had that for the whole period. */
export type TokenEnd = { readonly do: 'nothing' } | { readonly do: 'invalidate'; readonly since: string } | { readonly do: 'remove' };

/** A day of the calendar, UTC. */
export function dayOf(instantMs: number): string {
  return new Date(instantMs).toISOString().slice(0, 10);
}

function isDay(text: string | undefined): text is string {
  return /^\d{4}-\d\d-\d\d$/.test(text ?? '') && parseTime(`${text}T00:00:00Z`) !== undefined;
}

/** Whether uses have been noted for long enough to judge: all of `periodMs` after the day on which that began. */
export function isTracked(since: string | undefined, periodMs: number, nowMs: number): boolean {
  const beganMs = isDay(since) ? parseTime(`${since}T00:00:00Z`) : undefined;
  return beganMs !== undefined && nowMs >= beganMs + dayMs + periodMs;
}

/** What becomes of a token's Secret that has not been used for `periodMs`. Only those that their account lists were made by themselves. */
export function planTokenEnd(secret: Secret, { account, mounted }: Observed, periodMs: number, nowMs: number): TokenEnd {
  const { name, labels, annotations, creationTimestamp, deletionTimestamp } = secret.metadata;
  const keep = dayOf(nowMs - periodMs);
  const lastUsed = labels?.[lastUsedLabel];
  const young = (parseTime(creationTimestamp) ?? 0) >= nowMs - periodMs;
  if (accountOf(secret) === undefined || young || deletionTimestamp !== undefined) return { do: 'nothing' };
  if (lastUsed !== undefined && (!isDay(lastUsed) || lastUsed >= keep)) return { do: 'nothing' };
  const uid = annotations?.[uidAnnotation];
  const isTheirs = account?.secrets?.some((one) => one.name === name) === true && (!uid || uid === account.metadata.uid);
  if (!isTheirs || mounted.has(name)) return { do: 'nothing' };
  const since = labels?.[invalidSinceLabel];
  if (!isDay(since)) return { do: 'invalidate', since: dayOf(nowMs) };
  return since >= keep ? { do: 'nothing' } : { do: 'remove' };
}

/** The names of the Secrets that a pod uses. */
export function secretsOf({ spec }: Pod): readonly string[] {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  const named = [
    ...(spec.imagePullSecrets ?? []).map(({ name }) => name),
    ...containers.flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...envFrom.map(({ secretRef }) => secretRef?.name),
    ]),
    ...(spec.volumes ?? []).flatMap(({ secret, csi, projected }) => [
      secret?.secretName,
      csi?.nodePublishSecretRef?.name,
      ...(projected?.sources ?? []).map((source) => source.secret?.name),
    ]),
  ];
  return named.filter((name) => name !== undefined);
}
