// Owns the validation of ingress classes.
import { forbiddenValue, invalidValue, notSupported, required, tooLong } from '../causes.ts';
import { type Causes, checkDomainPath, checkName } from '../field-checks.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsLabelErrors } from '../names.ts';
import { checkReference } from './ingress-validation.ts';
import type { IngressClass, IngressClassParametersReference } from './v1.ts';

const longestController = 250;
function checkParameters(parameters: IngressClassParametersReference, at: string, out: Causes): void {
  checkReference(parameters, at, out);
  const { scope, namespace } = parameters;
  if (scope === undefined) return void out.push(required(`${at}.scope`));
  if (scope === 'Namespace') {
    if (namespace === undefined) out.push(required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'"));
    else checkName(dnsLabelErrors(namespace), namespace, `${at}.namespace`, out);
  } else if (scope !== 'Cluster') out.push(notSupported(`${at}.scope`, scope, ['Cluster', 'Namespace']));
  else if (namespace !== undefined) out.push(forbiddenValue(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'"));
}

/** Complaints about an ingress class beyond its metadata. */
export function ingressClassCauses({ spec }: IngressClass): StatusCause[] {
  const out: Causes = [];
  const { controller = '', parameters } = spec ?? {};
  if (controller.length > longestController) out.push(tooLong('spec.controller', longestController));
  checkDomainPath(controller, 'spec.controller', out);
  if (parameters !== undefined) checkParameters(parameters, 'spec.parameters', out);
  return out;
}

/** Complaints about a change of an ingress class: its controller stays. */
export function ingressClassUpdateCauses(next: IngressClass, old: IngressClass): StatusCause[] {
  const controller = next.spec?.controller ?? '';
  const changed = controller === (old.spec?.controller ?? '') ? [] : [invalidValue('spec.controller', controller, immutable)];
  return [...changed, ...ingressClassCauses(next)];
}
