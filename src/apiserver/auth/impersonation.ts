// Owns acting as somebody else: the Impersonate-* headers, and whether the asker may.
import { StatusError } from '../../api/status-error.ts';
import { type Attributes, type Authorizer, forbiddenRequest, type ResourceAttributes } from './authorizer.ts';
import {
  anonymousUser,
  authenticatedGroup,
  nodeUserPrefix,
  parseServiceAccountUser,
  serviceAccountUser,
  type User,
  unauthenticatedGroup,
} from './user.ts';

/** Header values by lower-case name, one item a header line. */
export type Headers = Readonly<Record<string, readonly string[] | undefined>>;

/** Header lines in pairs, as Node's `rawHeaders`, gathered by name: a value with a comma in it stays one. */
export function headersOf(raw: readonly string[]): Headers {
  const headers: Record<string, string[]> = {};
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    headers[name] = [...(headers[name] ?? []), raw[index + 1] ?? ''];
  }
  return headers;
}

const extraPrefix = 'impersonate-extra-';

function extraKey(header: string): string {
  const text = header.slice(extraPrefix.length);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function goStrings(list: readonly string[]): string {
  return list.length === 0 ? '[]string(nil)' : `[]string{${list.map((item) => JSON.stringify(item)).join(', ')}}`;
}

function goExtra(extra: Readonly<Record<string, readonly string[]>>): string {
  const entries = Object.entries(extra).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return 'map[string][]string(nil)';
  return `map[string][]string{${entries.map(([key, values]) => `${JSON.stringify(key)}:${goStrings(values)}`).join(', ')}}`;
}

/** The user that the headers ask to be; undefined where they ask for nobody. Throws the 400 for groups and the like without a user. */
export function requestedUser(headers: Headers): User | undefined {
  const name = headers['impersonate-user']?.[0] ?? '';
  const uid = headers['impersonate-uid']?.[0] ?? '';
  const groups = headers['impersonate-group'] ?? [];
  const extra: Record<string, readonly string[]> = {};
  for (const [header, values] of Object.entries(headers))
    if (header.startsWith(extraPrefix) && values !== undefined) extra[extraKey(header)] = values;
  if (name !== '') return { name, groups, ...(uid === '' ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) };
  if (uid === '' && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  const shown = `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${goStrings(groups)}, Extra:${goExtra(extra)}}`;
  throw new StatusError('BadRequest', `requested ${shown} without impersonating a user name`);
}

/** The user as which the request goes on: with the groups that go with the name. Pure. */
export function completed(wanted: User): User {
  const account = parseServiceAccountUser(wanted.name);
  if (wanted.name === anonymousUser.name) return { ...wanted, groups: wanted.groups.length > 0 ? wanted.groups : [unauthenticatedGroup] };
  const groups =
    wanted.groups.length === 0 && account !== undefined ? serviceAccountUser(account.namespace, account.name).groups : wanted.groups;
  const known = groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup);
  return { ...wanted, groups: known ? groups : [...groups, authenticatedGroup] };
}

function check(verb: string, group: string, resource: string, name: string, namespace = '', subresource = ''): ResourceAttributes {
  return { verb, group, version: 'v1', resource, subresource, namespace, name };
}

/** What the asker must be allowed, with the verb `impersonate` or one of its constrained forms. Pure. */
export function impersonationChecks(wanted: User, verb: string): readonly ResourceAttributes[] {
  const account = parseServiceAccountUser(wanted.name);
  const constrained = verb !== 'impersonate';
  const group = constrained ? 'authentication.k8s.io' : '';
  const who =
    account !== undefined
      ? check(verb, group, 'serviceaccounts', account.name, account.namespace)
      : verb === 'impersonate:arbitrary-node'
        ? check(verb, group, 'nodes', wanted.name.slice(nodeUserPrefix.length))
        : check(verb, group, 'users', wanted.name);
  return [
    who,
    ...(wanted.uid === undefined ? [] : [check(verb, 'authentication.k8s.io', 'uids', wanted.uid)]),
    ...wanted.groups.map((name) => check(verb, group, 'groups', name)),
    ...Object.entries(wanted.extra ?? {}).flatMap(([key, values]) =>
      values.map((value) => check(verb, 'authentication.k8s.io', 'userextras', value, '', key)),
    ),
  ];
}

function modeOf(wanted: User): string {
  if (parseServiceAccountUser(wanted.name) !== undefined) return 'serviceaccount';
  return wanted.name.startsWith(nodeUserPrefix) ? 'arbitrary-node' : 'user-info';
}

/**
 * The user as which the request goes on. Allowed by the verb `impersonate` on all that is asked for, or for this one request by
 * `impersonate-on:MODE:VERB` on what it is about together with `impersonate:MODE`. Throws BadRequest or Forbidden.
 */
export function impersonate(authorizer: Authorizer, user: User, headers: Headers, request: Attributes): User {
  const wanted = requestedUser(headers);
  if (wanted === undefined) return user;
  const refused = (asked: Attributes) => authorizer.authorize(user, asked).verdict !== 'allow';
  if (!impersonationChecks(wanted, 'impersonate').some(refused)) return completed(wanted);
  const mode = modeOf(wanted);
  const on: Attributes = { ...request, verb: `impersonate-on:${mode}:${request.verb}` };
  for (const asked of [on, ...impersonationChecks(wanted, `impersonate:${mode}`)]) {
    const decision = authorizer.authorize(user, asked);
    if (decision.verdict !== 'allow') throw forbiddenRequest(user, asked, decision);
  }
  return completed(wanted);
}
