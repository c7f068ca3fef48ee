// Owns the validation of what binds admission policies: their parameters, what they match, what becomes of a refusal.
import { duplicate, forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkLabelSelector, checkName } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors, pathSegmentErrors } from '../names.ts';
import { checkMatch, checkMutable } from './rule-validation.ts';
import type { MutatingAdmissionPolicyBinding, ParamRef, ValidatingAdmissionPolicyBinding } from './v1.ts';

const actions = ['Audit', 'Deny', 'Warn'];
const either = 'name and selector are mutually exclusive';

function checkParamRef(ref: ParamRef | undefined, at: string, out: Causes): void {
  if (ref === undefined) return;
  const { name = '', selector, parameterNotFoundAction: action = '' } = ref;
  if (name !== '') {
    checkName(pathSegmentErrors(name), name, `${at}.name`, out);
    if (selector !== undefined) out.push(forbiddenValue(`${at}.name`, either));
  }
  if (selector !== undefined) {
    checkLabelSelector(selector, `${at}.selector`, out);
    if (name !== '') out.push(forbiddenValue(`${at}.selector`, either));
  }
  if (name === '' && selector === undefined) out.push(required(at, 'one of name or selector must be specified'));
  if (action === '') out.push(required(`${at}.parameterNotFoundAction`));
  else if (action !== 'Deny' && action !== 'Allow') out.push(notSupported(`${at}.parameterNotFoundAction`, action, ['Deny', 'Allow']));
}

function checkActions(given: readonly string[], at: string, out: Causes): void {
  for (const [index, action] of given.entries()) {
    if (!actions.includes(action)) out.push(notSupported(`${at}[${index}]`, action, actions));
    if (given.indexOf(action) < index) out.push(duplicate(`${at}[${index}]`, action));
  }
  if (given.includes('Deny') && given.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    out.push(invalidValue(at, given, why));
  }
  if (given.length === 0) out.push(required(at, 'at least one validation action is required'));
}

function checkShared({ spec }: MutatingAdmissionPolicyBinding | ValidatingAdmissionPolicyBinding, out: Causes): void {
  const { policyName = '', paramRef, matchResources } = spec;
  if (policyName === '') out.push(required('spec.policyName'));
  else checkName(dnsSubdomainErrors(policyName), policyName, 'spec.policyName', out);
  checkParamRef(paramRef, 'spec.paramRef', out);
  checkMatch(matchResources, 'spec.matchResources', out);
}

/** Complaints about a binding of a validating policy beyond its metadata. */
export function validatingBindingCauses(binding: ValidatingAdmissionPolicyBinding): StatusCause[] {
  const out: Causes = [];
  checkShared(binding, out);
  checkActions(binding.spec.validationActions ?? [], 'spec.validationActions', out);
  return out;
}

/** Complaints about a binding of a mutating policy beyond its metadata. */
export function mutatingBindingCauses(binding: MutatingAdmissionPolicyBinding): StatusCause[] {
  const out: Causes = [];
  const { matchResources } = binding.spec;
  checkShared(binding, out);
  if (matchResources !== undefined) checkMutable(matchResources, 'spec.matchResources', out);
  return out;
}
