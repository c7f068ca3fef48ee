// Owns what a service-account token says, and whether that is still true of what is stored. Pure but for reading objects.
import type { AnyObject } from '../../api/object.ts';
import { parseTime } from '../../base/time.ts';
import type { ObjectSource } from './object-source.ts';
import { serviceAccountUser, type User } from './user.ts';

/** A name and the uid it had when the token was made. */
export interface Reference {
  readonly name: string;
  readonly uid: string;
}

/** The private part of a token's claims (`kubernetes.io`), as upstream writes it. */
export interface PrivateClaims {
  readonly namespace: string;
  readonly serviceaccount: Reference;
  readonly pod?: Reference;
  readonly secret?: Reference;
  readonly node?: Reference;
  /** Seconds since the epoch after which use of the token is worth a warning. */
  readonly warnafter?: number;
}

// A deleted account's or pod's token works this much longer, so that a shutdown can finish.
const graceMs = 60_000;

function gone(object: AnyObject | undefined, uid: string, nowMs: number): boolean {
  if (object === undefined || object.metadata.uid !== uid) return true;
  const deletedMs = parseTime(object.metadata.deletionTimestamp);
  return deletedMs !== undefined && nowMs > deletedMs + graceMs;
}

/** Why the token no longer holds, or undefined where everything it is bound to is still there. */
export function staleReason(claims: PrivateClaims, objects: ObjectSource, nowMs: number): string | undefined {
  const { namespace, serviceaccount: account, pod, secret, node } = claims;
  const get = (resource: string, inNamespace: string, name: string): AnyObject | undefined =>
    objects.get({ group: '', resource }, inNamespace, name);
  if (gone(get('serviceaccounts', namespace, account.name), account.uid, nowMs))
    return `service account ${namespace}/${account.name} has been deleted`;
  if (secret !== undefined && gone(get('secrets', namespace, secret.name), secret.uid, nowMs))
    return 'service account token has been invalidated';
  if (pod !== undefined && gone(get('pods', namespace, pod.name), pod.uid, nowMs)) return 'pod has been deleted';
  // A pod's token names the node only to tell; a token bound to a node itself ends with it.
  if (node !== undefined && pod === undefined && gone(get('nodes', '', node.name), node.uid, nowMs)) return 'node has been deleted';
  return undefined;
}

/** The user that a token's claims stand for, with what it is bound to in its extra fields. */
export function userOfClaims(claims: PrivateClaims, tokenId: string | undefined): User {
  const { namespace, serviceaccount, pod, node } = claims;
  const user = serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid);
  const extra: Record<string, readonly string[]> = {};
  if (tokenId !== undefined) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${tokenId}`];
  if (pod !== undefined) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  if (node !== undefined) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    if (node.uid !== '') extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  return { ...user, extra };
}
