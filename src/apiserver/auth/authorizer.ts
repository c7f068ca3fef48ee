// Owns the question "may they?": what is asked of an authorizer, its answers, their order, and the refusal in upstream's words.
import type { PolicyRule } from '../../api/rbac/v1.ts';
import type { FieldRequirement } from '../../api/selectors/field-selector.ts';
import { StatusError } from '../../api/status-error.ts';
import type { User } from './user.ts';

/** A request about resources. Absent parts are empty strings: `namespace` at cluster scope, `name` for lists and creates. */
export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** What a list or watch is narrowed to, as far as its field selector is made of equalities. */
  readonly fieldSelector?: readonly FieldRequirement[];
}

/** A request about a path that is no resource; `verb` is the HTTP method in lower case. */
export interface PathAttributes {
  readonly verb: string;
  readonly path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

/** `noOpinion` of everybody is a refusal too. `reason` is shown to the person; `errors` tell what could not be evaluated. */
export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'noOpinion';
  readonly reason: string;
  readonly errors?: readonly string[];
}

/** What a user may do in a namespace, as far as rules can tell. */
export interface RuleSet {
  readonly rules: readonly PolicyRule[];
  /** Why the list may lack something. */
  readonly errors: readonly string[];
  readonly incomplete: boolean;
}

/** Says whether a user may. Synchronous: evaluated over what is in memory. */
export interface Authorizer {
  authorize(user: User, attributes: Attributes): Decision;
  /** The rules that apply to the user in `namespace`, cluster-wide ones included. */
  rulesFor(user: User, namespace: string): RuleSet;
}

/** The equalities of a field selector's text, for `ResourceAttributes.fieldSelector`; parts that are none are left out. */
export function fieldRequirementsOf(text: string): readonly FieldRequirement[] {
  return text.split(',').flatMap((part) => {
    const [, field, operator, value] = /^([^=!,]+)(==|=|!=)([^=!,]*)$/.exec(part.trim()) ?? [];
    return field === undefined || value === undefined ? [] : [{ field, equal: operator !== '!=', value }];
  });
}

export function isResource(attributes: Attributes): attributes is ResourceAttributes {
  return 'resource' in attributes;
}

/** Asks each in turn; the first allow or deny decides. Reasons and errors of those without an opinion are joined. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(user, attributes) {
      const reasons: string[] = [];
      const errors: string[] = [];
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(user, attributes);
        if (decision.verdict !== 'noOpinion') return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
        errors.push(...(decision.errors ?? []));
      }
      return { verdict: 'noOpinion', reason: reasons.join('\n'), errors };
    },
    rulesFor(user, namespace) {
      const sets = authorizers.map((authorizer) => authorizer.rulesFor(user, namespace));
      return {
        rules: sets.flatMap((set) => set.rules),
        errors: sets.flatMap((set) => set.errors),
        incomplete: sets.some((set) => set.incomplete),
      };
    },
  };
}

/** What was asked, as upstream words it: `User "x" cannot list resource "pods" in API group "" in the namespace "y"`. */
export function describeRequest(user: User, attributes: Attributes): string {
  const who = `User ${JSON.stringify(user.name)} cannot ${attributes.verb}`;
  if (!isResource(attributes)) return `${who} path ${JSON.stringify(attributes.path)}`;
  const resource = attributes.subresource === '' ? attributes.resource : `${attributes.resource}/${attributes.subresource}`;
  const where = attributes.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(attributes.namespace)}`;
  return `${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(attributes.group)} ${where}`;
}

/** The 403 for a request that `decision` does not allow. */
export function forbiddenRequest(user: User, attributes: Attributes, decision: Decision): StatusError {
  const why = `${describeRequest(user, attributes)}${decision.reason === '' ? '' : `: ${decision.reason}`}`;
  if (!isResource(attributes)) return new StatusError('Forbidden', `forbidden: ${why}`, { details: {} });
  const { group, resource, name } = attributes;
  const subject = group === '' ? resource : `${resource}.${group}`;
  return new StatusError('Forbidden', `${subject}${name === '' ? '' : ` ${JSON.stringify(name)}`} is forbidden: ${why}`, {
    details: { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  });
}

/** Throws the 403 unless the user may. */
export function requireAllowed(authorizer: Authorizer, user: User, attributes: Attributes): void {
  const decision = authorizer.authorize(user, attributes);
  if (decision.verdict !== 'allow') throw forbiddenRequest(user, attributes, decision);
}
