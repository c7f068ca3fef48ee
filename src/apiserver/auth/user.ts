// Owns who a request is from: the User, the names of Kubernetes' well-known users and groups, and its wire form UserInfo.
import type { UserInfo } from '../../api/authentication/v1.ts';

/** An authenticated identity. `groups` is complete (system:authenticated included) once an authenticator answered with it. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  /** Keys are in lower case. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Members of this group may do everything; no policy can take that away. */
export const mastersGroup = 'system:masters';
export const authenticatedGroup = 'system:authenticated';
export const unauthenticatedGroup = 'system:unauthenticated';
export const nodesGroup = 'system:nodes';
export const nodeUserPrefix = 'system:node:';
export const serviceAccountUserPrefix = 'system:serviceaccount:';
export const serviceAccountsGroup = 'system:serviceaccounts';

/** Who a request without credentials is from. */
export const anonymousUser: User = { name: 'system:anonymous', groups: [unauthenticatedGroup] };

/** The user as which the API server calls itself. */
export const apiServerUser: User = { name: 'system:apiserver', groups: [mastersGroup, authenticatedGroup] };

/** The fixed user of a component of this process, e.g. `system:kube-scheduler`; `groups` beside system:authenticated. */
export function componentUser(name: string, groups: readonly string[] = []): User {
  return { name, groups: [...groups, authenticatedGroup] };
}

/** The user that a node's kubelet is. */
export function nodeUser(nodeName: string): User {
  return componentUser(`${nodeUserPrefix}${nodeName}`, [nodesGroup]);
}

/** The name of the node whose kubelet this is; undefined for anybody else. */
export function nodeNameOf(user: User): string | undefined {
  if (!user.name.startsWith(nodeUserPrefix) || !user.groups.includes(nodesGroup)) return undefined;
  const nodeName = user.name.slice(nodeUserPrefix.length);
  return nodeName === '' ? undefined : nodeName;
}

/** The user that a service account is, with its two groups; system:authenticated is not among them. */
export function serviceAccountUser(namespace: string, name: string, uid?: string): User {
  return {
    name: `${serviceAccountUserPrefix}${namespace}:${name}`,
    ...(uid === undefined ? {} : { uid }),
    groups: [serviceAccountsGroup, `${serviceAccountsGroup}:${namespace}`],
  };
}

/** Namespace and name of the service account that a user name stands for; undefined for other names. */
export function parseServiceAccountUser(userName: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!userName.startsWith(serviceAccountUserPrefix)) return undefined;
  const [namespace, name, more] = userName.slice(serviceAccountUserPrefix.length).split(':');
  return namespace && name && more === undefined ? { namespace, name } : undefined;
}

/** The wire form, as TokenReview and SelfSubjectReview show it: empty fields are absent. */
export function userInfoOf(user: User): UserInfo {
  return {
    ...(user.name === '' ? {} : { username: user.name }),
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(user.extra === undefined || Object.keys(user.extra).length === 0 ? {} : { extra: user.extra }),
  };
}
