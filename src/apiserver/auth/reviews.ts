// Owns the answers of the virtual kinds that ask who somebody is and what they may do. Nothing of them is stored.
import type { SelfSubjectReview, TokenReview } from '../../api/authentication/v1.ts';
import type {
  LocalSubjectAccessReview,
  NonResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
  ResourceAttributes as WireAttributes,
} from '../../api/authorization/v1.ts';
import { invalidValue } from '../../api/causes.ts';
import type { FieldSelectorRequirement, ObjectMeta, StatusCause } from '../../api/meta/v1.ts';
import type { FieldRequirement } from '../../api/selectors/field-selector.ts';
import { badRequest, invalid, StatusError } from '../../api/status-error.ts';
import { formatTime } from '../../base/time.ts';
import type { TokenAuthenticator } from './authenticator.ts';
import { withAuthenticatedGroup } from './authenticator.ts';
import type { Attributes, Authorizer } from './authorizer.ts';
import { reviewSelectorCauses } from './review-selectors.ts';
import { type User, userInfoOf } from './user.ts';

const group = 'authorization.k8s.io';

/** Whose token it is, for the wanted audiences (none: the server's own). Throws BadRequest without a token. */
export async function reviewToken(
  authenticators: readonly TokenAuthenticator[],
  own: readonly string[],
  review: TokenReview,
): Promise<TokenReview> {
  const { token, audiences } = review.spec ?? { token: '' };
  if (!token) throw badRequest('token is required for TokenReview in authentication');
  const wanted = audiences?.length ? audiences : own;
  const errors = ['invalid bearer token'];
  for (const authenticator of authenticators) {
    try {
      const identity = await authenticator.authenticateToken(token, wanted);
      if (identity === undefined) continue;
      const user = userInfoOf(withAuthenticatedGroup(identity.user));
      return { ...review, status: { authenticated: true, user, audiences: identity.audiences } };
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
  const error = errors.length === 1 ? 'invalid bearer token' : `[${errors.join(', ')}]`;
  return { ...review, status: { user: {}, error } };
}

/** Who the asker is. */
export function reviewSelf(user: User, nowMs: number, review: SelfSubjectReview): SelfSubjectReview {
  const metadata = { ...review.metadata, creationTimestamp: formatTime(nowMs) };
  return { ...review, metadata, status: { userInfo: userInfoOf(user) } };
}

interface Asked {
  readonly resourceAttributes?: WireAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

function askedCauses({ resourceAttributes, nonResourceAttributes }: Asked): readonly StatusCause[] {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const shown = { Path: nonResourceAttributes.path ?? '', Verb: nonResourceAttributes.verb ?? '' };
    return [invalidValue('spec.nonResourceAttributes', shown, 'cannot be specified in combination with resourceAttributes')];
  }
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return [];
  return [invalidValue('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified')];
}

function metadataCauses(metadata: ObjectMeta | undefined): readonly StatusCause[] {
  const { namespace: _, managedFields: __, creationTimestamp: ___, ...rest } = metadata ?? ({} as ObjectMeta);
  if (Object.values(rest).every((value) => value === undefined || value === '')) return [];
  return [invalidValue('metadata', metadata, 'must be empty')];
}

function refuse(causes: readonly StatusCause[]): void {
  if (causes.length === 0) return;
  // Upstream refuses reviews under an empty kind, which its details leave out.
  const { reason, message } = invalid({ group, kind: '' }, '', causes);
  throw new StatusError(reason, message, { details: { group, causes } });
}

function requirementOf({ key, operator, values = [] }: FieldSelectorRequirement): readonly FieldRequirement[] {
  const [value] = values;
  if (value === undefined || values.length > 1 || (operator !== 'In' && operator !== 'NotIn')) return [];
  return [{ field: key, equal: operator === 'In', value }];
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: Asked): Attributes {
  if (resourceAttributes === undefined) return { verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' };
  const { verb = '', resource = '', subresource = '', namespace = '', name = '', version = '*' } = resourceAttributes;
  const requirements = resourceAttributes.fieldSelector?.requirements;
  return {
    verb,
    group: resourceAttributes.group ?? '',
    version,
    resource,
    subresource,
    namespace,
    name,
    ...(requirements === undefined ? {} : { fieldSelector: requirements.flatMap(requirementOf) }),
  };
}

function statusOf(authorizer: Authorizer, user: User, asked: Asked): SubjectAccessReviewStatus {
  const { verdict, reason, errors } = authorizer.authorize(user, attributesOf(asked));
  return {
    allowed: verdict === 'allow',
    ...(verdict === 'deny' ? { denied: true } : {}),
    ...(reason === '' ? {} : { reason }),
    ...(errors === undefined || errors.length === 0 ? {} : { evaluationError: errors.join(', ') }),
  };
}

function subjectOf(spec: SubjectAccessReviewSpec): User {
  return {
    name: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.extra === undefined ? {} : { extra: spec.extra }),
  };
}

function subjectCauses(spec: SubjectAccessReviewSpec): readonly StatusCause[] {
  if (spec.user || spec.groups?.length) return [];
  return [invalidValue('spec.user', spec.user ?? '', 'at least one of user or group must be specified')];
}

/** Whether the asker may. Throws Invalid. */
export function reviewSelfAccess(authorizer: Authorizer, user: User, review: SelfSubjectAccessReview): SelfSubjectAccessReview {
  const spec = review.spec ?? {};
  refuse([...askedCauses(spec), ...reviewSelectorCauses(spec.resourceAttributes ?? {}), ...metadataCauses(review.metadata)]);
  return { ...review, status: statusOf(authorizer, user, spec) };
}

/** Whether somebody may. Throws Invalid. */
export function reviewAccess(authorizer: Authorizer, review: SubjectAccessReview): SubjectAccessReview {
  const spec = review.spec ?? {};
  refuse([
    ...askedCauses(spec),
    ...subjectCauses(spec),
    ...reviewSelectorCauses(spec.resourceAttributes ?? {}),
    ...metadataCauses(review.metadata),
  ]);
  return { ...review, status: statusOf(authorizer, subjectOf(spec), spec) };
}

/** Whether somebody may in the namespace of the request. Throws Invalid. */
export function reviewLocalAccess(authorizer: Authorizer, namespace: string, review: LocalSubjectAccessReview): LocalSubjectAccessReview {
  const spec = review.spec ?? {};
  const causes = [
    ...askedCauses(spec),
    ...subjectCauses(spec),
    ...reviewSelectorCauses(spec.resourceAttributes ?? {}),
    ...metadataCauses(review.metadata),
  ];
  if (spec.nonResourceAttributes !== undefined) {
    const shown = { Path: spec.nonResourceAttributes.path ?? '', Verb: spec.nonResourceAttributes.verb ?? '' };
    causes.push(invalidValue('spec.nonResourceAttributes', shown, 'disallowed on this kind of request'));
  }
  const asked = spec.resourceAttributes?.namespace ?? '';
  if (spec.resourceAttributes !== undefined && asked !== namespace)
    causes.push(invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'));
  refuse(causes);
  return { ...review, metadata: { ...review.metadata, namespace }, status: statusOf(authorizer, subjectOf(spec), spec) };
}

/** Everything the asker may do in a namespace, as far as rules tell. Throws BadRequest without a namespace. */
export function reviewSelfRules(authorizer: Authorizer, user: User, review: SelfSubjectRulesReview): SelfSubjectRulesReview {
  const namespace = review.spec?.namespace;
  if (!namespace) throw badRequest('no namespace on request');
  const { rules, errors, incomplete } = authorizer.rulesFor(user, namespace);
  const resourceRules = rules
    .filter((rule) => rule.resources?.length)
    .map(({ verbs, apiGroups, resources, resourceNames }) => ({
      verbs,
      ...(apiGroups === undefined ? {} : { apiGroups }),
      ...(resources === undefined ? {} : { resources }),
      ...(resourceNames === undefined ? {} : { resourceNames }),
    }));
  const nonResourceRules = rules
    .filter((rule) => rule.nonResourceURLs?.length)
    .map(({ verbs, nonResourceURLs }) => ({ verbs, ...(nonResourceURLs === undefined ? {} : { nonResourceURLs }) }));
  return {
    ...review,
    spec: {},
    status: { resourceRules, nonResourceRules, incomplete, ...(errors.length === 0 ? {} : { evaluationError: errors.join(', ') }) },
  };
}
