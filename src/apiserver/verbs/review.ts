// Owns creating what is never stored: reviews of tokens and rights, and bindings on their old path. The answers are the gates'.
import type { SelfSubjectReview, TokenReview } from '../../api/authentication/v1.ts';
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../../api/authorization/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { rulesOf } from '../../api/rules.ts';
import { reviewAccess, reviewLocalAccess, reviewSelf, reviewSelfAccess, reviewSelfRules, reviewToken } from '../auth/reviews.ts';
import { objectOfBody } from '../body.ts';
import { recordOwnership } from '../managed-fields/record-ownership.ts';
import { placed } from '../object-metadata.ts';
import { methodNotAllowed } from '../refusals.ts';
import type { Answer, ApiRequest } from '../request.ts';
import { admissionContextOf, type Serving } from '../serving.ts';
import { managerOf, writeQueryOf } from '../write-options.ts';
import { bind } from './binding.ts';

/** Answers a create of a kind that is not stored. Throws BadRequest, Invalid, Forbidden. */
export async function review(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { kind, namespace, user, warnings } = request;
  if (kind.kind === 'Binding') return bind(serving, request);
  const options = writeQueryOf(request.query, 'CreateOptions');
  const decoded = objectOfBody(request.body, kind, serving.catalog, options.fieldValidation);
  warnings.push(...decoded.warnings);
  const asked = rulesOf(kind).default(placed(decoded.object, kind, namespace, ''));
  const { clock, catalog } = serving;
  const manager = managerOf(options.fieldManager, request.userAgent);
  const recorded = recordOwnership({ kind, catalog, old: undefined, next: asked, manager, subresource: '', nowMs: clock.now() });
  const about = {
    operation: 'CREATE' as const,
    kind,
    subresource: '',
    namespace,
    name: '',
    user,
    dryRun: options.dryRun,
    object: recorded,
  };
  const context = admissionContextOf(serving, warnings);
  await serving.admission.mutate(about, context);
  await serving.admission.validate(about, context);
  const object = (await answerTo(serving, request, recorded)) as unknown as AnyObject;
  return { is: 'object', code: 201, kind, object };
}

async function answerTo(serving: Serving, { kind, user, namespace }: ApiRequest, object: unknown): Promise<unknown> {
  const { authorizer, tokens, tokenAuthenticators, clock } = serving;
  switch (kind.kind) {
    case 'TokenReview':
      return reviewToken(tokenAuthenticators, tokens?.audiences ?? [], object as TokenReview);
    case 'SelfSubjectReview':
      return reviewSelf(user, clock.now(), object as SelfSubjectReview);
    case 'SelfSubjectAccessReview':
      return reviewSelfAccess(authorizer, user, object as SelfSubjectAccessReview);
    case 'SubjectAccessReview':
      return reviewAccess(authorizer, object as SubjectAccessReview);
    case 'LocalSubjectAccessReview':
      return reviewLocalAccess(authorizer, namespace, object as LocalSubjectAccessReview);
    case 'SelfSubjectRulesReview':
      return reviewSelfRules(authorizer, user, object as SelfSubjectRulesReview);
    default:
      throw methodNotAllowed();
  }
}
