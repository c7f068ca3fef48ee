// Owns which requests a flow schema means: by who asks and what for. Upstream's rules; pure.
import type { FlowSchema, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule, Subject } from '../../api/flowcontrol/v1.ts';
import { serviceAccountUserPrefix, type User } from '../auth/user.ts';
import type { RequestInfo } from '../request-info.ts';

function has(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(value));
}

function isSubject({ kind, user: named, group, serviceAccount }: Subject, user: User): boolean {
  if (kind === 'User') return named?.name === '*' || named?.name === user.name;
  if (kind === 'Group') return group?.name === '*' || user.groups.includes(group?.name ?? '');
  if (serviceAccount === undefined || !user.name.startsWith(serviceAccountUserPrefix)) return false;
  const [namespace, name] = user.name.slice(serviceAccountUserPrefix.length).split(':');
  return serviceAccount.namespace === namespace && (serviceAccount.name === '*' || serviceAccount.name === name);
}

function asksResource(rule: ResourcePolicyRule, { verb, group, resource, subresource, namespace }: RequestInfo): boolean {
  return (
    has(rule.verbs, verb) &&
    has(rule.resources, subresource === '' ? resource : `${resource}/${subresource}`) &&
    has(rule.apiGroups, group) &&
    (namespace === '' ? rule.clusterScope === true : has(rule.namespaces, namespace))
  );
}

function asksPath({ verbs, nonResourceURLs }: NonResourcePolicyRule, { verb, path }: RequestInfo): boolean {
  if (!has(verbs, verb)) return false;
  return nonResourceURLs.some((url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))));
}

function means({ subjects, resourceRules, nonResourceRules }: PolicyRulesWithSubjects, user: User, info: RequestInfo): boolean {
  if (!subjects.some((subject) => isSubject(subject, user))) return false;
  if (info.isResource) return (resourceRules ?? []).some((rule) => asksResource(rule, info));
  return (nonResourceRules ?? []).some((rule) => asksPath(rule, info));
}

/** Whether a schema means a request. */
export function meansRequest({ spec }: FlowSchema, user: User, info: RequestInfo): boolean {
  return (spec.rules ?? []).some((rules) => means(rules, user, info));
}

/** Schemas in the order in which they are asked: the lowest precedence first, then by name. */
export function inPrecedence(schemas: readonly FlowSchema[]): readonly FlowSchema[] {
  const rank = ({ spec }: FlowSchema): number => spec.matchingPrecedence ?? 1000;
  return schemas.toSorted((a, b) => rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
}
