// Owns what becomes of Secrets that hold a service account's token: filled, left alone, or removed with their account. Pure; upstream's rules.
import type { Secret, ServiceAccount } from '../../api/core/v1.ts';

export const tokenType = 'kubernetes.io/service-account-token';
export const nameAnnotation = 'kubernetes.io/service-account.name';
export const uidAnnotation = 'kubernetes.io/service-account.uid';

/** The account that a token Secret names; undefined for other Secrets. */
export function accountOf({ type, metadata }: Secret): string | undefined {
  return type === tokenType ? metadata.annotations?.[nameAnnotation] : undefined;
}

/** `fill`: data that is missing or wrong; `token`: one must be made. */
export type TokenPlan =
  | { readonly do: 'nothing' }
  | { readonly do: 'remove' }
  | { readonly do: 'fill'; readonly token: boolean; readonly data: Readonly<Record<string, string>> };

/** Plans by the account of the name that the Secret has, undefined where there is none. `data` of the plan is base64. */
export function planToken(secret: Secret, account: ServiceAccount | undefined, caPem: string): TokenPlan {
  const { metadata, data = {} } = secret;
  const uid = metadata.annotations?.[uidAnnotation];
  if (account === undefined || (uid && uid !== account.metadata.uid)) return { do: 'remove' };
  const ca = Buffer.from(caPem).toString('base64');
  const namespace = Buffer.from(metadata.namespace ?? '').toString('base64');
  const token = !data['token'];
  const wrongCa = data['ca.crt'] !== ca;
  if (!token && !wrongCa && data['namespace'] && uid) return { do: 'nothing' };
  return { do: 'fill', token, data: { ...data, 'ca.crt': ca, namespace: data['namespace'] || namespace } };
}

/** The account without a Secret that is gone; undefined where it names none. */
export function withoutSecret(account: ServiceAccount, name: string): ServiceAccount | undefined {
  const secrets = account.secrets?.filter((secret) => secret.name !== name);
  return secrets === undefined || secrets.length === account.secrets?.length ? undefined : { ...account, secrets };
}
