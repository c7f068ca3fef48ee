// Owns the validation of admission policies, validating and mutating ones.
import { duplicate, invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkConditions, checkName } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dns1035LabelErrors, dnsSubdomainErrors, qualifiedNameErrors } from '../names.ts';
import { checkExpression, checkMutationExpression, checkVariables, mutationMessages } from './expression-check.ts';
import type { ExpressionScope } from './expression-variables.ts';
import { checkMatchConditions } from './match-condition-validation.ts';
import { checkMatch, checkMutable } from './rule-validation.ts';
import type {
  AuditAnnotation,
  MutatingAdmissionPolicy,
  Mutation,
  ParamKind,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicySpec,
  Validation,
} from './v1.ts';
import { failurePolicies, reinvocationPolicies } from './webhook-validation.ts';

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const mostAnnotations = 20;
const longestAnnotation = 5 * 1024;
const nothing = 'validations or auditAnnotations must contain at least one item';

function checkParamKind({ apiVersion = '', kind = '' }: ParamKind, at: string, out: Causes): void {
  const here = `${at}.apiVersion`;
  const [first = '', second, ...more] = apiVersion.split('/');
  const [group, version] = second === undefined ? ['', first] : [first, second];
  if (apiVersion === '') out.push(required(here));
  else if (more.length > 0) out.push(invalidValue(here, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const errors = group === '' ? [] : dnsSubdomainErrors(group);
    if (errors.length > 0) out.push(invalidValue(here, group, errors.join(',')));
    const wrong = dns1035LabelErrors(version);
    if (version === '') out.push(invalidValue(here, apiVersion, 'version must be specified'));
    else if (wrong.length > 0) out.push(invalidValue(here, version, wrong.join(',')));
  }
  const odd = dns1035LabelErrors(kind.toLowerCase());
  if (kind === '') out.push(required(`${at}.kind`));
  else if (odd.length > 0) out.push(invalidValue(`${at}.kind`, kind, `may have mixed case, but should otherwise match: ${odd.join(',')}`));
}

type Shared = Pick<ValidatingAdmissionPolicySpec, 'failurePolicy' | 'paramKind' | 'matchConstraints' | 'matchConditions' | 'variables'>;

/** What both sorts of policies have. Returns what their expressions may speak of. */
function checkShared(spec: Shared, old: Shared | undefined, out: Causes, mutates = false): ExpressionScope {
  const { failurePolicy, paramKind, matchConstraints, matchConditions = [], variables = [] } = spec;
  if (failurePolicy === undefined) out.push(required('spec.failurePolicy'));
  else if (!failurePolicies.includes(failurePolicy)) out.push(notSupported('spec.failurePolicy', failurePolicy, failurePolicies));
  const hasParams = paramKind !== undefined;
  if (paramKind !== undefined) checkParamKind(paramKind, 'spec.paramKind', out);
  if (matchConstraints === undefined) out.push(required('spec.matchConstraints'));
  else {
    checkMatch(matchConstraints, 'spec.matchConstraints', out);
    if ((matchConstraints.resourceRules ?? []).length === 0) out.push(required('spec.matchConstraints.resourceRules'));
    if (mutates) checkMutable(matchConstraints, 'spec.matchConstraints', out);
  }
  const same = old !== undefined && sameValue(old.paramKind, paramKind) && sameValue(old.matchConditions ?? [], matchConditions);
  if (!same) checkMatchConditions(matchConditions, hasParams, 'spec.matchConditions', out);
  return checkVariables(variables, { hasParams, hasAuthorizer: true }, 'spec.variables', out, mutates ? mutationMessages : undefined);
}

function checkValidation(validation: Validation, scope: ExpressionScope, at: string, out: Causes): void {
  const { expression = '', message = '', messageExpression = '', reason } = validation;
  if (expression.trim() === '') out.push(required(`${at}.expression`, 'expression is not specified'));
  else checkExpression(expression, ['bool'], scope, `${at}.expression`, out);
  if (messageExpression !== '') {
    const here = `${at}.messageExpression`;
    if (messageExpression.trim() === '') out.push(invalidValue(here, messageExpression, 'must be non-empty if specified'));
    else checkExpression(messageExpression, ['string'], { ...scope, hasAuthorizer: false }, here, out);
  }
  if (message !== '' && message.trim() === '') out.push(invalidValue(`${at}.message`, message, 'must be non-empty if specified'));
  else if (/[\n\r]/.test(message.trim())) out.push(invalidValue(`${at}.message`, message, 'must not contain line breaks'));
  if (reason !== undefined && !reasons.includes(reason)) out.push(notSupported(`${at}.reason`, reason, reasons));
}

function checkAnnotation(
  { key, valueExpression = '' }: AuditAnnotation,
  name: string,
  scope: ExpressionScope,
  at: string,
  out: Causes,
): void {
  const full = `${name}/${key}`;
  if (name === '') out.push(invalidValue(`${at}.key`, key, 'requires metadata.name be non-empty'));
  else checkName(qualifiedNameErrors(full), full, `${at}.key`, out);
  const here = `${at}.valueExpression`;
  const source = valueExpression.trim();
  if (source === '') out.push(required(here, 'valueExpression is not specified'));
  else if (source.length > longestAnnotation) out.push(required(here, `must not exceed ${longestAnnotation} bytes in length`));
  else checkExpression(source, ['string', 'null_type'], scope, here, out, valueExpression);
}

function validatingCauses({ metadata, spec }: ValidatingAdmissionPolicy, old?: ValidatingAdmissionPolicy): StatusCause[] {
  const out: Causes = [];
  const scope = checkShared(spec, old?.spec, out);
  const { validations = [], auditAnnotations = [] } = spec;
  if (validations.length + auditAnnotations.length === 0)
    return [...out, required('spec.validations', nothing), required('spec.auditAnnotations', nothing)];
  for (const [index, one] of validations.entries()) checkValidation(one, scope, `spec.validations[${index}]`, out);
  const at = 'spec.auditAnnotations';
  if (auditAnnotations.length > mostAnnotations) {
    const shown = auditAnnotations.map((one) => goStruct('io.k8s.api.admissionregistration.v1.AuditAnnotation', one));
    out.push(invalidValue(at, shown, `must not have more than ${mostAnnotations} auditAnnotations`));
  }
  const keys = new Set<string>();
  for (const [index, one] of auditAnnotations.entries()) {
    checkAnnotation(one, metadata.name, scope, `${at}[${index}]`, out);
    if (keys.has(one.key)) out.push(duplicate(`${at}[${index}].key`, one.key));
    keys.add(one.key);
  }
  return out;
}

/** Complaints about a validating policy beyond its metadata. */
export const validatingPolicyCauses = (policy: ValidatingAdmissionPolicy): StatusCause[] => validatingCauses(policy);

/** Complaints about a changed one: match conditions that stay as they are stay. */
export const validatingPolicyUpdateCauses = validatingCauses;

/** Complaints about what was found out about a policy's expressions. */
export function validatingPolicyStatusCauses({ status = {} }: ValidatingAdmissionPolicy): StatusCause[] {
  const out: Causes = [];
  for (const [index, { warning, fieldRef = '' }] of (status.typeChecking?.expressionWarnings ?? []).entries()) {
    const at = `status.typeChecking.expressionWarnings[${index}]`;
    if (!warning) out.push(required(`${at}.warning`));
    if (fieldRef.trim() === '') out.push(required(`${at}.fieldRef`));
  }
  checkConditions(status.conditions, 'status.conditions', out);
  return out;
}

const kindsOfPatch = { ApplyConfiguration: ['applyConfiguration', 'Object'], JSONPatch: ['jsonPatch', 'list(JSONPatch)'] } as const;

function checkMutation(mutation: Mutation, scope: ExpressionScope, at: string, out: Causes): void {
  const { patchType } = mutation;
  if (!patchType) return void out.push(required(`${at}.patchType`));
  if (!Object.hasOwn(kindsOfPatch, patchType)) return void out.push(notSupported(`${at}.patchType`, patchType, Object.keys(kindsOfPatch)));
  const [own, type] = kindsOfPatch[patchType];
  const other = own === 'jsonPatch' ? 'applyConfiguration' : 'jsonPatch';
  const source = mutation[own]?.expression?.trim() ?? '';
  if (mutation[own] === undefined) out.push(required(`${at}.${own}`, `must be specified when patchType is ${patchType}`));
  else if (source === '') out.push(required(`${at}.${own}.expression`));
  else checkMutationExpression(source, type, scope, `${at}.${own}.expression`, out);
  if (mutation[other] !== undefined)
    out.push(invalidValue(`${at}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`));
}

function mutatingCauses({ spec }: MutatingAdmissionPolicy, old?: MutatingAdmissionPolicy): StatusCause[] {
  const out: Causes = [];
  const scope = checkShared(spec, old?.spec, out, true);
  const { mutations = [], reinvocationPolicy } = spec;
  if (mutations.length === 0) out.push(required('spec.mutations', 'mutations must contain at least one item'));
  for (const [index, one] of mutations.entries()) checkMutation(one, scope, `spec.mutations[${index}]`, out);
  if (!reinvocationPolicy) out.push(required('spec.reinvocationPolicy'));
  else if (!reinvocationPolicies.includes(reinvocationPolicy))
    out.push(notSupported('spec.reinvocationPolicy', reinvocationPolicy, reinvocationPolicies));
  return out;
}

/** Complaints about a mutating policy beyond its metadata. */
export const mutatingPolicyCauses = (policy: MutatingAdmissionPolicy): StatusCause[] => mutatingCauses(policy);

/** Complaints about a changed one. */
export const mutatingPolicyUpdateCauses = mutatingCauses;
