// Owns what one RBAC rule allows: pure matching of verbs, groups, resources, names and paths, and whether rules cover other rules.
import type { PolicyRule } from '../../api/rbac/v1.ts';
import type { Attributes, PathAttributes, ResourceAttributes } from './authorizer.ts';
import { isResource } from './authorizer.ts';

function has(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(value));
}

/** `*`, `pods`, `pods/log`, star-slash-`scale`. A star alone covers subresources too; `pods` does not. */
function resourceMatches(list: readonly string[] | undefined, resource: string, subresource: string): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return (list ?? []).some((entry) => entry === '*' || entry === full || (subresource !== '' && entry === `*/${subresource}`));
}

function nameMatches(list: readonly string[] | undefined, name: string): boolean {
  return list === undefined || list.length === 0 || list.includes(name);
}

function pathMatches(list: readonly string[] | undefined, path: string): boolean {
  return (list ?? []).some(
    (entry) => entry === '*' || entry === path || (entry.endsWith('*') && path.startsWith(entry.replace(/\*+$/, ''))),
  );
}

function allowsResource(rule: PolicyRule, { verb, group, resource, subresource, name }: ResourceAttributes): boolean {
  return (
    has(rule.verbs, verb) &&
    has(rule.apiGroups, group) &&
    resourceMatches(rule.resources, resource, subresource) &&
    nameMatches(rule.resourceNames, name)
  );
}

function allowsPath(rule: PolicyRule, { verb, path }: PathAttributes): boolean {
  return has(rule.verbs, verb) && pathMatches(rule.nonResourceURLs, path);
}

/** True where the rule allows the request; its namespace is the caller's matter. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  return isResource(attributes) ? allowsResource(rule, attributes) : allowsPath(rule, attributes);
}

/** A rule taken apart: each piece has one verb, and one group, resource and at most one name, or one path. At most 10,000 pieces a rule. */
export function breakDown(rule: PolicyRule): readonly PolicyRule[] {
  const pieces: PolicyRule[] = [];
  for (const apiGroup of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const base = { apiGroups: [apiGroup], resources: [resource], verbs: [verb] };
        if (rule.resourceNames === undefined || rule.resourceNames.length === 0) pieces.push(base);
        else for (const name of rule.resourceNames) pieces.push({ ...base, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) for (const verb of rule.verbs) pieces.push({ nonResourceURLs: [url], verbs: [verb] });
  return pieces;
}

function coversPiece(owner: PolicyRule, piece: PolicyRule): boolean {
  if (!has(owner.verbs, piece.verbs[0] ?? '')) return false;
  const url = piece.nonResourceURLs?.[0];
  if (url !== undefined) return pathMatches(owner.nonResourceURLs, url);
  const [resource = '', subresource = ''] = (piece.resources?.[0] ?? '').split('/');
  if (!has(owner.apiGroups, piece.apiGroups?.[0] ?? '') || !resourceMatches(owner.resources, resource, subresource)) return false;
  const name = piece.resourceNames?.[0];
  return name === undefined ? (owner.resourceNames ?? []).length === 0 : nameMatches(owner.resourceNames, name);
}

/** The pieces of `wanted` that none of `owned` covers, in upstream's order: as upstream compares them, one by one. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(breakDown).filter((piece) => !owned.some((owner) => coversPiece(owner, piece)));
}

/** Puts pieces back together where they differ only in their verb, for people to read. */
export function compact(pieces: readonly PolicyRule[]): readonly PolicyRule[] {
  const merged = new Map<string, PolicyRule>();
  for (const piece of pieces) {
    const key = JSON.stringify([piece.apiGroups, piece.resources, piece.resourceNames, piece.nonResourceURLs]);
    const known = merged.get(key);
    if (known === undefined) merged.set(key, piece);
    else if (!known.verbs.includes(piece.verbs[0] ?? '')) merged.set(key, { ...known, verbs: [...known.verbs, ...piece.verbs] });
  }
  return [...merged.values()];
}

function quotedList(list: readonly string[]): string {
  return `[${list
    .map((item) => JSON.stringify(item))
    .join(' ')
    .replaceAll('" "', '", "')}]`;
}

/** A rule in the short form of upstream's refusals: `{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}`. */
export function compactText(rule: PolicyRule): string {
  const parts: string[] = [];
  if (rule.apiGroups?.length) parts.push(`APIGroups:${quotedList(rule.apiGroups)}`);
  if (rule.resources?.length) parts.push(`Resources:${quotedList(rule.resources)}`);
  if (rule.nonResourceURLs?.length) parts.push(`NonResourceURLs:${quotedList(rule.nonResourceURLs)}`);
  if (rule.resourceNames?.length) parts.push(`ResourceNames:${quotedList(rule.resourceNames)}`);
  if (rule.verbs.length) parts.push(`Verbs:${quotedList(rule.verbs)}`);
  return `{${parts.join(', ')}}`;
}
